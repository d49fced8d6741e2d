"""A backup of SQLite: whole, of one instant, looked at before it has its name; what is none is refused with what to do."""

import json
import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from relay.core.errors import Unavailable
from relay.ports import Paging
from relay.stores import erasure_list
from relay.stores.manifest import NAME as MANIFEST
from relay.stores.schema import MIGRATIONS
from relay.stores.sqlite import SqliteStore
from relay.stores.sqlite_backup import COPY, make, read, take
from relay.stores.sqlite_file import Lock
from tests.stores.conftest import World

Said = list[tuple[str, int, int]]


def silent(_what: str, _done: int, _of: int) -> None:
    """Nobody watches."""


@pytest.fixture
async def data(tmp_path: Path) -> Path:
    """The folder of a relay that has stopped, with a community and two members."""
    store = await SqliteStore.open(tmp_path / "data/relay.db", told=lambda _changes, _outcomes: None)
    world = World(store)
    await world.members(await world.community(), 2)
    await store.close()
    return tmp_path / "data"


@pytest.fixture
def backup(data: Path, tmp_path: Path) -> Path:
    make(data / "relay.db", tmp_path / "backup", silent)
    return tmp_path / "backup"


async def test_a_copy_of_a_store_at_work_holds_what_was_committed(tmp_path: Path) -> None:
    store = await SqliteStore.open(tmp_path / "data/relay.db", told=lambda _changes, _outcomes: None)
    world = World(store)
    community = await world.community()
    before = await world.members(community, 2)

    told = make(tmp_path / "data/relay.db", tmp_path / "backup", silent)
    await world.members(community, 1)
    await store.close()
    copied = await SqliteStore.open(tmp_path / "backup/relay.db", told=lambda _changes, _outcomes: None)

    assert [each.id for each in (await copied.members(community.n, Paging())).items] == [each.id for each in before]
    assert told.counts["members"] == 2
    await copied.close()


def test_it_says_what_it_is(backup: Path) -> None:
    told = read(backup)

    assert told.schema == tuple(name for name, _ in MIGRATIONS)
    assert told.counts["communities"] == 1
    assert told.bytes == (backup / COPY).stat().st_size
    assert told.plain() == json.loads((backup / MANIFEST).read_text("utf-8")) | {"schema": told.schema}


def test_only_its_owner_can_look_into_it(backup: Path) -> None:
    modes = {path.name: path.stat().st_mode & 0o777 for path in backup.iterdir()}

    assert backup.stat().st_mode & 0o777 == 0o700
    assert modes == {COPY: 0o600, MANIFEST: 0o600, erasure_list.NAME: 0o600}


def test_the_list_comes_along_in_whole_lines(data: Path, tmp_path: Path) -> None:
    (data / erasure_list.NAME).write_bytes(b'{"whole": 1}\n{"half')

    make(data / "relay.db", tmp_path / "backup", silent)

    assert (tmp_path / "backup" / erasure_list.NAME).read_bytes() == b'{"whole": 1}\n'


def test_how_far_it_is_is_told_to_the_end(data: Path, tmp_path: Path) -> None:
    said: Said = []

    make(data / "relay.db", tmp_path / "backup", lambda what, done, of: said.append((what, done, of)))

    assert [what for what, done, of in said if done == of] == ["copied", "looked at"]
    assert all(0 <= done <= of for _, done, of in said)


def test_nothing_is_written_over(data: Path, backup: Path) -> None:
    before = (backup / MANIFEST).read_bytes()

    with pytest.raises(Unavailable, match="is there already, and nothing is written over"):
        make(data / "relay.db", backup, silent)

    assert (backup / MANIFEST).read_bytes() == before


