"""Replay: messages are judged again as they came, with what was known then, a group at a time."""

import tracemalloc
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest

from relay.configuration import shipped
from relay.core.replay import Tally
from relay.core.verdict import Action, Decision, Rules, Submission
from relay.flows.replay import GROUP, PastClock, Replay
from relay.lexicon import load_tables
from relay.loader import load
from relay.pipeline.pipeline import Pipeline
from relay.ports import Judge, Paging, ThreadFilter
from relay.stores.sqlite import SqliteStore
from relay.stores.sqlite_look import SqliteLook
from tests.stores.conftest import ALLOWED, HELD, World

MIB = 1024 * 1024


@dataclass
class Judged:
    """Flags everything, and remembers what it was asked and what the clock said."""

    clock: PastClock
    asked: list[Submission] = field(default_factory=list)
    times: list[tuple[object, float]] = field(default_factory=list)

    async def __call__(self, submission: Submission) -> Decision:
        self.asked.append(submission)
        self.times.append((self.clock.now(), self.clock.monotonic()))
        return Decision(Action.FLAG, 3.0)


class Ended:
    """Says that it is over after so many questions."""

    def __init__(self, after: int) -> None:
        self.left = after

    def __call__(self) -> bool:
        self.left -= 1
        return self.left < 0


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    store = await SqliteStore.open(tmp_path / "relay.db", lambda _changes, _outcomes: None)
    yield World(store)
    await store.close()


async def replayed(folder: Path, judge: Judge, clock: PastClock, most: int = 10**9, over: int = 10**9) -> Tally:
    look, tally = SqliteLook(folder / "relay.db"), Tally(5, Random(0))
    span = await look.span(clock.now())
    await Replay(look, judge, clock, tally, lambda _done: None, Ended(over)).run(span, most)
    await look.close()
    return tally


async def test_each_is_judged_at_its_own_time_and_with_what_was_known_then(world: World, tmp_path: Path) -> None:
    member, start = await world.member(await world.community()), world.clock.now()
    for _ in range(3):
        await world.wrote(member, text="A text that is long enough")
        world.clock.pass_(3600)
    judge = Judged(PastClock())

    tally = await replayed(tmp_path, judge, judge.clock)

    assert [each.member.approved for each in judge.asked] == [0, 1, 2]
    assert [each.member.joined_at for each in judge.asked] == [start] * 3
    assert judge.times == [(at, at.timestamp()) for at in (start + timedelta(hours=n) for n in range(3))]
    assert (tally.messages, tally.matrix[Action.ALLOW, Action.FLAG]) == (3, 3)


async def test_plugins_remember_as_they_would_have_then(world: World, tmp_path: Path) -> None:
    member = await world.member(await world.community())
    for _ in range(12):  # all at once, which is a flood; then at leisure, which is none
        await world.wrote(member, text="a burst")
    for _ in range(12):
        world.clock.pass_(3600)
        await world.wrote(member, text="at leisure")
    clock = PastClock()
    plugins = load([shipped("plugins")], {"flood": {}})
    pipeline = Pipeline(plugins, Rules(), load_tables(), clock)

    tally = await replayed(tmp_path, pipeline.judge, clock)
    await pipeline.close()

    assert tally.flipped > 0
    assert {flip.past.submission.text for flip in tally.flips} == {"a burst"}


@pytest.mark.parametrize(("most", "over"), [(7, 10**9), (10**9, 7)])
async def test_it_ends_where_it_is_told_to(world: World, tmp_path: Path, most: int, over: int) -> None:
    member = await world.member(await world.community())
    for _ in range(20):
        await world.wrote(member, HELD)
    judge = Judged(PastClock())

    tally = await replayed(tmp_path, judge, judge.clock, most, over)

    assert tally.messages == len(judge.asked) == 7


async def test_many_messages_take_no_more_memory_than_few(world: World, tmp_path: Path) -> None:
    members = await world.members(await world.community(), 20)
    for member in members:
        await world.wrote(member)
    (community,) = await world.store.communities()
    threads = (await world.store.threads(community.n, ThreadFilter(), Paging())).items
    places = [(member, thread.ref) for member in members for thread in threads if thread.member_id == member.id]
    for group in range(40):
        texts = (f"{group} {n} " + "ä" * 2000 for n in range(100))
        await world.store.commit(*(world.reply(*places[n % 20], text=text) for n, text in enumerate(texts)))

    clock = PastClock()

    async def judge(_: Submission) -> Decision:
        return ALLOWED

    tracemalloc.start()
    try:
        tally = await replayed(tmp_path, judge, clock)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    of_a_group = GROUP * 4500  # bytes: 2,000 characters of two bytes each, and what is around them
    assert tally.messages == 4020
    assert peak < 4 * of_a_group + MIB < 4000 * 4000
