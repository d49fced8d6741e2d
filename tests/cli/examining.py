"""What the tests of `relay doctor` share: a data folder as it should be, and what is found in one."""

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from relay.cli.doctor import examined
from relay.cli.doctor.database import database
from relay.cli.doctor.finding import Finding, State
from relay.cli.doctor.patient import Patient, patient
from relay.core.change import Record, SetFact
from relay.stores.sqlite import SqliteStore

OK, WARN, FAIL = State.OK, State.WARN, State.FAIL
NOW = datetime.now(UTC)


def fill(path: Path, at: datetime = NOW) -> None:
    """A relay's database, stopped."""

    async def run() -> None:
        store = await SqliteStore.open(path / "relay.db", lambda _changes, _outcomes: None)
        for n in range(20):
            await store.commit(Record(at, "eva", "thread.read", f"thread-{n}", {}), SetFact(f"fact-{n}", "x" * 2000))
        await store.close()

    asyncio.run(run())


def whole(data: Path, config: Path | None = None, **environ: str) -> Patient:
    """The patient whose data folder this is."""
    return patient(config, data, environ)


def found_inside(asked: Patient) -> dict[str, Finding]:
    """What is said of the database, by the name of the check; the worst where there are several."""

    async def run() -> list[Finding]:
        return [finding async for finding in database(asked)]

    order = [OK, WARN, FAIL]
    return {each.check: each for each in sorted(asyncio.run(run()), key=lambda each: order.index(each.state))}


def all_of(asked: Patient) -> list[Finding]:
    """Whatever is found."""

    async def run() -> list[Finding]:
        return [finding async for finding in examined(asked)]

    return asyncio.run(run())


def only(findings: Iterable[Finding]) -> Finding:
    (finding,) = findings
    return finding


def is_said(finding: Finding, state: State, what: str) -> bool:
    """This state, with these words, and with something to do unless all is well."""
    assert finding.state is state, finding
    assert what in finding.what
    assert bool(finding.fix) == (state is not OK)
    return True
