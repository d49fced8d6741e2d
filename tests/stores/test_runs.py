"""The contract on runs, on every engine: what an ended one left is taken over, and what it still commits changes nothing."""

from dataclasses import replace
from datetime import timedelta
from typing import cast

import pytest

from relay.core.attempt import (
    Claim,
    ClaimAttempts,
    Claimed,
    RecoverAttempts,
    ReturnAttempts,
    SetPushed,
    SettleAttempts,
    Settlement,
)
from relay.core.change import AcceptPost, AddMember, DropPlan, FreezeAudience
from relay.core.community import Community
from relay.core.delivery import DeliveryState
from relay.core.errors import Stale
from relay.core.member import Address
from relay.core.post import Post, PostState
from relay.core.run import RUN_FOR, DropPlans, EndRun, KeepRun, until
from tests.stores.conftest import World

CHANNEL = "loopback"


class Two:
    """Two processes on one store, and members at addresses that both push to."""

    def __init__(self, world: World, first: int, second: int) -> None:
        self.world, self.first, self.second = world, first, second

    async def pushed_post(self, members: int = 1) -> Post:
        await self.world.store.commit(SetPushed((CHANNEL,)))
        community = await self.world.community()
        for _ in range(members):
            change = self.world.newcomer(community)
            addresses = (Address(CHANNEL, f"at-{change.member.id}"),)
            await self.world.store.commit(AddMember(change.member, change.consent, addresses, change.token))
        return await self.world.posted(community)

    async def keep(self, run: int) -> None:
        await self.world.store.commit(KeepRun(run, until(self.world.clock.now(), RUN_FOR)))

    async def claim(self, run: int, most: int = 10) -> tuple[Claim, ...]:
        references = tuple(self.world.ids() for _ in range(most))
        (claimed,) = await self.world.store.commit(ClaimAttempts(CHANNEL, references, self.world.clock.now(), run))
        return cast("Claimed", claimed).claims

    async def settle(self, run: int, claim: Claim, state: DeliveryState, **more: object) -> None:
        settlement = replace(Settlement(claim.reference, state), **more)  # type: ignore[arg-type]
        await self.world.store.commit(SettleAttempts((settlement,), self.world.clock.now(), run))

    async def take_over(self, limit: int = 100) -> tuple[int, int]:
        """(How much of plans may be left, how many attempts are unknown)."""
        now = self.world.clock.now()
        outcomes = await self.world.store.commit(DropPlans(now, limit), RecoverAttempts(now))
        return cast("tuple[int, int]", outcomes)

    async def first_is_paused(self) -> None:
        """For longer than its run lasts; the second goes on."""
        self.world.clock.pass_(RUN_FOR - 1)
        await self.keep(self.second)
        self.world.clock.pass_(1)


@pytest.fixture
async def two(world: World) -> Two:
    return Two(world, await world.start_run(RUN_FOR), await world.start_run(RUN_FOR))


async def test_epochs_grow_and_none_comes_twice(world: World) -> None:
    first, second = await world.start_run(), await world.start_run()
    await world.store.commit(EndRun(second))

    third = await world.start_run()

    assert first < second < third


async def test_a_run_is_kept_until_it_is_ended(two: Two) -> None:
    await two.keep(two.first)
    await two.world.store.commit(EndRun(two.first), EndRun(two.first))

    with pytest.raises(Stale):
        await two.keep(two.first)


async def test_one_that_is_overdue_is_kept_as_long_as_nobody_took_over(two: Two) -> None:
    post = await two.pushed_post()
    (claim,) = await two.claim(two.first)
    two.world.clock.pass_(10 * RUN_FOR)

    await two.keep(two.first)
    taken_over = await two.take_over()
    await two.settle(two.first, claim, DeliveryState.DEFERRED, due_at=two.world.clock.now())

    assert taken_over == (0, 0)
    assert await two.world.counts(post) == {"deferred": 1}


async def test_a_renewal_that_comes_late_takes_nothing_back(two: Two) -> None:
    post = await two.pushed_post()
    early = KeepRun(two.first, until(two.world.clock.now(), RUN_FOR))
    two.world.clock.pass_(2 * RUN_FOR)
    await two.keep(two.first)
    await two.claim(two.first)

    await two.world.store.commit(early)

    assert await two.take_over() == (0, 0)
    assert await two.world.counts(post) == {"sending": 1}


async def test_one_that_was_taken_over_is_kept_no_more(two: Two) -> None:
    await two.first_is_paused()
    await two.take_over()

    with pytest.raises(Stale):
        await two.keep(two.first)
    await two.keep(two.second)


async def test_only_what_ended_runs_had_under_way_becomes_unknown(two: Two) -> None:
    post = await two.pushed_post(members=2)
    await two.claim(two.first, 1)
    await two.claim(two.second, 1)

    early = await two.take_over()
    await two.first_is_paused()
    late = await two.take_over()

    assert (early, late) == ((0, 0), (0, 1))
    assert await two.world.counts(post) == {"unknown": 1, "sending": 1}
    assert await two.claim(two.second) == ()


async def test_what_a_run_had_under_way_when_it_ended_is_unknown_at_once(two: Two) -> None:
    post = await two.pushed_post()
    await two.claim(two.first)

    await two.world.store.commit(EndRun(two.first))

    assert await two.take_over() == (0, 1)
    assert await two.world.counts(post) == {"unknown": 1}


@pytest.mark.parametrize("is_taken_over", [True, False])
async def test_an_overdue_run_claims_nothing(two: Two, *, is_taken_over: bool) -> None:
    await two.pushed_post()
    await two.first_is_paused()
    if is_taken_over:
        await two.take_over()

    with pytest.raises(Stale):
        await two.claim(two.first)
    assert len(await two.claim(two.second)) == 1


