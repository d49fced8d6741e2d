"""What `relay doctor` and `relay audit verify` say of a PostgreSQL: each line has its cause, in a real server."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from relay.cli.doctor.database import database
from relay.cli.doctor.finding import Finding
from relay.cli.doctor.patient import Patient
from relay.core.change import Record
from relay.stores.postgres import PostgresStore
from tests.cli.conftest import CommandLine
from tests.cli.examining import FAIL, NOW, OK, WARN, is_said, whole
from tests.servers.postgres import Postgres, running


@pytest.fixture
async def url(postgres: Postgres) -> AsyncIterator[str]:
    """A database with a relay's tables and some of its log."""
    made = await postgres.database()
    store = await PostgresStore.open(made, lambda _changes, _outcomes: None)
    for n in range(20):
        await store.commit(Record(NOW, "eva", "thread.read", f"thread-{n}", {}))
    await store.close()
    yield made
    await postgres.give_back(made)


async def found(asked: Patient) -> dict[str, list[Finding]]:
    """What is said, by the name of the check."""
    said: dict[str, list[Finding]] = {}
    async for finding in database(asked):
        said.setdefault(finding.check, []).append(finding)
    return said


def on(folder: Path, url: str) -> Patient:
    return whole(folder, RELAY_STORE__URL=url)


async def test_a_server_that_is_well_is_said_to_be(url: str, tmp_path: Path) -> None:
    said = await found(on(tmp_path, url))

    assert {check: [each.state for each in findings] for check, findings in said.items()} == {
        **{check: [OK] for check in ("tables", "database", "audit", "clock")},
    }
    assert is_said(said["audit"][0], OK, "the last 20 rows")


async def test_a_server_that_does_not_answer_is_named_without_the_password(tmp_path: Path) -> None:
    said = await found(on(tmp_path, "postgresql://eva:hunter2@127.0.0.1:1/pool"))

    (finding,) = said["database"]
    assert is_said(finding, FAIL, "PostgreSQL at 127.0.0.1:1/pool cannot be reached")
    assert "hunter2" not in str(said)


async def test_a_server_that_may_lose_what_was_accepted_is_named(require: Callable[[str], Path], tmp_path: Path) -> None:
    with running(require, fsync="off", max_connections="20") as server:
        unsafe = await found(on(tmp_path, await server.empty()))
    with running(require, max_connections="20") as server:
        narrow = await found(on(tmp_path, await server.empty()))

    assert is_said(unsafe["database"][0], FAIL, "It runs with fsync = off")
    assert is_said(unsafe["tables"][0], WARN, "none of a relay yet")
    assert is_said(narrow["database"][0], WARN, "of 20 connections, few are left")


async def test_clocks_that_differ_and_one_that_went_back_are_named(url: str, tmp_path: Path) -> None:
    early = await found(replace(on(tmp_path, url), clock=lambda: datetime.now(UTC) - timedelta(hours=1)))
    late = await found(replace(on(tmp_path, url), clock=lambda: datetime.now(UTC) + timedelta(hours=1)))

    apart, back = early["clock"]
    assert is_said(apart, WARN, "from this machine's")
    assert is_said(back, FAIL, "the clock went back")
    assert is_said(late["clock"][0], WARN, "the server's clock is -3600 s")


async def test_a_log_that_was_changed_is_named_and_verified(
    url: str, postgres: Postgres, relay: CommandLine, tmp_path: Path
) -> None:
    verify = ("audit", "verify", "--json")
    good = await asyncio.to_thread(relay, *verify, RELAY_STORE__URL=url)
    tamper = "SET session_replication_role = replica; UPDATE audit SET actor = 'jan' WHERE subject = 'thread-6'"
    await postgres.run(tamper, url.rpartition("/")[2])
    bad = await asyncio.to_thread(relay, *verify, RELAY_STORE__URL=url)
    said = await found(on(tmp_path, url))

    assert (good.code, good.thing["rows"], good.thing["holds"]) == (0, 20, True)
    assert (bad.code, bad.thing["rows"], bad.thing["broken"]["subject"]) == (1, 6, "thread-6")
    assert is_said(said["audit"][0], FAIL, "does not hold from row 7 on")
