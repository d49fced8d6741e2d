"""What is SQLite's own: groups that share a commit, crashes, failing disks, one process at a time, migrations, erased bytes."""

import asyncio
import os
import queue
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from relay.core.change import Erase, SetFact
from relay.core.errors import Unavailable
from relay.ports import Paging
from relay.stores import sqlite_file
from relay.stores.ledger import Work
from relay.stores.schema import MIGRATIONS
from relay.stores.sql import erasures
from relay.stores.sqlite import SqliteStore
from relay.stores.sqlite_file import lite
from relay.stores.sqlite_space import Space
from relay.stores.sqlite_writer import Limits, Settled, Writer, numbered
from tests.stores.conftest import HELD, World

ROOT = Path(__file__).parents[2]
MORE = (*MIGRATIONS, ("9999_more", ("CREATE TABLE more (n $KEY)",)))
PATIENT = Limits(longest=60)
IOERR_FSYNC = 10 | 4 << 8
SLOW = """
    WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < $1)
    SELECT count(*) FROM c, (SELECT count(*) FROM facts)"""


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    made = await opened(tmp_path, PATIENT)
    yield made
    await made.close()


async def test_commits_that_wait_together_share_one(store: SqliteStore, tmp_path: Path) -> None:
    with held_up(tmp_path):
        waiting = [asyncio.create_task(store.commit(SetFact(str(n), "x"))) for n in range(100)]
        await asyncio.sleep(0)
    await asyncio.gather(*waiting)

    assert store.tally.commits == 100
    assert store.tally.groups == 1


async def test_one_that_fails_takes_no_other_of_its_group_with_it(store: SqliteStore, tmp_path: Path) -> None:
    world = World(store)
    community = await world.community()
    change = world.newcomer(community)

    with held_up(tmp_path):
        first = asyncio.create_task(store.commit(SetFact("first", "x")))
        twice = [asyncio.create_task(store.commit(SetFact("lost", "x"), change)) for _ in range(2)]
        last = asyncio.create_task(store.commit(SetFact("last", "x")))
        await asyncio.sleep(0)
    results = await asyncio.gather(first, *twice, last, return_exceptions=True)

    assert [isinstance(result, tuple) for result in results] == [True, True, False, True]
    assert len((await store.members(community.n, Paging())).items) == 1
    assert store.tally.groups == 2


async def test_a_caller_that_is_cancelled_changes_nothing_about_its_commit(tmp_path: Path) -> None:
    told: list[object] = []
    store = await SqliteStore.open(tmp_path / "relay.db", lambda changes, _: told.extend(changes))
    with held_up(tmp_path):
        waiting = asyncio.create_task(store.commit(SetFact("a", "x")))
        await asyncio.sleep(0)
        waiting.cancel()
    await asyncio.wait_for(store.commit(SetFact("b", "x")), 10)

    assert waiting.cancelled()
    assert await store.fact("a") == "x"
    assert told == [SetFact("a", "x"), SetFact("b", "x")]
    await store.close()


async def test_a_full_queue_refuses_by_name_and_keeps_what_it_has(tmp_path: Path) -> None:
    store = await opened(tmp_path, Limits(waiting=2))
    with held_up(tmp_path):
        waiting = [asyncio.create_task(store.commit(SetFact(str(n), "x"))) for n in range(3)]
        done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_EXCEPTION, timeout=10)
    results = await asyncio.gather(*waiting, return_exceptions=True)

    assert done == {waiting[2]}
    assert [type(result) for result in results] == [tuple, tuple, Unavailable]
    assert "Too many commits wait" in str(results[2])
    await store.close()


async def test_closing_writes_what_waits_and_takes_no_more(tmp_path: Path) -> None:
    store = await opened(tmp_path)
    waiting = [asyncio.create_task(store.commit(SetFact(str(n), "x"))) for n in range(50)]
    await asyncio.sleep(0)

    await store.close()

    assert [await each for each in waiting] == [(None,)] * 50
    with pytest.raises(Unavailable, match="shutting down"):
        await store.commit(SetFact("late", "x"))
    again = await opened(tmp_path)
    assert await again.fact("49") == "x"
    await again.close()


async def test_a_listener_that_fails_keeps_nobody_from_their_answer(tmp_path: Path) -> None:
    def fails(_changes: object, _outcomes: object) -> None:
        raise RuntimeError

    store = await SqliteStore.open(tmp_path / "relay.db", fails)

    assert await store.commit(SetFact("a", "x")) == (None,)
    await store.close()


