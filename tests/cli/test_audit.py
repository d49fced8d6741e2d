"""`relay audit`: who did what, and a log that somebody wrote to behind the relay's back is found."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from relay.core.change import Record
from relay.stores.sqlite import SqliteStore
from tests.cli.conftest import OWNER, CommandLine, Served

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


def fill(folder: Path, rows: int) -> None:
    """A stopped relay's data folder with so many rows in its log."""

    async def run() -> None:
        store = await SqliteStore.open(folder / "relay.db", lambda _changes, _outcomes: None)
        await store.commit(*(Record(NOON, "eva", "thread.read", f"thread-{n}", {}) for n in range(rows)))
        await store.close()

    asyncio.run(run())


def tamper(folder: Path, sql: str) -> None:
    with closing(sqlite3.connect(folder / "relay.db", isolation_level=None)) as connection:
        connection.execute("DROP TRIGGER IF EXISTS audit_unchanged")
        connection.execute("DROP TRIGGER IF EXISTS audit_undeleted")
        connection.execute(sql)


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Served]:
    served = Served(tmp_path, RELAY_OWNER_TOKEN=OWNER)
    yield served
    served.stop()


def test_who_did_what_is_listed_the_newest_first(owner: CommandLine) -> None:
    owner.json("community", "create", "pool", "--name", "Town Pool")
    eva = owner.json("staff", "add", "Eva", "--role", "agent").thing

    listed = owner.json("audit", "list", "--limit", "3").things
    shown = owner("audit", "list", "--limit", "3")

    assert [each["action"] for each in listed] == ["link.add", "staff.add", "community.add"]
    assert [each["subject"] for each in listed[:2]] == [eva["id"]] * 2
    assert "staff.add" in shown.out


def test_the_log_of_a_running_relay_is_verified_and_its_head_is_found_again(relay: CommandLine, running: Served) -> None:
    first = relay.json("audit", "verify").thing
    relay.json("staff", "add", "Eva", "--role", "agent", RELAY_TOKEN=OWNER)

    second = relay.json("audit", "verify", "--head", first["head"].upper()).thing
    newest = relay.json("audit", "list", "--limit", "1", RELAY_TOKEN=OWNER).thing

    assert running.url
    assert (first["holds"], first["rows"], first["older"], first["broken"]) == (True, 1, 0, None)
    assert (second["holds"], second["rows"], second["noted_at"]) == (True, 3, 1)
    assert second["head"] == newest["digest"]


def test_a_log_of_many_pages_is_followed_to_its_end(relay: CommandLine, tmp_path: Path) -> None:
    fill(tmp_path / "data", 2500)

    result = relay.json("audit", "verify")

    assert (result.thing["rows"], result.thing["head_at"]["subject"]) == (2500, "thread-2499")
    assert result.err == ""


@pytest.mark.parametrize(
    ("sql", "row"),
    [
        ("UPDATE audit SET actor = 'jan' WHERE n = 1200", 1200),
        ("UPDATE audit SET detail = '{ }' WHERE n = 1200", 1200),
        ("UPDATE audit SET at = 9000000000000000000 WHERE n = 1200", 1200),
        ("UPDATE audit SET subject = CAST(x'ff' AS TEXT), actor = x'00' WHERE n = 1200", 1200),
        ("DELETE FROM audit WHERE n = 1200", 1201),
        ("UPDATE audit SET digest = '' WHERE n < 1200", 1200),
        ("INSERT INTO audit VALUES (-9, 0, 'eva', 'act', 'x', '{}', 'x')", -9),
    ],
)
def test_a_row_that_does_not_hold_is_named_with_exit_code_1(sql: str, row: int, relay: CommandLine, tmp_path: Path) -> None:
    fill(tmp_path / "data", 1500)
    tamper(tmp_path / "data", sql)

    result = relay("audit", "verify", "--json")

    assert (result.code, result.thing["holds"]) == (1, False)
    assert result.thing["broken"]["n"] == row
    assert f"does not hold from row {row} on" in result.err
    assert "Traceback" not in result.err


def test_a_tail_that_was_cut_off_is_found_with_a_digest_noted_earlier(relay: CommandLine, tmp_path: Path) -> None:
    fill(tmp_path / "data", 10)
    noted = relay.json("audit", "verify").thing["head"]
    tamper(tmp_path / "data", "DELETE FROM audit WHERE n > 7")

    unnoted = relay("audit", "verify")
    result = relay("audit", "verify", "--head", noted, "--json")

    assert unnoted.code == 0
    assert (result.code, result.thing["holds"], result.thing["noted_at"]) == (1, False, None)
    assert "stands nowhere in the audit log" in result.err


def test_what_cannot_be_verified_is_a_failure_and_no_trace(relay: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    missing = relay("audit", "verify")
    (tmp_path / "data" / "relay.db").write_text("no database" * 500, "utf-8")
    broken = relay("audit", "verify", "--data", "data")

    assert (missing.code, broken.code) == (1, 1)
    assert "relay.db cannot be read: unable to open" in missing.err
    assert "not a database" in broken.err
    assert "Traceback" not in missing.err + broken.err


def test_a_head_that_is_no_digest_is_a_wrong_usage(relay: CommandLine) -> None:
    assert relay("audit", "verify", "--head", "abc").code == 2
