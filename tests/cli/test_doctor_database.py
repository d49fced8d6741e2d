"""What `relay doctor` says of the database: each line has its cause, in a real file."""

import os
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from relay.cli.doctor.inside import tables
from relay.stores import sqlite_file
from relay.stores.schema import MIGRATIONS
from relay.stores.sqlite_file import lite
from tests.cli.examining import FAIL, NOW, OK, WARN, fill, found_inside, is_said, only, whole


@pytest.fixture
def data(tmp_path: Path) -> Path:
    fill(tmp_path)
    return tmp_path


def test_a_database_that_is_well_is_said_to_be(data: Path) -> None:
    said = found_inside(whole(data))

    assert {check: each.state for check, each in said.items()} == dict.fromkeys(
        ("database", "tables", "integrity", "audit", "clock"), OK
    )
    assert is_said(said["audit"], OK, "the last 20 rows")


def test_a_page_that_is_damaged_is_named(data: Path) -> None:
    raw = bytearray((data / "relay.db").read_bytes())
    with closing(lite.connect(data / "relay.db")) as connection:
        (root,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'facts'").fetchone()
    raw[(root - 1) * 4096 : root * 4096] = b"\xff" * 4096
    (data / "relay.db").write_bytes(raw)

    said = found_inside(whole(data))

    assert is_said(said["integrity"], FAIL, "damaged")
    assert is_said(said["audit"], OK, "the last 20 rows")


def test_an_index_that_lost_a_row_is_found_when_asked_to_be_thorough(data: Path) -> None:
    with closing(lite.connect(data / "relay.db", isolation_level=None)) as connection:
        connection.execute("PRAGMA writable_schema = 1")
        connection.execute("CREATE TABLE plain (n INTEGER PRIMARY KEY, x)")
        connection.execute("CREATE INDEX plain_x ON plain (x)")
        connection.execute(
            "UPDATE sqlite_master SET sql = 'CREATE INDEX plain_x ON plain (x) WHERE x = 9' WHERE name = 'plain_x'"
        )
        connection.execute("PRAGMA writable_schema = RESET")
        connection.execute("INSERT INTO plain (x) VALUES (1)")
        connection.execute("PRAGMA writable_schema = 1")
        connection.execute("UPDATE sqlite_master SET sql = 'CREATE INDEX plain_x ON plain (x)' WHERE name = 'plain_x'")

    thorough = found_inside(replace(whole(data), is_thorough=True))

    assert is_said(thorough["integrity"], FAIL, "row 1 missing from index plain_x")


def test_a_database_that_is_missing_or_behind_its_mark_is_named(data: Path) -> None:
    with sqlite3.connect(data / "relay.db") as connection:
        connection.execute("UPDATE facts SET value = '3' WHERE name = 'last_group'")
    behind = found_inside(whole(data))
    (data / "relay.db").unlink()
    gone = found_inside(whole(data))

    assert is_said(behind["database"], FAIL, "ends with group 3 of its commits")
    assert is_said(gone["database"], FAIL, "is gone")


def test_a_new_folder_has_no_database_yet(tmp_path: Path) -> None:
    assert is_said(found_inside(whole(tmp_path))["database"], WARN, "there is none")


def test_a_log_that_grew_long_is_named(data: Path) -> None:
    (data / "relay.db-wal").touch()
    os.truncate(data / "relay.db-wal", 70 * 1024 * 1024)

    assert is_said(found_inside(whole(data))["database"], WARN, "its log 70.0 MiB, which is long")


def test_tables_of_another_version_are_named(tmp_path: Path) -> None:
    with closing(lite.connect(tmp_path / "relay.db", isolation_level=None)) as connection:
        sqlite_file.migrate(connection, tmp_path / "relay.db", sqlite_file.migrations(MIGRATIONS[:1]))
    older = found_inside(whole(tmp_path))
    with closing(lite.connect(tmp_path / "relay.db", isolation_level=None)) as connection:
        more = (*MIGRATIONS, ("9999_more", ("CREATE TABLE more (n $KEY)",)))
        sqlite_file.migrate(connection, tmp_path / "relay.db", sqlite_file.migrations(more))
    newer = found_inside(whole(tmp_path))

    assert is_said(older["tables"], WARN, "of an older relay")
    assert is_said(newer["tables"], FAIL, "a newer relay wrote this database (it has 9999_more)")
    assert is_said(only(tables(set(), {"0001"}, "Copy it.")), WARN, "none of a relay")


def test_an_audit_log_that_was_changed_is_named(data: Path) -> None:
    with closing(lite.connect(data / "relay.db", isolation_level=None)) as connection:
        connection.execute("DROP TRIGGER audit_unchanged")
        connection.execute("UPDATE audit SET actor = 'jan' WHERE n = 7")

    assert is_said(found_inside(whole(data))["audit"], FAIL, "does not hold from row 7 on")


def test_a_clock_that_went_back_is_named(tmp_path: Path) -> None:
    fill(tmp_path, NOW + timedelta(hours=3))

    early = found_inside(whole(tmp_path))
    late = found_inside(replace(whole(tmp_path), clock=lambda: NOW + timedelta(hours=4)))

    assert is_said(early["clock"], FAIL, "the clock went back")
    assert is_said(late["clock"], OK, "not before what was written last")