async def test_what_was_acknowledged_survives_a_kill(tmp_path: Path, size: Callable[[int, int], int]) -> None:
    for kill in range(size(2, 50)):
        acknowledged = await asyncio.to_thread(killed_while_committing, tmp_path, after=200 + 37 * kill)

        store = await opened(tmp_path)
        lost = [name for name in acknowledged if await store.fact(name) is None]
        await store.close()

        assert len(acknowledged) >= 200
        assert lost == []


def test_an_error_of_the_disk_breaks_the_store_and_reading_goes_on(tmp_path: Path) -> None:
    done = subprocess.run(
        committing(tmp_path, "limit"), cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=60, check=True
    )

    lines = done.stdout.split("\n")
    assert lines[-2] == "broken 500"
    assert len(lines) > 10


async def test_a_full_disk_refuses_and_takes_up_again_when_there_is_room(tmp_path: Path) -> None:
    connection = sqlite_file.writer(tmp_path / "relay.db")
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {pages}")
    asked = Asked(connection)

    full = await asked.write(SetFact("large", "x" * 100_000))
    small = await asked.write(SetFact("small", "x"))
    asked.writer.stop()

    assert isinstance(full.problem, Unavailable)
    assert "full" in str(full.problem)
    assert small.problem is None
    assert asked.lost is None


@pytest.mark.parametrize("statement", ["COMMIT", "BEGIN IMMEDIATE", "ROLLBACK"])
async def test_after_an_error_of_the_disk_nothing_is_tried_again(tmp_path: Path, statement: str) -> None:
    connection = Failing(sqlite_file.writer(tmp_path / "relay.db"), {statement, "COMMIT"})
    asked = Asked(connection)

    first = await asked.write(SetFact("a", "x"))
    second = await asked.write(SetFact("b", "x"))
    asked.writer.stop()

    assert isinstance(first.problem, Unavailable)
    assert isinstance(second.problem, Unavailable)
    assert asked.lost is not None
    assert connection.tried.count(statement) == 1


async def test_a_second_process_is_refused_by_the_name_of_the_first(store: SqliteStore, tmp_path: Path) -> None:
    assert store.tally.commits == 0

    with pytest.raises(Unavailable, match=f"process {os.getpid()}"):
        await opened(tmp_path)


async def test_a_folder_is_free_again_after_closing_and_after_a_failed_start(tmp_path: Path) -> None:
    (tmp_path / "relay.db").write_bytes(b"this is no database at all, but some text" * 100)
    with pytest.raises(Unavailable, match="file is not a database"):
        await opened(tmp_path)
    (tmp_path / "relay.db").unlink()

    for _ in range(2):
        store = await opened(tmp_path)
        await store.close()


async def test_a_file_of_a_newer_relay_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    connection = sqlite_file.writer(tmp_path / "relay.db")
    sqlite_file.migrate(connection, tmp_path / "relay.db", sqlite_file.migrations(MORE))
    connection.close()

    with pytest.raises(Unavailable, match=r"newer relay.*9999_more"):
        await opened(tmp_path)

    assert tables(tmp_path / "relay.db") >= {"more", "members"}


async def test_a_migration_copies_what_there_is_to_lose_first(tmp_path: Path) -> None:
    path, copy = tmp_path / "relay.db", tmp_path / "relay.db.before-9999_more"
    store = await opened(tmp_path)
    await store.commit(SetFact("a", "kept"))
    await store.close()
    connection = sqlite_file.writer(path)

    sqlite_file.migrate(connection, path, sqlite_file.migrations(MORE))
    connection.close()

    assert "more" in tables(path)
    assert "more" not in tables(copy)
    assert rows(copy, "SELECT value FROM facts WHERE name = 'a'") == [("kept",)]
    assert copy.stat().st_mode & 0o077 == 0


def test_a_new_file_has_nothing_to_lose_and_is_the_owners_alone(tmp_path: Path) -> None:
    sqlite_file.writer(tmp_path / "relay.db").close()

    assert [path.name for path in tmp_path.iterdir()] == ["relay.db"]
    assert (tmp_path / "relay.db").stat().st_mode & 0o077 == 0


def test_a_migration_that_fails_leaves_everything_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "relay.db"
    connection = sqlite_file.writer(path)
    wrong = (*MORE, ("9999_wrong", ("CREATE TABLE other (n $KEY)", "CREATE NONSENSE")))

    with pytest.raises(lite.OperationalError):
        sqlite_file.migrate(connection, path, sqlite_file.migrations(wrong))
    connection.close()

    assert tables(path) & {"more", "other"} == set()
    assert tables(path) >= {"members"}


@pytest.mark.parametrize(("name", "value"), [("synchronous", 9), ("busy_timeout", -1), ("journal_mode", "off_and_on")])
def test_a_setting_that_does_not_hold_is_noticed(tmp_path: Path, name: str, value: int | str) -> None:
    connection = sqlite_file.writer(tmp_path / "relay.db")

    with pytest.raises(Unavailable, match=name):
        sqlite_file.set_pragmas(connection, {name: value})
    connection.close()


