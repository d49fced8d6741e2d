"""A process whose run may have been taken over begins nothing, hands over nothing that it claimed, and says so."""

import asyncio
from dataclasses import dataclass, replace
from random import Random
from typing import Any, cast

import pytest

from relay.core.attempt import ClaimAttempts
from relay.core.change import Change, FreezeAudience, Outcome
from relay.core.errors import Unavailable
from relay.core.post import Draft
from relay.core.run import RUN_FOR
from relay.flows.attempt import Attempt
from relay.flows.keep import Keep
from relay.ports import Paging, Store
from relay.testing.clock import Drawn
from relay.testing.loopback import Loopback
from relay.waiting import RETRY_AFTER
from tests.flows.conftest import EVA, PATIENCE_S, House
from tests.flows.pushed import Pushed


@dataclass
class Process:
    """One of several on the same store."""

    pushed: Pushed
    keep: Keep
    attempt: Attempt

    @classmethod
    async def started(cls, pushed: Pushed, name: str) -> "Process":
        house = pushed.house
        keep = Keep(house.store, house.clock)
        await keep.renew()
        attempt = Attempt(house.store, house.clock, Drawn(name), Random(1), keep.sure, (pushed.platform,))
        await attempt.recover()
        return cls(pushed, keep, attempt)

    async def turn(self) -> float:
        return await self.pushed.turn_of(self.attempt)


@pytest.fixture
async def pushed(house: House) -> Pushed:
    return Pushed(house, Loopback())


async def started(pushed: Pushed) -> tuple[Process, Process]:
    return await Process.started(pushed, "first"), await Process.started(pushed, "second")


def pause_after_a_claim(pushed: Pushed) -> None:
    """Between the next claim and what comes of it, more time passes than a run lasts."""
    left = [RUN_FOR]

    def claimed(_change: ClaimAttempts, _outcome: object) -> None:
        pushed.house.clock.pass_(left.pop() if left else 0.0)

    pushed.house.bus.on(ClaimAttempts, claimed)


async def first_is_paused(first: Process, second: Process) -> None:
    """For longer than its run lasts; the second goes on and takes over."""
    clock = first.pushed.house.clock
    clock.pass_(RUN_FOR - 1)
    await second.keep.renew()
    clock.pass_(1)
    await second.keep.take_over()


async def test_a_run_is_kept_by_renewing_it_in_time(pushed: Pushed) -> None:
    process = await Process.started(pushed, "only")
    epoch = process.keep.epoch()

    for _ in range(10):
        pushed.house.clock.pass_(RUN_FOR / 2)
        assert process.keep.sure() == epoch
        await process.keep.renew()

    assert process.keep.epoch() == epoch


async def test_what_was_claimed_before_a_pause_and_taken_over_is_not_sent_any_more(pushed: Pushed) -> None:
    first, second = await started(pushed)
    community = await pushed.house.community()
    await pushed.member(community)
    post = await pushed.posted(community)
    pause_after_a_claim(pushed)

    await first.attempt.turn(first.attempt.lines[0])
    await second.keep.renew()
    await second.keep.take_over()
    taken_over = await pushed.counts(post)
    await first.keep.renew()
    for process in (first, second, first):
        await process.turn()

    assert taken_over == {"unknown": 1}
    assert pushed.platform.asked == []
    assert await pushed.counts(post) == {"unknown": 1}


async def test_what_was_claimed_before_a_pause_and_not_taken_over_is_sent_by_whoever_comes_next(pushed: Pushed) -> None:
    first = await Process.started(pushed, "first")
    community = await pushed.house.community()
    await pushed.member(community)
    post = await pushed.posted(community)
    pause_after_a_claim(pushed)

    await first.turn()
    returned = await pushed.counts(post)
    second = await Process.started(pushed, "second")
    await second.turn()
    await first.keep.renew()
    await first.turn()

    assert returned == {"deferred": 1}
    assert [sending.tries for sending in pushed.platform.asked] == [1]
    assert await pushed.counts(post) == {"sent": 1}


async def test_what_the_platform_took_before_the_pause_is_sent_once_and_known_in_the_end(pushed: Pushed) -> None:
    first, second = await started(pushed)
    pushed.platform.holds = True
    community = await pushed.house.community()
    await pushed.member(community)
    post = await pushed.posted(community)
    (line,) = first.attempt.lines
    await first.attempt.turn(line)
    await asyncio.wait_for(pushed.platform.taken.wait(), PATIENCE_S)

    await first_is_paused(first, second)
    meanwhile = await pushed.counts(post)
    pushed.platform.go.set()
    for process in (second, first, second):
        await process.keep.renew()
        await process.turn()

    assert meanwhile == {"unknown": 1}
    assert len(pushed.platform.got) == 1
    assert await pushed.counts(post) == {"sent": 1}


