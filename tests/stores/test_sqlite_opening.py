"""What a start makes of the file as it finds it: looked at after an unclean end, refused with what to do when it is wrong."""

import asyncio
import shutil
from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import apsw
import pytest
from structlog.testing import capture_logs

from relay.core.change import Record, SetFact
from relay.core.errors import Unavailable
from relay.core.repeat import Remember
from relay.ports import Paging
from relay.stores.sqlite import SqliteStore
from relay.stores.sqlite_file import lite
from relay.stores.sqlite_mark import End, Mark
from tests.stores.test_sqlite import opened

LOOKED = "the last run did not end cleanly, the whole file is looked at"
SOUND = "the file is sound"


async def test_only_after_an_unclean_end_the_whole_file_is_looked_at(tmp_path: Path) -> None:
    with capture_logs() as first:
        store = await opened(tmp_path)
        await store.close()
    with capture_logs() as after_a_clean_end:
        await (await opened(tmp_path)).close()
    killed = await left_by_a_kill(tmp_path)
    with capture_logs() as after_a_kill:
        store = await opened(killed)
        await looked_at(store)
        await store.close()
    with capture_logs() as after_all:
        await (await opened(killed)).close()

    assert [events(said) for said in (first, after_a_clean_end, after_a_kill, after_all)] == [[], [], [LOOKED, SOUND], []]


@pytest.mark.parametrize(
    ("is_sound", "is_broken", "end"),
    [(True, False, End.CLEAN), (False, False, End.UNCLEAN), (True, True, End.UNCLEAN)],
)
def test_a_run_ended_cleanly_when_nothing_failed_and_nobody_broke_off_the_look(
    tmp_path: Path, *, is_sound: bool, is_broken: bool, end: End
) -> None:
    mark = Mark.of(tmp_path / "relay.db")
    mark.begin(7)
    mark.is_sound = is_sound
    mark.close(is_broken=is_broken)

    left = Mark.of(tmp_path / "relay.db")

    assert (left.end, left.group) == (end, 7)


async def test_the_mark_of_the_last_group_is_on_the_disk_soon_though_nothing_comes_after_it(tmp_path: Path) -> None:
    store = await opened(tmp_path)
    mark = store._beside.mark  # noqa: SLF001  no member of the store tells it

    await store.commit(SetFact("a", "x"))
    await store.commit(SetFact("b", "x"))

    async with asyncio.timeout(30):
        while not mark.is_synced:  # noqa: ASYNC110  another thread writes it
            await asyncio.sleep(0)
    assert mark.group == 2
    await store.close()


async def test_a_file_whose_mark_is_gone_is_looked_at(tmp_path: Path) -> None:
    await (await opened(tmp_path)).close()
    (tmp_path / "relay.db-mark").unlink()

    with capture_logs() as said:
        store = await opened(tmp_path)
        await looked_at(store)
        await store.close()

    assert events(said) == [LOOKED, SOUND]


async def test_a_fault_that_the_look_finds_ends_the_store_and_the_next_start_is_refused(tmp_path: Path) -> None:
    killed = await left_by_a_kill(tmp_path)
    spoil_pages(killed, of="audit")

    store = await opened(killed)
    await asyncio.wait_for(store.broken.wait(), 10)
    with pytest.raises(Unavailable, match="failed"):
        await store.commit(SetFact("b", "x"))
    await store.close()

    assert "damaged" in store.why_broken
    with pytest.raises(Unavailable, match=r"is damaged: "):
        await opened(killed)


@pytest.mark.parametrize("table", ["answers", "audit"])
async def test_what_is_read_from_a_damaged_page_ends_the_store_and_the_next_start_is_refused(
    tmp_path: Path, table: str
) -> None:
    await fill(store := await opened(tmp_path))
    await store.close()
    spoil_pages(tmp_path, of=table)
    store = await opened(tmp_path)

    (read,) = await asyncio.gather(read_all(store, table), return_exceptions=True)
    await store.close()

    assert (type(read), "malformed" in str(read)) == (Unavailable, True)
    assert store.broken.is_set()

    with pytest.raises(Unavailable, match=r"is damaged: "):
        await opened(tmp_path)


async def test_a_log_that_is_gone_after_a_kill_is_noticed(tmp_path: Path) -> None:
    killed = await left_by_a_kill(tmp_path)
    (killed / "relay.db-wal").unlink()
    before = content(killed)

    with pytest.raises(Unavailable, match=r"ends with group \d+ of its commits, and \d+ were acknowledged"):
        await opened(killed)

    assert content(killed) == before


async def test_a_log_that_is_gone_after_a_clean_end_loses_nothing(tmp_path: Path) -> None:
    store = await opened(tmp_path)
    await store.commit(SetFact("a", "x"))
    await store.close()
    (tmp_path / "relay.db-wal").unlink(missing_ok=True)
    (tmp_path / "relay.db-shm").unlink(missing_ok=True)

    store = await opened(tmp_path)

    assert await store.fact("a") == "x"
    await store.close()


async def test_an_older_copy_is_noticed_and_taken_once_the_mark_is_gone(tmp_path: Path) -> None:
    store = await opened(tmp_path)
    await store.commit(SetFact("a", "x"))
    await store.close()
    shutil.copy(tmp_path / "relay.db", tmp_path / "older")
    store = await opened(tmp_path)
    await store.commit(SetFact("b", "x"))
    await store.close()
    shutil.copy(tmp_path / "older", tmp_path / "relay.db")

    with pytest.raises(Unavailable, match=r"older copy.*delete .*relay\.db-mark"):
        await opened(tmp_path)
    (tmp_path / "relay.db-mark").unlink()
    store = await opened(tmp_path)

    assert [await store.fact(name) for name in "ab"] == ["x", None]
    await store.close()


