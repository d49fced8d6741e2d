"""Rejudge: one replay at a time, told how far it is, stopped by whoever asked, and nothing of who was erased meanwhile."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from relay.core.community import Community
from relay.core.errors import Conflict, Invalid
from relay.core.replay_job import JobState, Wanted
from relay.core.staff import Actor, Role
from relay.flows.rejudge import Rejudge, Tell
from relay.stores.sqlite import SqliteStore
from tests.stores.conftest import World

EVA = Actor("eva", "Eva", Role.MANAGER)
FLIPS = [{"member": "ada", "text": "hello"}, {"member": "ben", "text": "bye"}]


@dataclass
class Slowly:
    """Judges when it may go on, or is stopped."""

    began: asyncio.Event = field(default_factory=asyncio.Event)
    may_end: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, _wanted: Wanted, tell: Tell, stop: asyncio.Event) -> Mapping[str, Any]:
        tell(2, 7)
        self.began.set()
        waits = {asyncio.create_task(self.may_end.wait()), asyncio.create_task(stop.wait())}
        _, left = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for each in left:
            each.cancel()
        return {"flips": FLIPS}


async def fits(config: str) -> None:
    if config == "bad":
        raise Invalid("line 3")


@dataclass
class Asked:
    world: World
    community: Community
    judging: Slowly
    rejudge: Rejudge

    async def start(self, config: str = "") -> None:
        since = self.world.clock.now() - timedelta(days=1)
        await self.rejudge.start(EVA, self.community, config, since)
        await self.judging.began.wait()

    @property
    def state(self) -> JobState:
        job = self.rejudge.latest(self.community)
        assert job is not None
        return job.state

    @property
    def found(self) -> list[str]:
        job = self.rejudge.latest(self.community)
        assert job is not None
        assert job.found is not None
        return [flip["text"] for flip in job.found["flips"]]


@pytest.fixture
async def asked(tmp_path: Path) -> AsyncIterator[Asked]:
    store = await SqliteStore.open(tmp_path / "relay.db", lambda _changes, _outcomes: None)
    world, judging = World(store), Slowly()
    rejudge = Rejudge(store, world.clock, world.ids, fits, judging)
    yield Asked(world, await world.community(), judging, rejudge)
    await rejudge.close()
    await store.close()


async def test_one_runs_at_a_time_and_tells_how_far_it_is(asked: Asked) -> None:
    await asked.start()

    job = asked.rejudge.latest(asked.community)
    with pytest.raises(Conflict, match="running already"):
        await asked.start()
    asked.judging.may_end.set()
    await asked.rejudge.over()

    assert job is not None
    assert (job.state, job.done, job.of, job.by) == (JobState.RUNNING, 2, 7, "eva")
    assert (asked.state, asked.found) == (JobState.DONE, ["hello", "bye"])
    assert asked.rejudge.latest(await asked.world.community("other")) is None


async def test_what_was_done_when_it_was_stopped_stays_until_it_is_dropped(asked: Asked) -> None:
    await asked.start()

    await asked.rejudge.stop(EVA, asked.community)
    await asked.rejudge.over()
    stopped = (asked.state, asked.found)
    await asked.rejudge.stop(EVA, asked.community)

    assert stopped == (JobState.STOPPED, ["hello", "bye"])
    assert asked.rejudge.latest(asked.community) is None


async def test_of_who_is_erased_nothing_is_shown_whenever_that_was(asked: Asked) -> None:
    await asked.start()
    asked.rejudge.forget("ada")
    asked.judging.may_end.set()
    await asked.rejudge.over()
    during = asked.found
    asked.rejudge.forget("ben")

    assert (during, asked.found) == (["bye"], [])


@pytest.mark.parametrize(("config", "days"), [("bad", 1), ("", -1), ("", 400)])
async def test_what_cannot_be_judged_again_leaves_the_last_one(asked: Asked, config: str, days: int) -> None:
    await asked.start()
    asked.judging.may_end.set()
    await asked.rejudge.over()

    with pytest.raises(Invalid):
        await asked.rejudge.start(EVA, asked.community, config, asked.world.clock.now() - timedelta(days=days))

    assert asked.state is JobState.DONE