async def test_while_the_run_is_not_sure_nothing_is_claimed_and_a_new_one_goes_on(pushed: Pushed) -> None:
    first, second = await started(pushed)
    community = await pushed.house.community()
    await pushed.member(community)
    post = await pushed.posted(community)
    before = first.keep.epoch()
    await first_is_paused(first, second)

    pause = await first.turn()
    waiting = await pushed.counts(post)
    await first.keep.renew()
    await first.turn()

    assert (pause, waiting) == (RETRY_AFTER, {"sending": 1})
    assert first.keep.epoch() > before
    assert await pushed.counts(post) == {"sent": 1}


async def test_two_processes_share_what_is_due(pushed: Pushed) -> None:
    first, second = await started(pushed)
    community = await pushed.house.community()
    for _ in range(100):
        await pushed.member(community)
    post = await pushed.posted(community)

    for process in (first, second):
        await process.attempt.turn(process.attempt.lines[0])
    claimed = [len(process.attempt.lines[0].known) for process in (first, second)]
    for process in (first, second):
        await process.turn()

    assert claimed == [64, 36]
    assert len({sending.address for sending in pushed.platform.asked}) == len(pushed.platform.asked) == 100
    assert await pushed.counts(post) == {"sent": 100}


async def test_an_end_hands_over_at_once(pushed: Pushed) -> None:
    first, second = await started(pushed)
    pushed.platform.is_deaf = True
    community = await pushed.house.community()
    await pushed.member(community)
    post = await pushed.posted(community)
    (line,) = first.attempt.lines
    await first.attempt.turn(line)

    for task in tuple(line.under_way):
        task.cancel()
    await first.keep.end()
    await second.keep.take_over()

    assert first.keep.sure() is None
    assert await pushed.counts(post) == {"unknown": 1}


async def test_nothing_is_posted_while_the_run_is_not_sure(house: House) -> None:
    keep = Keep(house.store, house.clock)
    publish = replace(house.publish, sure=keep.sure)
    community = await house.community()

    with pytest.raises(Unavailable, match="nothing was posted"):
        await publish.post(community, Draft("Closed tomorrow"), EVA)
    await keep.renew()
    house.clock.pass_(RUN_FOR)
    with pytest.raises(Unavailable, match="nothing was posted"):
        await publish.post(community, Draft("Closed tomorrow"), EVA)


async def test_a_plan_that_was_dropped_meanwhile_is_refused_and_leaves_nothing(house: House) -> None:
    keep = Keep(house.store, house.clock)
    await keep.renew()
    publish = replace(house.publish, sure=keep.sure, group=1)
    community = await house.community()
    for _ in range(20):
        await house.member(community)
    dropping: list[asyncio.Task[None]] = []

    async def take_over() -> None:
        await keep.end()
        await house.keep.take_over()

    def frozen(_change: FreezeAudience, _outcome: object) -> None:
        if not dropping:
            dropping.append(asyncio.create_task(take_over()))

    house.bus.on(FreezeAudience, frozen)
    with pytest.raises(Unavailable, match="the plan was dropped; nothing was posted"):
        await publish.post(community, Draft("Closed tomorrow"), EVA)
    await asyncio.gather(*dropping)

    assert (await house.store.posts(community.n, Paging())).items == ()
    assert await house.store.sending() == []


class LosesAnAnswer:
    """The store behind a connection that breaks when a claim was written and the answer is on its way."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.is_lost = False

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  whatever the store has
        return getattr(self._store, name)

    async def commit(self, *changes: Change) -> tuple[Outcome, ...]:
        outcomes = await self._store.commit(*changes)
        if not self.is_lost and isinstance(changes[0], ClaimAttempts):
            self.is_lost = True
            raise Unavailable("The connection broke.")
        return outcomes


async def test_a_claim_whose_answer_was_lost_is_taken_back_and_made_again(pushed: Pushed) -> None:
    process = await Process.started(pushed, "only")
    process.attempt.store = cast("Store", LosesAnAnswer(pushed.house.store))
    community = await pushed.house.community()
    await pushed.member(community)
    post = await pushed.posted(community)

    with pytest.raises(Unavailable):
        await process.turn()
    await process.turn()

    assert [sending.tries for sending in pushed.platform.asked] == [1]
    assert await pushed.counts(post) == {"sent": 1}