async def test_what_one_run_has_under_way_no_other_claims(two: Two) -> None:
    await two.pushed_post(members=3)

    claims = [await two.claim(run, 2) for run in (two.first, two.second, two.first)]

    assert [len(each) for each in claims] == [2, 1, 0]
    assert len({claim.member for each in claims for claim in each}) == 3


@pytest.mark.parametrize(
    ("said", "counted"),
    [
        (DeliveryState.SENT, "sent"),
        (DeliveryState.FAILED, "failed"),
        (DeliveryState.UNKNOWN, "unknown"),
        (DeliveryState.DEFERRED, "unknown"),
    ],
)
async def test_a_paused_run_tells_what_became_of_its_attempts_and_nothing_is_tried_again(
    two: Two, said: DeliveryState, counted: str
) -> None:
    post = await two.pushed_post()
    (claim,) = await two.claim(two.first)
    await two.first_is_paused()
    await two.take_over()

    due_at = two.world.clock.now() if said is DeliveryState.DEFERRED else None
    await two.settle(two.first, claim, said, due_at=due_at)

    assert await two.claim(two.second) == ()
    assert await two.world.counts(post) == {counted: 1}


async def test_a_settlement_that_is_repeated_does_not_reach_the_try_of_another_run(two: Two) -> None:
    """As when the first answer of the database was lost."""
    post = await two.pushed_post()
    (claim,) = await two.claim(two.first)
    await two.settle(two.first, claim, DeliveryState.DEFERRED, due_at=two.world.clock.now())
    (again,) = await two.claim(two.second)

    await two.settle(two.first, claim, DeliveryState.DEFERRED, due_at=two.world.clock.now())
    third = await two.claim(two.second)
    await two.settle(two.second, again, DeliveryState.SENT)

    assert again == replace(claim, tries=2)
    assert third == ()
    assert await two.world.counts(post) == {"sent": 1}


@pytest.mark.parametrize(("late", "counted"), [(DeliveryState.SENT, "sent"), (DeliveryState.FAILED, "deferred")])
async def test_a_late_success_ends_the_try_of_another_run_and_a_late_failure_does_not(
    two: Two, late: DeliveryState, counted: str
) -> None:
    post = await two.pushed_post()
    (claim,) = await two.claim(two.first)
    await two.settle(two.first, claim, DeliveryState.DEFERRED, due_at=two.world.clock.now())
    (again,) = await two.claim(two.second)

    await two.settle(two.first, claim, late)
    await two.settle(two.second, again, DeliveryState.DEFERRED, due_at=two.world.clock.now() + timedelta(days=1))

    assert await two.world.counts(post) == {counted: 1}


async def test_what_a_failed_claim_wrote_after_all_is_given_back(two: Two) -> None:
    post = await two.pushed_post(members=3)
    (known,) = await two.claim(two.first, 1)
    (lost,) = await two.claim(two.first, 1)
    (others,) = await two.claim(two.second, 1)

    now = two.world.clock.now()
    (outcome,) = await two.world.store.commit(ReturnAttempts(CHANNEL, (known.reference,), now, two.first))
    again = await two.claim(two.second)

    assert outcome == 1
    assert again == (lost,)
    for run, claim in ((two.first, known), (two.second, lost), (two.second, others)):
        await two.settle(run, claim, DeliveryState.SENT)
    assert await two.world.counts(post) == {"sent": 3}


async def planned(world: World, run: int, community: Community) -> Post:
    world.run = run
    return await world.plan(world.draft(community))


async def test_plans_of_a_run_stay_while_it_lives_and_go_in_groups_when_it_ended(two: Two) -> None:
    world = two.world
    community = await world.community()
    await world.members(community, 3)
    lost, also_lost = await planned(world, two.first, community), await planned(world, two.first, community)
    kept = await planned(world, two.second, community)

    early = await two.take_over(limit=2)
    await two.first_is_paused()
    left = [(await two.take_over(limit=2))[0]]
    while left[-1]:
        left.append((await two.take_over(limit=2))[0])

    assert early == (0, 0)
    assert len(left) > 3
    assert left == sorted(left, reverse=True)
    assert [await world.counts(post) for post in (lost, also_lost)] == [{}, {}]
    assert await world.counts(await world.accept(kept)) == {"planned": 3}


async def test_of_a_plan_that_is_being_dropped_nothing_can_be_accepted(two: Two) -> None:
    world = two.world
    community = await world.community()
    await world.members(community, 3)
    post = await planned(world, two.first, community)
    await two.first_is_paused()
    await two.take_over(limit=1)

    with pytest.raises(Stale):
        await world.store.commit(FreezeAudience(post.n, community.n, 0, 10))
    with pytest.raises(Stale):
        await world.store.commit(AcceptPost(replace(post, state=PostState.SENDING, accepted_at=world.clock.now())))

    assert await world.store.post(post.id) is None


async def test_who_takes_back_a_plan_in_groups_cannot_accept_it_any_more(two: Two) -> None:
    world = two.world
    community = await world.community()
    await world.members(community, 3)
    post = await planned(world, two.first, community)

    (left,) = await world.store.commit(DropPlan(post.id, 1))

    assert left != 0
    with pytest.raises(Stale):
        await world.store.commit(AcceptPost(replace(post, state=PostState.SENDING, accepted_at=world.clock.now())))


async def test_a_paused_run_may_go_on_with_its_plan_if_nobody_dropped_it(two: Two) -> None:
    world = two.world
    community = await world.community()
    await world.members(community, 2)
    post = await planned(world, two.first, community)
    await two.first_is_paused()

    accepted = await world.accept(post)

    assert await two.take_over() == (0, 0)
    assert await world.counts(accepted) == {"planned": 2}
