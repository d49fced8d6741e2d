"""What is due at the members' addresses goes out once, ends visibly whatever the platform does, and is always counted."""

import asyncio
from datetime import timedelta
from itertools import pairwise
from random import Random

import pytest

from relay.core.attempt import LOOK_AGAIN, MEND_WITHIN, MayHaveLeft, MemberGone, Misconfigured, Never, RetryAt, WindowClosed
from relay.core.change import ReleasePost
from relay.core.delivery import MAX_TRIES, DeliveryState
from relay.core.rate import Rate
from relay.flows.attempt import Attempt
from relay.testing.clock import Drawn
from relay.testing.loopback import Loopback, Lost
from tests.flows.conftest import EVA, PATIENCE_S, House
from tests.flows.pushed import DAY, Pushed


@pytest.fixture
async def pushed(house: House) -> Pushed:
    made = Pushed(house, Loopback())
    await made.attempt.recover()
    return made


async def test_a_wait_for_next_to_nothing_is_one_that_a_clock_can_tell(pushed: Pushed) -> None:
    await pushed.house.keep.renew()
    clock, bucket = pushed.house.clock, pushed.line.bucket
    bucket.left, bucket.at = 1 - 2**-53, clock.monotonic()

    pause = await pushed.attempt.turn(pushed.line)

    assert 0 < pause < 1
    assert clock.monotonic() + DAY + pause > clock.monotonic() + DAY


async def test_a_post_goes_to_each_address_once_and_counts_as_sent(pushed: Pushed) -> None:
    community = await pushed.house.community()
    for _ in range(3):
        await pushed.member(community)

    post = await pushed.posted(community)
    await pushed.turn()
    await pushed.turn()

    assert sorted(sending.address for sending in pushed.platform.got) == ["address 2", "address 3", "address 4"]
    assert {(sending.item.id, sending.item.text) for sending in pushed.platform.got} == {(post.id, "Closed tomorrow")}
    assert await pushed.counts(post) == {"sent": 3}


@pytest.mark.parametrize(
    ("end", "state"),
    [
        (Never("too long"), "failed"),
        (MemberGone(), "failed"),
        (MayHaveLeft(), "unknown"),
        (Lost(), "unknown"),
        (ZeroDivisionError(), "unknown"),
    ],
)
async def test_what_ends_is_not_tried_again(pushed: Pushed, end: Exception, state: str) -> None:
    community = await pushed.house.community()
    await pushed.member(community)
    pushed.platform.fail(end)

    post = await pushed.posted(community)
    await pushed.turn()
    pushed.house.clock.pass_(DAY)
    await pushed.turn()

    assert len(pushed.platform.asked) == 1
    assert await pushed.counts(post) == {state: 1}


@pytest.mark.parametrize(
    ("end", "seconds"),
    [
        (RetryAt(), 5.0),
        (WindowClosed(), LOOK_AGAIN.total_seconds()),
        (Misconfigured("no token"), MEND_WITHIN.total_seconds()),
    ],
)
async def test_what_may_work_later_is_deferred_and_tried_again(pushed: Pushed, end: Exception, seconds: float) -> None:
    community = await pushed.house.community()
    await pushed.member(community)
    pushed.platform.fail(end)

    post = await pushed.posted(community)
    pause = await pushed.turn()
    deferred = await pushed.counts(post)
    pushed.house.clock.pass_(seconds)
    await pushed.turn()

    assert 0 < pause <= seconds
    assert deferred == {"deferred": 1}
    assert await pushed.counts(post) == {"sent": 1}


async def test_a_time_that_the_platform_names_is_kept(pushed: Pushed) -> None:
    community = await pushed.house.community()
    await pushed.member(community)
    pushed.platform.fail(RetryAt(pushed.house.clock.now() + timedelta(seconds=600)))

    await pushed.posted(community)
    pause = await pushed.turn()
    pushed.house.clock.pass_(599)
    await pushed.turn()

    assert pause == 600
    assert len(pushed.platform.asked) == 1


