"""The switch: every message is judged by one whole pipeline, whatever is swapped meanwhile, and what was replaced ends."""

import asyncio
import os
from collections.abc import AsyncIterator
from typing import Any, ClassVar

import pytest
from pydantic import BaseModel

from relay.clock import SystemClock
from relay.core.raid import RaidRules
from relay.core.text import Tables
from relay.core.verdict import Decision, Rules
from relay.pipeline.forks import Forks, WorkerSettings
from relay.pipeline.pipeline import Pipeline, Places
from relay.pipeline.source import foreign
from relay.pipeline.switch import Switch
from relay.plugin import Context, Incoming, NoOptions, Plugin, Signal
from relay.testing.moderation import StillClock, submission

PATIENCE = 20.0  # seconds


class Gates(BaseModel):
    """What the test opens."""

    name: str = "first"


class Waiting(Plugin[Gates]):
    """Says that it is at work, and goes on when the test lets it."""

    name, version, deadline_ms = "waiting", "1.0", 20_000
    signals: ClassVar = {"waiting.seen": 1.0}

    def __init__(self, options: Gates) -> None:
        super().__init__(options)
        self.at_work, self.go, self.is_closed = asyncio.Event(), asyncio.Event(), False

    async def check(self, incoming: Incoming, context: Context) -> AsyncIterator[Signal]:
        self.at_work.set()
        await self.go.wait()
        yield Signal("waiting.seen", reason=self.options.name)

    async def close(self) -> None:
        self.is_closed = True


class Slow(Waiting):
    """The same, as a second look at what the quick ones doubt."""

    name, stage = "slow", "slow"
    signals: ClassVar = {"slow.seen": 1.0}

    async def check(self, incoming: Incoming, context: Context) -> AsyncIterator[Signal]:
        yield Signal("slow.seen", reason=self.options.name)


class Doubtful(Plugin[Gates]):
    """Leaves everything in doubt."""

    name, version = "doubtful", "1.0"
    signals: ClassVar = {"doubtful.seen": 3.0}

    async def check(self, incoming: Incoming, context: Context) -> AsyncIterator[Signal]:
        yield Signal("doubtful.seen", reason=self.options.name)


class Counting(Plugin[Gates]):
    """Counts the messages of a member."""

    name, version = "counting", "1.0"
    signals: ClassVar = {"counting.seen": 0.1}

    async def check(self, incoming: Incoming, context: Context) -> AsyncIterator[Signal]:
        yield Signal("counting.seen", reason=str(await context.memory.increment("n", ttl=60)))


class InWorker(Plugin[NoOptions]):
    """In a process of its own."""

    name, version = "in_worker", "1.0"
    signals: ClassVar = {"in_worker.seen": 0.1}

    async def check(self, incoming: Incoming, context: Context) -> AsyncIterator[Signal]:
        yield Signal("in_worker.seen")


def built(*plugins: Plugin[Any], like: Switch | None = None, rules: Rules | None = None) -> Pipeline:
    memory = like.memory if like else None
    return Pipeline(plugins, rules or Rules(), Tables(), StillClock(), Places(memory=memory))


def said(decision: Decision) -> list[str]:
    return [seen.signal.reason for seen in decision.signals]


async def test_a_message_finishes_where_it_began_and_the_next_goes_to_the_newest() -> None:
    old, new = Waiting(Gates()), Waiting(Gates(name="second"))
    switch = Switch(built(old))
    begun = asyncio.create_task(switch.quick(submission("one")))
    await asyncio.wait_for(old.at_work.wait(), PATIENCE)

    switch.swap(built(new, like=switch))
    new.go.set()
    second = await switch.quick(submission("two"))
    is_closed_meanwhile = old.is_closed
    old.go.set()
    first = await begun
    await asyncio.wait_for(switch.left(), PATIENCE)

    assert (said(first), said(second)) == (["first"], ["second"])
    assert first.rule_set != second.rule_set == switch.digest
    assert (is_closed_meanwhile, old.is_closed, new.is_closed) == (False, True, False)
    await switch.close()
    assert new.is_closed


async def test_a_second_look_is_that_of_the_pipeline_that_looked_first() -> None:
    switch = Switch(built(Doubtful(Gates()), Slow(Gates())))
    first = await switch.quick(submission("one"))

    switch.swap(built(Doubtful(Gates(name="second")), Slow(Gates(name="second")), like=switch))
    again = await switch.again(submission("one"), first)

    assert first.checking
    assert said(again) == ["first", "first"]
    assert again.rule_set == first.rule_set
    await switch.close()


