"""SQLite's log: cut when something was erased and when it grows too long, whoever reads; its errors are those of the disk."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from relay.core.change import Erase, SetFact
from relay.core.errors import Unavailable
from relay.core.member import Member
from relay.ports import Paging
from relay.stores import sqlite_file
from relay.stores.sqlite import SqliteStore
from relay.stores.sqlite_writer import Limits
from tests.stores.conftest import World
from tests.stores.test_sqlite import SLOW, Asked, Failing, opened

SECRET = "Zebrafinken zwitschern"
FEW = 500  # commits: too few to fill the log and to begin it anew, without a second of rest among them
LOG_BYTES = 1024 * 1024
GROUPS = 200  # of 100 KB: twenty times as much as the log may hold
A_READ = 5  # groups between two ends of reads: what the log grows by hangs on no speed


async def test_erased_words_leave_the_log_while_there_is_always_work(tmp_path: Path) -> None:
    store = await opened(tmp_path)
    gone = await who_wrote(store, SECRET)

    before = SECRET.encode() in log_of(tmp_path)
    await erase(store, gone)
    for count in range(FEW):
        await store.commit(SetFact(f"busy {count}", "x"))

    assert before
    assert SECRET.encode() not in log_of(tmp_path)
    await store.close()


async def test_erased_words_leave_the_log_once_who_read_is_gone(tmp_path: Path) -> None:
    store = await opened(tmp_path)
    gone = await who_wrote(store, SECRET)

    with reading(tmp_path):
        await erase(store, gone)
        await store.commit(SetFact("while somebody reads", "x"))
        kept = SECRET.encode() in log_of(tmp_path)
    for count in range(FEW):
        await store.commit(SetFact(f"busy {count}", "x"))

    assert kept
    assert SECRET.encode() not in log_of(tmp_path)
    await store.close()


async def test_erased_words_that_a_run_left_in_the_log_are_gone_soon_in_the_next(tmp_path: Path) -> None:
    store = await opened(tmp_path)
    gone = await who_wrote(store, SECRET)
    with reading(tmp_path):
        await erase(store, gone)
        await store.close()
    left = SECRET.encode() in log_of(tmp_path)

    again = await opened(tmp_path)
    for count in range(FEW):
        await again.commit(SetFact(f"busy {count}", "x"))

    assert left
    assert SECRET.encode() not in log_of(tmp_path)
    await again.close()


async def test_who_waits_until_all_is_purged_finds_no_erased_word_in_the_log(tmp_path: Path) -> None:
    store = await opened(tmp_path)
    gone = await who_wrote(store, SECRET)

    await erase(store, gone)
    await asyncio.wait_for(store.purged(), 10)

    assert SECRET.encode() not in log_of(tmp_path)
    await store.close()


async def test_nothing_is_purged_while_somebody_reads_what_was_there_before(tmp_path: Path) -> None:
    store = await opened(tmp_path)
    gone = await who_wrote(store, SECRET)

    with reading(tmp_path):
        await erase(store, gone)
        purging = asyncio.create_task(store.purged())
        for count in range(20):
            await store.commit(SetFact(f"busy {count}", "x"))
        waits = not purging.done()
    await asyncio.wait_for(purging, 10)

    assert waits
    assert SECRET.encode() not in log_of(tmp_path)
    await store.close()


async def test_who_waits_until_all_is_purged_hears_that_the_store_closes(tmp_path: Path) -> None:
    store = await opened(tmp_path)
    gone = await who_wrote(store, SECRET)

    with reading(tmp_path):
        await erase(store, gone)
        purging = asyncio.create_task(store.purged())
        await store.close()

        with pytest.raises(Unavailable, match="may still stand in the log"):
            await asyncio.wait_for(purging, 10)


async def test_the_log_stays_short_under_readers_that_overlap(tmp_path: Path) -> None:
    store = await opened(tmp_path, Limits(log_bytes=LOG_BYTES))
    longest = 0

    async with asyncio.timeout(60), overlapping_readers(store) as read:
        for count in range(GROUPS):
            await store.commit(SetFact(f"long {count}", "x" * 100_000))
            longest = max(longest, len(log_of(tmp_path)))
            if count % A_READ == 0:
                await read.another()

    assert read.count >= GROUPS / A_READ
    assert longest < 6 * LOG_BYTES
    await store.close()


async def test_who_reads_without_end_keeps_no_search_waiting_for_long(tmp_path: Path) -> None:
    store = await opened(tmp_path, Limits(log_bytes=1))

    with reading(tmp_path):
        for count in range(20):
            await store.commit(SetFact(f"fact {count}", "x" * 5_000))
        found = await asyncio.wait_for(store.audit(Paging()), 20)

    assert found.items == ()
    await store.close()


async def test_an_error_of_the_disk_while_the_log_is_folded_breaks_the_store(tmp_path: Path) -> None:
    connection = Failing(sqlite_file.writer(tmp_path / "relay.db"), {"PRAGMA wal_checkpoint(TRUNCATE)"})
    asked = Asked(connection, Limits(log_bytes=1))

    await asked.write(SetFact("a", "x"))
    second = await asked.write(SetFact("b", "x"))
    asked.writer.stop()

    assert "disk I/O error" in str(second.problem)
    assert asked.lost is not None


async def test_a_disk_without_room_to_fold_the_log_breaks_nothing(tmp_path: Path) -> None:
    full = 13  # SQLITE_FULL
    connection = Failing(sqlite_file.writer(tmp_path / "relay.db"), {"PRAGMA wal_checkpoint(TRUNCATE)"}, full)
    asked = Asked(connection, Limits(log_bytes=1))

    await asked.write(SetFact("a", "x"))
    second = await asked.write(SetFact("b", "x"))
    timeouts = [sql for sql in connection.tried if sql.startswith("PRAGMA busy_timeout")]
    asked.writer.stop()

    assert second.problem is None
    assert asked.lost is None
    assert timeouts[-1] == timeouts[0]


async def who_wrote(store: SqliteStore, text: str) -> Member:
    world = World(store)
    member = await world.member(await world.community())
    await world.replied(member, text=text)
    return member


async def erase(store: SqliteStore, member: Member) -> None:
    await store.commit(Erase(member.n, member.id, World(store).clock.now()))


@dataclass(slots=True)
class Reads:
    """Those that came to their end."""

    count: int = 0
    _ended: asyncio.Event = field(default_factory=asyncio.Event)

    def end(self) -> None:
        self.count += 1
        self._ended.set()

    async def another(self) -> None:
        """Waits for one that is not over yet."""
        self._ended.clear()
        await self._ended.wait()


@asynccontextmanager
async def overlapping_readers(store: SqliteStore) -> AsyncIterator[Reads]:
    """So many that at each instant inside somebody reads from the file."""
    read = Reads()

    async def one() -> None:
        while True:
            await store._scan(SLOW, 200_000)  # noqa: SLF001  no list of a small store takes long
            read.end()

    tasks = [asyncio.create_task(one()) for _ in range(4)]
    yield read
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


@contextmanager
def reading(folder: Path) -> Iterator[None]:
    """Another process has a view of the file inside, and lets nobody cut the log."""
    other = sqlite_file.reader(folder / "relay.db")
    other.execute("BEGIN")
    other.execute("SELECT count(*) FROM facts").fetchone()
    try:
        yield
    finally:
        other.execute("ROLLBACK")
        other.close()


def log_of(folder: Path) -> bytes:
    path = folder / "relay.db-wal"
    return path.read_bytes() if path.exists() else b""