@pytest.mark.parametrize("end", [Misconfigured("no token"), RetryAt(for_all=True)])
async def test_what_concerns_the_whole_channel_stops_it_for_all(pushed: Pushed, end: Exception) -> None:
    community = await pushed.house.community()
    for _ in range(2):
        await pushed.member(community)
    pushed.platform.rate = Rate(burst=1, per_second=1)
    pushed.line.bucket.left = 1
    pushed.platform.fail(end)

    await pushed.posted(community)
    await pushed.turn()
    pushed.house.clock.pass_(2)
    await pushed.turn()

    assert len(pushed.platform.asked) == 1


async def test_pauses_grow_and_end_in_a_failure_with_its_reason(pushed: Pushed) -> None:
    community = await pushed.house.community()
    await pushed.member(community)
    pushed.platform.fail(*[RetryAt(why="busy")] * MAX_TRIES)

    post = await pushed.posted(community)
    pauses = []
    for _ in range(MAX_TRIES - 1):
        pauses.append(await pushed.turn())
        pushed.house.clock.pass_(pauses[-1])
    await pushed.turn()

    assert [sending.tries for sending in pushed.platform.asked] == list(range(1, MAX_TRIES + 1))
    assert len({sending.reference for sending in pushed.platform.asked}) == 1
    assert all(before <= after for before, after in pairwise(pauses[:10]))
    assert await pushed.counts(post) == {"failed": 1}


async def test_a_fault_of_our_own_uses_up_no_tries(pushed: Pushed) -> None:
    community = await pushed.house.community()
    await pushed.member(community)
    pushed.platform.fail(*[Misconfigured("no token")] * (2 * MAX_TRIES))

    post = await pushed.posted(community)
    for _ in range(2 * MAX_TRIES + 1):
        await pushed.turn()
        pushed.house.clock.pass_(MEND_WITHIN.total_seconds())

    assert await pushed.counts(post) == {"sent": 1}


async def test_an_answer_overtakes_a_running_post(pushed: Pushed) -> None:
    community = await pushed.house.community()
    members = [await pushed.member(community) for _ in range(5)]
    pushed.platform.rate = Rate(burst=2, per_second=1)
    pushed.line.bucket.left = 2

    await pushed.posted(community)
    await pushed.turn()
    await pushed.house.answer.write_first(EVA, members[4].member, "The blue one.")
    pushed.house.clock.pass_(1)
    await pushed.turn()

    assert [sending.item.text for sending in pushed.platform.got] == ["Closed tomorrow", "Closed tomorrow", "The blue one."]


async def test_a_channel_gets_no_more_than_its_rate(pushed: Pushed) -> None:
    community = await pushed.house.community()
    for _ in range(6):
        await pushed.member(community)
    pushed.platform.rate = Rate(burst=2, per_second=1)
    pushed.line.bucket.left = 2

    await pushed.posted(community)
    got = []
    for _ in range(3):
        await pushed.turn()
        got.append(len(pushed.platform.got))
        pushed.house.clock.pass_(1)

    assert got == [2, 3, 4]


@pytest.mark.parametrize("taken", [True, False])
async def test_what_was_under_way_at_a_crash_is_unknown_and_never_sent_again(pushed: Pushed, *, taken: bool) -> None:
    community = await pushed.house.community()
    member = await pushed.member(community)
    pushed.platform.holds = True
    pushed.platform.is_deaf = not taken
    post = await pushed.posted(community)
    await pushed.attempt.turn(pushed.line)
    if taken:
        await asyncio.wait_for(pushed.platform.taken.wait(), PATIENCE_S)

    unknown = await pushed.restart()
    counts = await pushed.counts(post)
    pushed.platform.go.set()
    for _ in range(3):
        await pushed.turn()
        pushed.house.clock.pass_(DAY)

    assert unknown == 1
    assert counts == {"unknown": 1}
    assert [sending.item.id for sending in pushed.platform.got] == [post.id] * taken
    assert await pushed.counts(post) == {"unknown": 1}
    assert len(await pushed.house.store.of(member.member.n).items(0, 10)) == 1


