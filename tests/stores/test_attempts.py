"""The contract on attempts, on every engine: made once, claimed once, settled once, and never backwards."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import cast

import pytest

from relay.core.attempt import (
    AddReceipts,
    Claim,
    ClaimAttempts,
    Claimed,
    HearFrom,
    Receipt,
    RecoverAttempts,
    SetPushed,
    SettleAttempts,
    Settlement,
)
from relay.core.change import AddMember, AdvanceCursors, CancelPost, Change, Erase, Leave, Reached, SendMessage
from relay.core.community import Community
from relay.core.delivery import DeliveryState
from relay.core.member import Address, Member
from relay.core.thread import NewThread, Role
from tests.stores.conftest import World

CHANNEL = "loopback"


class Pushing:
    """Members with an address on a channel that is pushed to, and what happens to their attempts."""

    def __init__(self, world: World) -> None:
        self.world = world

    async def member(self, community: Community, *channels: str) -> Member:
        change = self.world.newcomer(community)
        id_ = change.member.id
        addresses = tuple(Address(channel, f"at-{id_}") for channel in channels or (CHANNEL,))
        await self.world.store.commit(AddMember(change.member, change.consent, addresses, change.token))
        found = await self.world.store.member(id_)
        assert found is not None
        return found

    async def claim(self, most: int = 10) -> tuple[Claim, ...]:
        references = tuple(self.world.ids() for _ in range(most))
        (claimed,) = await self.world.store.commit(ClaimAttempts(CHANNEL, references, self.world.clock.now(), self.world.run))
        return cast("Claimed", claimed).claims

    async def settle(self, claim: Claim, state: DeliveryState, **more: object) -> None:
        settlement = replace(Settlement(claim.reference, state), **more)  # type: ignore[arg-type]
        await self.world.store.commit(SettleAttempts((settlement,), self.world.clock.now(), self.world.run))

    async def receipts(self, *receipts: Receipt) -> int:
        return cast("int", (await self.world.store.commit(AddReceipts(receipts)))[0])

    async def due(self) -> datetime | None:
        return await self.world.store.attempt_due(CHANNEL, self.world.clock.now())

    async def answer(self, member: Member, role: Role = Role.STAFF) -> None:
        message = self.world.message(member, "Tomorrow.", role)
        await self.world.store.commit(SendMessage(message, NewThread(self.world.ids(), None), member.community))


@pytest.fixture
async def pushing(world: World) -> Pushing:
    await world.store.commit(SetPushed((CHANNEL,)))
    return Pushing(world)


async def test_a_release_makes_one_attempt_for_each_member_with_such_an_address(world: World, pushing: Pushing) -> None:
    community = await world.community()
    pushed = [await pushing.member(community, "web", CHANNEL) for _ in range(2)]
    await world.member(community)

    await world.posted(community)
    claims = await pushing.claim()

    assert [(claim.member, claim.seq, claim.address, claim.tries) for claim in claims] == [
        (member.n, 1, f"at-{member.id}", 1) for member in pushed
    ]
    assert len({claim.reference for claim in claims}) == 2
    assert await pushing.claim() == ()


async def test_nothing_is_attempted_on_a_channel_that_is_not_pushed_to(world: World, pushing: Pushing) -> None:
    community = await world.community()
    member = await pushing.member(community)
    await world.store.commit(SetPushed(()))

    await world.posted(community)
    await pushing.answer(member)

    assert await pushing.due() is None
    assert await pushing.claim() == ()


async def test_of_two_addresses_the_first_is_attempted(world: World, pushing: Pushing) -> None:
    community = await world.community()
    await world.store.commit(SetPushed(("other", CHANNEL)))
    await pushing.member(community, CHANNEL, "other")

    await world.posted(community)

    assert len(await pushing.claim()) == 1
    assert await world.store.attempt_due("other", world.clock.now()) is None


async def test_a_members_own_message_is_not_sent_back_to_them(world: World, pushing: Pushing) -> None:
    member = await pushing.member(await world.community())

    await world.replied(member)

    assert await pushing.due() is None


async def test_answers_come_before_posts_and_an_address_gets_one_at_a_time(world: World, pushing: Pushing) -> None:
    community = await world.community()
    first, second = [await pushing.member(community) for _ in range(2)]
    await world.posted(community)
    world.clock.pass_(1)
    await pushing.answer(second)

    claims = await pushing.claim()
    meanwhile = await pushing.claim()
    await pushing.settle(claims[0], DeliveryState.SENT)
    afterwards = await pushing.claim()

    assert [(claim.member, claim.seq) for claim in claims] == [(second.n, 2), (first.n, 1)]
    assert meanwhile == ()
    assert [(claim.member, claim.seq) for claim in afterwards] == [(second.n, 1)]


async def test_a_claim_takes_no_more_than_it_has_references_for(world: World, pushing: Pushing) -> None:
    community = await world.community()
    for _ in range(3):
        await pushing.member(community)
    await world.posted(community)

    assert [len(await pushing.claim(2)) for _ in range(3)] == [2, 1, 0]


@pytest.mark.parametrize("state", [DeliveryState.SENT, DeliveryState.FAILED, DeliveryState.UNKNOWN])
async def test_what_is_settled_is_over(world: World, pushing: Pushing, state: DeliveryState) -> None:
    community = await world.community()
    await pushing.member(community)
    post = await world.posted(community)
    (claim,) = await pushing.claim()

    await pushing.settle(claim, state, reason="so it is")
    world.clock.pass_(10**6)

    assert await world.counts(post) == {state.word: 1}
    assert await pushing.claim() == ()
    assert await pushing.due() is None


async def test_what_is_tried_again_waits_for_its_time_and_keeps_its_reference(world: World, pushing: Pushing) -> None:
    community = await world.community()
    await pushing.member(community)
    post = await world.posted(community)
    (claim,) = await pushing.claim()
    due_at = world.clock.now() + timedelta(seconds=5)

    await pushing.settle(claim, DeliveryState.DEFERRED, due_at=due_at, reason="busy")
    early, due, deferred = await pushing.claim(), await pushing.due(), await world.counts(post)
    world.clock.pass_(5)
    (again,) = await pushing.claim()

    assert (early, due, deferred) == ((), due_at, {"deferred": 1})
    assert again == replace(claim, tries=2)
    assert await world.counts(post) == {"sending": 1}


async def test_a_try_that_does_not_count_is_given_back(world: World, pushing: Pushing) -> None:
    community = await world.community()
    await pushing.member(community)
    await world.posted(community)
    (claim,) = await pushing.claim()

    await pushing.settle(claim, DeliveryState.DEFERRED, due_at=world.clock.now(), uncounted=True)

    assert await pushing.claim() == (claim,)


async def test_a_start_makes_unknown_what_was_under_way_and_sends_it_no_more(world: World, pushing: Pushing) -> None:
    community = await world.community()
    for _ in range(3):
        await pushing.member(community)
    post = await world.posted(community)
    sent, under_way = await pushing.claim(2)
    await pushing.settle(sent, DeliveryState.SENT)

    await world.next_run()
    outcomes = [(await world.store.commit(RecoverAttempts(world.clock.now())))[0] for _ in range(2)]
    world.clock.pass_(10**6)
    claimed = await pushing.claim()

    assert outcomes == [1, 0]
    assert under_way.reference not in {claim.reference for claim in claimed}
    assert await world.counts(post) == {"sent": 1, "unknown": 1, "sending": 1}


async def test_a_receipt_settles_what_was_unknown(world: World, pushing: Pushing) -> None:
    community = await world.community()
    await pushing.member(community)
    post = await world.posted(community)
    (claim,) = await pushing.claim()
    await world.next_run()
    await world.store.commit(RecoverAttempts(world.clock.now()))

    moved = await pushing.receipts(Receipt(claim.reference, DeliveryState.DELIVERED))

    assert moved == 1
    assert await world.counts(post) == {"delivered": 1}


async def test_receipts_never_go_backwards(world: World, pushing: Pushing) -> None:
    community = await world.community()
    await pushing.member(community)
    post = await world.posted(community)
    (claim,) = await pushing.claim()
    said = [Receipt(claim.reference, state) for state in (DeliveryState.READ, DeliveryState.DELIVERED, DeliveryState.FAILED)]

    moved = await pushing.receipts(*said, *said, Receipt("never heard of"))
    await pushing.settle(claim, DeliveryState.SENT)

    assert moved == 1
    assert await world.counts(post) == {"read": 1}


async def test_what_a_receipt_says_arrived_is_not_tried_again(world: World, pushing: Pushing) -> None:
    community = await world.community()
    await pushing.member(community)
    post = await world.posted(community)
    (before,) = await pushing.claim()
    await pushing.receipts(Receipt(before.reference, DeliveryState.DELIVERED))
    await pushing.settle(before, DeliveryState.DEFERRED, due_at=world.clock.now())

    assert await pushing.claim() == ()
    assert await world.counts(post) == {"delivered": 1}


async def test_a_receipt_ends_the_wait_for_another_try(world: World, pushing: Pushing) -> None:
    community = await world.community()
    await pushing.member(community)
    post = await world.posted(community)
    (claim,) = await pushing.claim()
    await pushing.settle(claim, DeliveryState.DEFERRED, due_at=world.clock.now())

    await pushing.receipts(Receipt(claim.reference, DeliveryState.SENT))

    assert await pushing.claim() == ()
    assert await world.counts(post) == {"sent": 1}


@pytest.mark.parametrize(
    ("row", "cursor", "counted"),
    [
        (DeliveryState.FAILED, Reached(0, 1, 1, 0), "delivered"),
        (DeliveryState.UNKNOWN, Reached(0, 1, 0, 0), "sent"),
        (DeliveryState.READ, Reached(0, 1, 1, 0), "read"),
        (DeliveryState.SENT, Reached(0, 1, 1, 1), "read"),
        (DeliveryState.FAILED, Reached(0, 0, 0, 0), "failed"),
    ],
)
async def test_who_reads_the_stream_too_is_counted_by_the_further_of_both(
    world: World, pushing: Pushing, row: DeliveryState, cursor: Reached, counted: str
) -> None:
    community = await world.community()
    member = await pushing.member(community)
    post = await world.posted(community)
    (claim,) = await pushing.claim()

    await pushing.settle(claim, row)
    await world.store.commit(AdvanceCursors((replace(cursor, member=member.n),)))

    assert await world.counts(post) == {counted: 1}


async def test_who_left_gets_no_post_any_more_but_their_answers(world: World, pushing: Pushing) -> None:
    community = await world.community()
    member = await pushing.member(community)
    post = await world.posted(community)
    await world.store.commit(Leave(member.n, world.clock.now()))
    await pushing.answer(member)

    claims = [*await pushing.claim(), *await pushing.claim()]
    await pushing.settle(claims[0], DeliveryState.SENT)

    assert [claim.seq for claim in claims] == [2]
    assert await pushing.claim() == ()
    assert await world.counts(post) == {"suppressed": 1}


async def test_what_expired_before_its_next_try_is_not_sent(world: World, pushing: Pushing) -> None:
    community = await world.community()
    await pushing.member(community)
    post = await world.accepted(community, expires_in=60)
    await world.release(post)
    world.clock.pass_(60)

    assert await pushing.claim() == ()
    assert await world.counts(post) == {"expired": 1}


async def test_what_has_not_left_of_a_cancelled_post_is_cancelled(world: World, pushing: Pushing) -> None:
    community = await world.community()
    for _ in range(2):
        await pushing.member(community)
    post = await world.accepted(community)
    await world.release(post, 1)
    await world.store.commit(CancelPost(post, world.clock.now()))

    assert await pushing.claim() == ()
    assert await world.counts(post) == {"cancelled": 2}


async def test_erasure_takes_attempts_along_whatever_they_were_doing(world: World, pushing: Pushing) -> None:
    community = await world.community()
    members = [await pushing.member(community) for _ in range(2)]
    post = await world.posted(community)
    (claim,) = await pushing.claim(1)

    for member in members:
        await world.store.commit(Erase(member.n, member.id, world.clock.now()))
    await pushing.settle(claim, DeliveryState.SENT)

    assert await pushing.receipts(Receipt(claim.reference, DeliveryState.READ)) == 0
    assert await pushing.due() is None
    assert await world.counts(post) == {"erased": 2}


async def test_an_address_where_nobody_is_gets_nothing_until_they_write(world: World, pushing: Pushing) -> None:
    community = await world.community()
    member = await pushing.member(community)
    await world.posted(community)
    (claim,) = await pushing.claim()
    await pushing.settle(claim, DeliveryState.FAILED, address_gone=True)

    await world.posted(community)
    gone = await pushing.claim()
    await world.store.commit(HearFrom(member.n, CHANNEL, world.clock.now()))
    await world.posted(community)

    assert gone == ()
    assert [claim.seq for claim in await pushing.claim()] == [3]


async def test_what_waits_for_the_member_is_due_when_they_write_and_nothing_else_is(world: World, pushing: Pushing) -> None:
    community = await world.community()
    waiting, other = [await pushing.member(community) for _ in range(2)]
    await world.posted(community)
    later = world.clock.now() + timedelta(days=1)
    for claim in await pushing.claim():
        await pushing.settle(claim, DeliveryState.DEFERRED, due_at=later, parked=claim.member == waiting.n)

    hears: list[Change] = [HearFrom(member.n, CHANNEL, world.clock.now()) for member in (waiting, other)]
    await world.store.commit(*hears)

    assert [claim.member for claim in await pushing.claim()] == [waiting.n]
