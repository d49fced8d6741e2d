"""Two stores on one PostgreSQL: what one commits the other hears, once and in order, or hears that it may have missed it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from itertools import count

import asyncpg
import pytest

from relay.core.change import Change, Outcome, SetFact
from relay.core.errors import Stale
from relay.core.run import FOR_EVER, EndRun, KeepRun, StartRun, until
from relay.stores.postgres import Limits, PostgresStore
from relay.stores.postgres_news import TELL, Hearing
from relay.testing.clock import START
from tests.servers.postgres import Postgres

FEW = Limits(writers=2, look_ups=1, scans=1)
PATIENCE = 10.0  # seconds
CUT_OFF = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"""


@dataclass
class Process:
    """One of several on the same database; `heard` has the names of facts that others set."""

    store: PostgresStore = field(init=False)
    heard: list[str] = field(default_factory=list)
    missed: int = 0
    epoch: int = 0
    moved: asyncio.Event = field(default_factory=asyncio.Event)

    async def begin(self) -> None:
        (epoch,) = await self.store.commit(StartRun(START, until(START, FOR_EVER)))
        assert isinstance(epoch, int)
        self.epoch = epoch
        self.store.news.epoch = lambda: self.epoch

    def hear(self, changes: tuple[Change, ...], _outcomes: tuple[Outcome, ...]) -> None:
        self.heard += [change.name for change in changes if isinstance(change, SetFact)]
        self.moved.set()

    def miss(self) -> None:
        self.missed += 1
        self.moved.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE):
            while not condition():
                self.moved.clear()
                await self.moved.wait()


Open = Callable[[], Awaitable[Process]]


@pytest.fixture
async def open_process(url: str) -> AsyncIterator[Open]:
    async with AsyncExitStack() as stack:

        async def opened() -> Process:
            process = Process()
            hearing = Hearing(lambda change: isinstance(change, SetFact), process.hear, process.miss)
            process.store = await PostgresStore.open(url, lambda _changes, _outcomes: None, FEW, hearing)
            stack.push_async_callback(process.store.close)
            return process

        yield opened


@pytest.fixture
async def two(open_process: Open) -> tuple[Process, Process]:
    first, second = await open_process(), await open_process()
    await first.begin()
    await second.begin()
    return first, second


async def test_each_hears_of_the_others_commits_in_their_order_and_not_of_its_own(two: tuple[Process, Process]) -> None:
    first, second = two

    for n in range(20):
        await first.store.commit(SetFact(f"{n}", "x" * 10_000), SetFact(f"{n}, too", "1"))
    await second.store.commit(SetFact("back", "1"))
    await second.until(lambda: len(second.heard) >= 40)
    await first.until(lambda: bool(first.heard))

    assert second.heard == [name for n in range(20) for name in (f"{n}", f"{n}, too")]
    assert first.heard == ["back"]
    assert (first.missed, second.missed) == (0, 0)


async def test_what_was_not_committed_is_not_told(two: tuple[Process, Process]) -> None:
    first, second = two

    with pytest.raises(Stale):
        await first.store.commit(SetFact("never", "1"), KeepRun(10**9, START))
    await first.store.commit(SetFact("then", "1"))
    await second.until(lambda: bool(second.heard))

    assert second.heard == ["then"]


async def test_nobody_is_told_while_no_other_run_is_there(two: tuple[Process, Process]) -> None:
    first, second = two
    await second.store.commit(EndRun(second.epoch))

    await first.store.commit(SetFact("alone", "1"))
    await second.begin()
    await first.store.commit(SetFact("together", "1"))
    await second.until(lambda: bool(second.heard))

    assert second.heard == ["together"]


async def test_who_was_taken_for_ended_still_tells_the_others(two: tuple[Process, Process]) -> None:
    first, second = two
    await second.store.commit(EndRun(first.epoch))

    await first.store.commit(SetFact("still here", "1"))
    await second.until(lambda: bool(second.heard))

    assert second.heard == ["still here"]


async def test_a_commit_beside_a_beginning_run_is_seen_or_told(open_process: Open, size: Callable[[int, int], int]) -> None:
    first = await open_process()
    await first.begin()
    names: list[str] = []
    numbers = count()

    async def commit_on() -> None:
        while True:
            name = f"{next(numbers)}"
            await first.store.commit(SetFact(name, "1"))
            names.append(name)

    for _ in range(size(5, 100)):
        committing = [asyncio.create_task(commit_on()) for _ in range(4)]
        second = await open_process()
        await second.begin()
        seen = {name for name in [f"{n}" for n in range(next(numbers))] if await second.store.fact(name)}
        for task in committing:
            task.cancel()
        await asyncio.gather(*committing, return_exceptions=True)
        await first.store.commit(last := SetFact(f"{next(numbers)} is the last", "1"))
        await second.until(lambda last=last, second=second: last.name in second.heard)  # type: ignore[misc]
        await second.store.commit(EndRun(second.epoch))

        assert set(names) - seen - set(second.heard) == set()


async def test_a_run_that_begins_beside_an_open_commit_sees_it(open_process: Open, url: str) -> None:
    first, second = await open_process(), await open_process()
    await first.begin()
    fact = SetFact("open", "1")
    connection = await asyncpg.connect(url)
    await connection.execute("BEGIN; INSERT INTO facts (name, value) VALUES ('open', '1')")
    await connection.execute(TELL, first.store.news.parts([fact], [None]), first.epoch)

    async def begin_and_read() -> str | None:
        await second.begin()
        return await second.store.fact("open")

    reading = asyncio.create_task(begin_and_read())
    await asyncio.wait({reading}, timeout=0.5)
    await connection.execute("COMMIT")
    await connection.close()

    assert await reading == "1"
    assert second.heard == []


async def test_who_was_cut_off_hears_that_news_may_be_missing_and_then_hears_again(
    two: tuple[Process, Process], postgres: Postgres, url: str
) -> None:
    first, second = two
    await second.store.ear.look()
    await postgres.run(CUT_OFF, url.rpartition("/")[2])
    await second.until(lambda: second.missed > 1)  # when it was lost, and when it was back
    await first.store.commit(SetFact("back", "1"))
    await second.until(lambda: bool(second.heard))

    assert second.heard == ["back"]


async def test_who_is_alone_misses_nothing_when_it_is_cut_off(open_process: Open, postgres: Postgres, url: str) -> None:
    only = await open_process()
    await only.begin()
    await only.store.ear.look()
    await postgres.run(CUT_OFF, url.rpartition("/")[2])
    without_a_run = await open_process()

    async with asyncio.timeout(PATIENCE):
        for n in count():
            await without_a_run.store.commit(SetFact(f"{n}", "1"))
            with suppress(TimeoutError):
                async with asyncio.timeout(0.2):
                    await only.until(lambda: bool(only.heard))
            if only.heard:
                break

    assert only.missed == 0


async def test_what_cannot_be_read_may_have_been_important(two: tuple[Process, Process], postgres: Postgres, url: str) -> None:
    first, second = two

    await postgres.run("SELECT pg_notify('relay_news_public', 'nonsense')", url.rpartition("/")[2])
    await first.store.commit(SetFact("then", "1"))
    await second.until(lambda: bool(second.heard))

    assert second.missed == 1