async def test_a_receipt_tells_what_became_of_what_was_unknown(pushed: Pushed) -> None:
    community = await pushed.house.community()
    await pushed.member(community)
    pushed.platform.fail(Lost())
    post = await pushed.posted(community)
    await pushed.turn()

    before = await pushed.counts(post)
    await pushed.attempt.receipts(*pushed.platform.receipts(DeliveryState.DELIVERED))

    assert (before, await pushed.counts(post)) == ({"unknown": 1}, {"delivered": 1})


async def test_receipts_that_are_late_or_come_twice_take_nothing_back(pushed: Pushed) -> None:
    community = await pushed.house.community()
    await pushed.member(community)
    pushed.platform.repeats = True
    post = await pushed.posted(community)
    await pushed.turn()

    said = pushed.platform.receipts(DeliveryState.READ, DeliveryState.DELIVERED, DeliveryState.SENT, DeliveryState.FAILED)
    for receipt in said:
        await pushed.attempt.receipts(receipt)

    assert len(said) == 8
    assert await pushed.counts(post) == {"read": 1}


async def test_a_receipt_may_be_faster_than_the_answer(pushed: Pushed) -> None:
    community = await pushed.house.community()
    await pushed.member(community)
    pushed.platform.holds = True
    post = await pushed.posted(community)
    await pushed.attempt.turn(pushed.line)
    await asyncio.wait_for(pushed.platform.taken.wait(), PATIENCE_S)

    await pushed.attempt.receipts(*pushed.platform.receipts(DeliveryState.DELIVERED))
    pushed.platform.go.set()
    await pushed.turn()

    assert await pushed.counts(post) == {"delivered": 1}


async def test_who_leaves_or_is_erased_between_release_and_sending_gets_nothing(pushed: Pushed) -> None:
    community = await pushed.house.community()
    leaving, erased = [await pushed.member(community) for _ in range(2)]
    post = await pushed.posted(community)

    await pushed.house.enrol.leave(leaving)
    await pushed.house.enrol.erase("eva", erased.member)
    await pushed.turn()

    assert pushed.platform.asked == []
    assert await pushed.counts(post) == {"suppressed": 1, "erased": 1}


async def test_who_is_erased_while_it_is_sent_leaves_a_count(pushed: Pushed) -> None:
    community = await pushed.house.community()
    member = await pushed.member(community)
    pushed.platform.holds = True
    post = await pushed.posted(community)
    await pushed.attempt.turn(pushed.line)
    await asyncio.wait_for(pushed.platform.taken.wait(), PATIENCE_S)

    await pushed.house.enrol.erase("eva", member.member)
    pushed.platform.go.set()
    await pushed.turn()

    assert await pushed.counts(post) == {"erased": 1}


async def test_a_closed_window_opens_when_the_member_writes(pushed: Pushed) -> None:
    community = await pushed.house.community()
    member = await pushed.member(community)
    pushed.platform.fail(WindowClosed())
    await pushed.posted(community)
    await pushed.turn()

    await pushed.attempt.heard(member.member.n, pushed.platform.name)
    await pushed.turn()

    assert len(pushed.platform.got) == 1


async def test_the_task_starts_on_its_own_when_something_is_released_and_ends_by_draining(pushed: Pushed) -> None:
    community = await pushed.house.community()
    await pushed.member(community)
    pushed.house.bus.on(ReleasePost, pushed.attempt.released)
    pushed.platform.holds = True
    working = asyncio.create_task(pushed.attempt.run())
    await asyncio.sleep(0)

    post = await pushed.posted(community)
    await asyncio.wait_for(pushed.platform.taken.wait(), PATIENCE_S)
    working.cancel()
    await asyncio.wait({working})
    pushed.platform.go.set()
    await pushed.attempt.drain()

    assert await pushed.counts(post) == {"sent": 1}


async def test_with_no_channel_nothing_runs_and_nothing_is_attempted(house: House) -> None:
    pushed = Pushed(house, Loopback())
    attempt = Attempt(house.store, house.clock, Drawn(), Random(0), house.keep.sure)
    await attempt.recover()
    community = await house.community()
    await pushed.member(community)

    post = await pushed.posted(community)
    await asyncio.wait_for(attempt.run(), PATIENCE_S)

    assert await house.store.attempt_due(pushed.platform.name, house.clock.now()) is None
    assert await pushed.counts(post) == {"sending": 1}