def test_the_writer_syncs_each_commit_and_readers_cannot_write(tmp_path: Path) -> None:
    writer = sqlite_file.writer(tmp_path / "relay.db")
    reader = sqlite_file.reader(tmp_path / "relay.db")

    settings = [writer.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous", "foreign_keys")]
    with pytest.raises(lite.OperationalError, match="readonly"):
        reader.execute("DELETE FROM members")
    writer.close()
    reader.close()

    assert settings == ["wal", 2, 1]


async def test_an_erased_member_leaves_no_byte_of_their_words_in_the_file(tmp_path: Path) -> None:
    store = await opened(tmp_path)
    world = World(store)
    community = await world.community()
    gone, stays = await world.members(community, 2)
    await world.replied(gone, HELD, "Zebrafinken und Wombats zwitschern")
    await world.replied(stays, text="Giraffen schweigen")

    await store.commit(Erase(gone.n, gone.id, world.clock.now()))
    await store.close()

    kept = bytes_in(tmp_path)
    assert b"giraffen" in kept
    for word in (b"zebrafinken", b"wombats"):
        assert word not in kept


async def test_erasure_walks_over_no_remembered_answer_of_others(tmp_path: Path) -> None:
    connection = sqlite_file.writer(tmp_path / "relay.db")
    statements = [erasures.OWN_ANSWERS, erasures.ANSWERS_ABOUT, *erasures.HIDE]
    about_answers = [numbered(sql) for sql in statements if "FROM answers" in sql]

    plans = [connection.execute(f"EXPLAIN QUERY PLAN {sql}", ("x",)).fetchall() for sql in about_answers]
    connection.close()

    assert len(plans) == 5
    assert [step for plan in plans for *_, step in plan if "SCAN answers" in step] == []


class Asked:
    """A writer without a store, and the words it gives back."""

    def __init__(  # as the writer takes it
        self,
        connection: Any,  # noqa: ANN401
        limits: Limits | None = None,
        space: Space | None = None,
    ) -> None:
        self.settled: queue.Queue[Settled] = queue.Queue()
        self.lost: str | None = None
        self.writer = Writer(connection, limits or Limits(), space=space)
        self.writer.start(self._settle)

    def _settle(self, settled: list[Settled], lost: str | None, _seconds: float) -> None:
        self.lost = lost
        for each in settled:
            self.settled.put(each)

    async def write(self, change: SetFact) -> Settled:
        self.writer.put(Work((change,), asyncio.get_running_loop().create_future()))
        return await asyncio.to_thread(self.settled.get, timeout=10)


class Failing:
    """A connection whose disk fails at the given statements."""

    def __init__(self, connection: Any, at: set[str], code: int = IOERR_FSYNC) -> None:  # noqa: ANN401
        self._connection = connection
        self._at = at
        self._code = code
        self.tried: list[str] = []

    def execute(self, sql: str, *args: object) -> Any:  # noqa: ANN401
        self.tried.append(sql)
        if sql in self._at:
            error = lite.OperationalError("disk I/O error")
            error.sqlite_errorcode = self._code
            raise error
        return self._connection.execute(sql, *args)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        return getattr(self._connection, name)


@contextmanager
def held_up(folder: Path) -> Iterator[None]:
    """Nothing is written inside: another connection has the file."""
    other = lite.connect(folder / "relay.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.execute("ROLLBACK")
        other.close()


async def opened(folder: Path, limits: Limits | None = None) -> SqliteStore:
    return await SqliteStore.open(folder / "relay.db", lambda _changes, _outcomes: None, limits or Limits())


def committing(folder: Path, act: str) -> list[str]:
    return [sys.executable, str(Path(__file__).with_name("committing.py")), str(folder), act]


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT)}


def killed_while_committing(folder: Path, after: int) -> list[str]:
    """The names that were acknowledged, whole lines alone."""
    with subprocess.Popen(
        committing(folder, "kill"), cwd=ROOT, env=environment(), stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(after)]
        process.kill()
        rest = process.stdout.read().split("\n")
    return [line.strip() for line in lines] + rest[:-1]


def bytes_in(folder: Path) -> bytes:
    return b"".join(path.read_bytes().lower() for path in folder.iterdir())


def tables(path: Path) -> set[str]:
    return {name for (name,) in rows(path, "SELECT name FROM sqlite_master WHERE type = 'table'")}


def rows(path: Path, query: str) -> list[tuple[Any, ...]]:
    connection = lite.connect(path)
    found: list[tuple[Any, ...]] = connection.execute(query).fetchall()
    connection.close()
    return found