async def test_when_that_one_has_ended_the_newest_gives_it() -> None:
    switch = Switch(built(Doubtful(Gates()), Slow(Gates())), lingers=0)
    first = await switch.quick(submission("one"))

    switch.swap(built(Doubtful(Gates(name="second")), Slow(Gates(name="second")), like=switch))
    await asyncio.wait_for(switch.left(), PATIENCE)
    again = await switch.again(submission("one"), first)

    assert said(again) == ["first", "second"]
    assert again.rule_set == switch.digest
    await switch.close()


async def test_plugins_that_stay_the_same_remember_and_others_begin_anew() -> None:
    switch = Switch(built(Counting(Gates())))
    before = said(await switch.quick(submission("one")))

    switch.swap(built(Counting(Gates()), like=switch, rules=Rules(flag=1.0)))
    same = said(await switch.quick(submission("two")))
    switch.swap(built(Counting(Gates(name="other")), like=switch))
    changed = said(await switch.quick(submission("three")))
    await asyncio.wait_for(switch.left(), PATIENCE)

    assert (before, same, changed) == (["1"], ["2"], ["1"])
    assert len(switch.memory) == 2  # with the relay's own of the member; what the former one remembered is gone
    switch.forget("m1")
    assert len(switch.memory) == 0
    await switch.close()


@pytest.mark.parametrize("swaps", [1, 20])
async def test_under_load_no_message_is_judged_by_half_a_pipeline(swaps: int) -> None:
    def both(name: str, like: Switch | None = None) -> Pipeline:
        return built(Doubtful(Gates(name=name)), Slow(Gates(name=name)), Counting(Gates()), like=like)

    switch = Switch(both("0"))
    digests, decisions = {"0": switch.digest}, []

    async def write(n: int) -> None:
        for count in range(20):
            decisions.append(await switch.judge(submission(f"{n} {count}", f"m{n}")))
            await asyncio.sleep(0)  # so that all of them and the swaps take turns

    async with asyncio.TaskGroup() as group:
        for n in range(10):
            group.create_task(write(n))
        for swap in range(1, swaps + 1):
            await asyncio.sleep(0)
            switch.swap(both(str(swap), like=switch))
            digests[str(swap)] = switch.digest

    assert len(decisions) == 200
    for decision in decisions:
        first, second = (seen.signal.reason for seen in decision.signals if seen.plugin != "counting")
        assert first == second
        assert decision.rule_set == digests[first]
    counted = sorted(int(seen.signal.reason) for each in decisions for seen in each.signals if seen.plugin == "counting")
    assert counted == sorted(list(range(1, 21)) * 10)
    await switch.close()


async def test_the_workers_of_what_was_replaced_end() -> None:
    def placed(like: Switch | None = None) -> tuple[Pipeline, Forks]:
        forks = Forks(Tables(), WorkerSettings(start_s=PATIENCE))
        places = Places(forks, memory=like.memory if like else None)
        return Pipeline([foreign(InWorker(NoOptions()), "")], Rules(), Tables(), SystemClock(), places), forks

    pipeline, forks = placed()
    switch = Switch(pipeline)
    await switch.quick(submission("one"))
    process = forks.process
    assert process is not None

    newer, newer_forks = placed(switch)
    await newer.open()
    switch.swap(newer)
    await asyncio.wait_for(switch.left(), PATIENCE)

    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)
    assert newer_forks.process is not None
    os.kill(newer_forks.process, 0)
    await switch.close()


async def test_the_end_of_the_relay_waits_for_nobody() -> None:
    old, new = Waiting(Gates()), Waiting(Gates(name="second"))
    switch = Switch(built(old))
    begun = asyncio.create_task(switch.quick(submission("one")))
    await asyncio.wait_for(old.at_work.wait(), PATIENCE)
    switch.swap(built(new, like=switch))

    await asyncio.wait_for(switch.close(), PATIENCE)

    assert (old.is_closed, new.is_closed) == (True, True)
    begun.cancel()


async def test_a_raid_goes_on_by_the_newest_rules() -> None:
    switch = Switch(Pipeline([], Rules(raid=RaidRules(members=1)), Tables(), StillClock()))
    switch.raids.notice("test", "a")

    switch.swap(Pipeline([], Rules(raid=RaidRules(members=3)), Tables(), StillClock()))

    assert switch.raids.of("test") is not None
    switch.raids.end("test")
    switch.raids.notice("test", "a")
    assert switch.raids.of("test") is None
    await switch.close()