def test_what_a_crash_left_half_made_is_no_hindrance(data: Path, tmp_path: Path) -> None:
    part = tmp_path / ".backup.part"
    part.mkdir()
    for name in (COPY, f"{COPY}.part", erasure_list.NAME, MANIFEST, "lock"):
        (part / name).write_text("half", "utf-8")

    make(data / "relay.db", tmp_path / "backup", silent)

    assert not part.exists()
    assert sorted(path.name for path in (tmp_path / "backup").iterdir()) == [erasure_list.NAME, MANIFEST, COPY]


def test_two_do_not_write_the_same_one(data: Path, tmp_path: Path) -> None:
    (tmp_path / ".backup.part").mkdir()
    first = Lock(tmp_path / ".backup.part/lock")

    with pytest.raises(Unavailable, match="is being made already"):
        make(data / "relay.db", tmp_path / "backup", silent)

    assert (tmp_path / ".backup.part").exists()
    first.free()


def test_of_a_damaged_database_nothing_is_kept(data: Path, tmp_path: Path) -> None:
    damage(data / "relay.db", "UPDATE sqlite_master SET rootpage = 3 WHERE name = 'members_of_community'")

    with pytest.raises(Unavailable, match=r"damaged|malformed"):
        make(data / "relay.db", tmp_path / "backup", silent)

    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_what_is_wrong_in_itself_is_found_in_the_copy(data: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(data / "relay.db", isolation_level=None)) as connection:
        connection.execute("DELETE FROM communities")

    with pytest.raises(Unavailable, match="a row of members points to nothing"):
        make(data / "relay.db", tmp_path / "backup", silent)

    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_what_is_taken_is_what_was_written(backup: Path, tmp_path: Path) -> None:
    take(backup, read(backup), tmp_path / "relay.db", silent)

    assert (tmp_path / "relay.db").read_bytes() == (backup / COPY).read_bytes()
    assert (tmp_path / "relay.db").stat().st_mode & 0o777 == 0o600


def test_a_changed_byte_is_noticed(backup: Path, tmp_path: Path) -> None:
    with (backup / COPY).open("r+b") as file:
        file.seek(5000)
        file.write(b"\xff")

    with pytest.raises(Unavailable, match="is not what was written"):
        take(backup, read(backup), tmp_path / "relay.db", silent)


def test_a_copy_that_is_gone_is_named(backup: Path, tmp_path: Path) -> None:
    (backup / COPY).unlink()

    with pytest.raises(Unavailable, match=re.escape(f"{backup / COPY}: No such file or directory")):
        take(backup, read(backup), tmp_path / "relay.db", silent)


Change = Callable[[dict[str, Any]], object]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda told: told.update(format=2), "of format 2, and this relay reads 1"),
        (lambda told: told.update(schema=["0001_first_tables", "0099_later"]), r"of a newer relay, .* \(it has 0099_later\)"),
        (lambda told: told.pop("sha256"), "is no manifest of a backup"),
        (lambda told: told.update(at="soon"), "is no manifest of a backup"),
        (lambda told: told.update(counts=5), "is no manifest of a backup"),
    ],
)
def test_a_manifest_that_cannot_be_relied_on_is_refused(backup: Path, change: Change, why: str) -> None:
    told = json.loads((backup / MANIFEST).read_text("utf-8"))
    change(told)
    (backup / MANIFEST).write_text(json.dumps(told), "utf-8")

    with pytest.raises(Unavailable, match=why):
        read(backup)


def test_what_is_no_backup_is_named(data: Path, tmp_path: Path) -> None:
    (tmp_path / "torn").mkdir()
    (tmp_path / "torn" / MANIFEST).write_text("{", "utf-8")

    for path, why in ((data, "is no backup"), (data / "relay.db", "is no backup"), (tmp_path / "torn", "no manifest")):
        with pytest.raises(Unavailable, match=why):
            read(path)


def damage(database: Path, sql: str) -> None:
    """Writes nonsense into the schema, as a bad disk would into a page."""
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute("PRAGMA writable_schema = 1")
        connection.execute(sql)