@pytest.mark.parametrize("how", ["gone", "empty", "no database", "half a page", "a hole in its first page"])
async def test_a_file_that_is_wrong_is_refused_with_what_to_do_and_left_as_it_is(tmp_path: Path, how: str) -> None:
    store = await opened(tmp_path)
    await store.commit(SetFact("a", "x"))
    await store.close()
    file = tmp_path / "relay.db"
    (tmp_path / "relay.db.before-0002_faults").write_bytes(b"a copy")
    whole = file.read_bytes()
    if how == "gone":
        file.unlink()
    else:
        file.write_bytes(
            {
                "empty": b"",
                "no database": b"this is no database at all, but some text" * 100,
                "half a page": whole[:2000],
                "a hole in its first page": whole[:100] + bytes(1000) + whole[1100:],
            }[how]
        )
    before = content(tmp_path)

    with pytest.raises(Unavailable) as refused:
        await opened(tmp_path)

    for words in (str(file), "relay doctor --data", "relay restore", "newest copies", "relay.db.before-0002_faults"):
        assert words in refused.value.detail
    assert content(tmp_path) == before


@pytest.mark.parametrize("drop", ["TABLE tokens", "INDEX deliveries_in_stream", "TRIGGER messages_found"])
async def test_a_file_with_a_missing_part_is_refused_by_its_name(tmp_path: Path, drop: str) -> None:
    await (await opened(tmp_path)).close()
    execute(tmp_path, f"DROP {drop}")

    with pytest.raises(Unavailable, match=drop.split()[1]):
        await opened(tmp_path)


async def test_a_database_of_something_else_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    execute(tmp_path, "CREATE TABLE songs (title TEXT)")

    with pytest.raises(Unavailable, match="none of a relay"):
        await opened(tmp_path)

    assert names(tmp_path) == ["lock", "relay.db"]


async def test_a_first_start_that_was_cut_off_is_made_good(tmp_path: Path) -> None:
    """SQLite makes the file with a journal of its own before there is a log."""
    with closing(lite.connect(tmp_path / "relay.db", isolation_level=None)) as connection:
        connection.execute("PRAGMA cache_size = 1")
        connection.execute("BEGIN")
        connection.execute("CREATE TABLE a (b)")
        connection.execute(
            "INSERT INTO a WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 9999) SELECT n FROM c"
        )
        cut_off = tmp_path / "cut off"
        cut_off.mkdir()
        for name in ("relay.db", "relay.db-journal"):
            shutil.copy(tmp_path / name, cut_off)

    store = await opened(cut_off)
    await store.commit(SetFact("a", "x"))
    await store.close()

    assert (cut_off / "relay.db-mark").read_text().startswith("clean")


def execute(folder: Path, sql: str) -> None:
    with closing(lite.connect(folder / "relay.db", isolation_level=None)) as connection:
        connection.execute(sql)


async def fill(store: SqliteStore) -> None:
    now = datetime(2026, 11, 21, tzinfo=UTC)
    for number in range(100):
        record = Record(now, "eva", "fact.set", str(number), {})
        await store.commit(record, Remember("eva", str(number), "print", 200, "x" * 1000, now))


async def left_by_a_kill(folder: Path) -> Path:
    """A folder with the files as they lie there while a relay runs."""
    store = await opened(folder)
    await fill(store)
    killed = folder / "killed"
    killed.mkdir()
    for name in ("relay.db", "relay.db-wal", "relay.db-mark"):
        shutil.copy(folder / name, killed)
    await store.close()
    return killed


async def looked_at(store: SqliteStore) -> None:
    async with asyncio.timeout(20):
        while not store._beside.mark.is_sound:  # noqa: SLF001  nobody else asks
            await store.fact("a")


async def read_all(store: SqliteStore, table: str) -> None:
    """A table of look-ups, or one of lists."""
    if table == "audit":
        await store.audit(Paging(100))
    for number in range(100):
        await store.remembered("eva", str(number))


def spoil_pages(folder: Path, of: str) -> None:
    """All but the root of this table or index."""
    with closing(apsw.Connection(str(folder / "relay.db"))) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        pages: list[tuple[Any, ...]] = connection.execute("SELECT pageno FROM dbstat WHERE name = ?", (of,)).fetchall()
        ((root,),) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (of,)).fetchall()
    with (folder / "relay.db").open("r+b") as file:
        for (page,) in pages:
            if page != root or len(pages) == 1:
                file.seek((page - 1) * 4096)
                file.write(b"\xa5" * 4096)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def content(folder: Path) -> dict[str, bytes]:
    """Of the database and its log; an empty log says nothing, nor does SQLite's shared memory."""
    found = {path.name: path.read_bytes() for path in folder.glob("relay.db*") if not path.name.endswith(("-shm", "-mark"))}
    return {name: content for name, content in found.items() if content or name == "relay.db"}


def events(said: Sequence[Mapping[str, Any]]) -> list[str]:
    return [line["event"] for line in said if line["event"] in {LOOKED, SOUND}]
