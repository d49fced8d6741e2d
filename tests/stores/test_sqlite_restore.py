"""A prepared database takes the place of another: whatever moment it is cut off at, there is the old or the new one, whole."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from relay.core.errors import Unavailable
from relay.ports import Paging
from relay.stores.copies import expire
from relay.stores.sqlite import SqliteStore
from relay.stores.sqlite_file import Lock
from relay.stores.sqlite_restore import DECIDED, begin, decide, set_aside, settle
from tests.stores.conftest import World

NOW = datetime(2026, 5, 1, 10, 15, tzinfo=UTC)
ASIDE = "replaced-20260501T101500Z"


async def made(database: Path, members: int) -> None:
    """A database with so many members."""
    store = await SqliteStore.open(database, told=lambda _changes, _outcomes: None)
    world = World(store)
    await world.members(await world.community(), members)
    await store.close()


async def members_in(database: Path) -> int:
    store = await SqliteStore.open(database, told=lambda _changes, _outcomes: None)
    try:
        community = await store.community("bad")
        assert community is not None
        return len((await store.members(community.n, Paging())).items)
    finally:
        await store.close()


@pytest.fixture
async def folder(tmp_path: Path) -> Path:
    """One member in its database, which was killed with a log beside it, and two in the prepared one."""
    data = tmp_path / "data"
    await made(data / "relay.db", 1)
    (data / "relay.db-wal").write_bytes(b"what the old one wrote last")
    await made(begin(data) / "relay.db", 2)
    return data


async def test_the_prepared_one_takes_the_place_and_the_old_one_is_aside(folder: Path) -> None:
    aside = set_aside(folder, NOW)
    decide(folder)

    assert aside == folder / ASIDE
    assert (aside / "relay.db-wal").read_bytes() == b"what the old one wrote last"
    assert await members_in(folder / "relay.db") == 2
    (aside / "relay.db-wal").unlink()
    assert await members_in(aside / "relay.db") == 1


def test_nothing_of_the_old_ones_log_is_read_into_the_new_one(folder: Path) -> None:
    set_aside(folder, NOW)
    decide(folder)

    left = {path.name for path in folder.iterdir()}

    assert left == {"relay.db", ASIDE, "lock"}


def cut_off_before_anything(folder: Path) -> None:
    """Nothing but the preparation is there."""


def cut_off_when_set_aside(folder: Path) -> None:
    set_aside(folder, NOW)


def cut_off_when_decided(folder: Path) -> None:
    set_aside(folder, NOW)
    (folder / "restoring/relay.db").replace(folder / DECIDED)


def cut_off_when_the_log_is_gone(folder: Path) -> None:
    cut_off_when_decided(folder)
    (folder / "relay.db-wal").unlink()


def cut_off_with_the_mark_gone(folder: Path) -> None:
    cut_off_when_the_log_is_gone(folder)
    (folder / "relay.db-mark").unlink()


def cut_off_before_the_tidying(folder: Path) -> None:
    cut_off_with_the_mark_gone(folder)
    (folder / DECIDED).replace(folder / "relay.db")


@pytest.mark.parametrize(
    ("cut_off", "members"),
    [
        (cut_off_before_anything, 1),
        (cut_off_when_set_aside, 1),
        (cut_off_when_decided, 2),
        (cut_off_when_the_log_is_gone, 2),
        (cut_off_with_the_mark_gone, 2),
        (cut_off_before_the_tidying, 2),
    ],
)
async def test_cut_off_anywhere_it_is_the_old_or_the_new(folder: Path, cut_off: Callable[[Path], None], members: int) -> None:
    cut_off(folder)

    settle(folder)
    if members == 1:
        assert (folder / "relay.db-wal").read_bytes() == b"what the old one wrote last"
        (folder / "relay.db-wal").unlink()

    assert await members_in(folder / "relay.db") == members
    assert not (folder / DECIDED).exists()
    assert (folder / ASIDE).exists() == (members == 2)
    expire(folder, 7)
    assert not (folder / "restoring").exists()


async def test_where_there_was_nothing_nothing_is_set_aside(tmp_path: Path) -> None:
    await made(begin(tmp_path) / "relay.db", 2)

    aside = set_aside(tmp_path, NOW)
    decide(tmp_path)

    assert aside is None
    assert await members_in(tmp_path / "relay.db") == 2


def test_nothing_is_finished_in_a_folder_that_is_in_use(folder: Path) -> None:
    cut_off_when_decided(folder)
    lock = Lock(folder / "lock")

    with pytest.raises(Unavailable, match="in use"):
        settle(folder)

    assert (folder / DECIDED).exists()
    lock.free()


def test_the_set_aside_one_is_the_same_file_and_takes_no_room(folder: Path) -> None:
    aside = set_aside(folder, NOW)

    assert aside is not None
    assert (aside / "relay.db").samefile(folder / "relay.db")


def test_a_folder_without_a_restore_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "relay.db").write_text("x", "utf-8")

    settle(tmp_path)

    assert [path.name for path in tmp_path.iterdir()] == ["relay.db"]
