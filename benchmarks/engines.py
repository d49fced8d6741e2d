"""The engines side by side: a fresh database on each, a PostgreSQL of our own for it, and many members quickly."""

import argparse
import glob
import os
import shutil
import statistics
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from relay.bus import Bus
from relay.clock import SystemClock
from relay.core.run import FOR_EVER
from relay.flows.keep import Keep
from relay.ports import Engine
from relay.stores.postgres import PostgresStore
from relay.stores.sqlite import SqliteStore
from relay.stores.sqlite_file import lite
from tests.servers.postgres import Postgres, running

SQLITE, POSTGRESQL, BOTH = "sqlite", "postgresql", "both"
FOLDERS = "/usr/sbin /usr/local/sbin /usr/lib/postgresql/*/bin /opt/homebrew/sbin"  # where systems put daemons
DATABASE = "relay.db"

# Copies of the first member, so that a million take seconds. The number is written into it: the two drivers bind differently.
COPIES = (
    """
    WITH RECURSIVE g(k) AS (SELECT 1 UNION ALL SELECT k + 1 FROM g WHERE k < {})
    INSERT INTO members
        (id, community, pseudonym, name, language, time_zone, tags, attributes, standing, joined_at)
    SELECT m.id || '-' || g.k, m.community, m.pseudonym, m.name, m.language, m.time_zone, m.tags, m.attributes, 0, m.joined_at
    FROM g, members m WHERE m.n = (SELECT min(n) FROM members) ORDER BY g.k""",
    """
    INSERT INTO streams (member, first_seq, last_seq, sent_seq, delivered_seq, read_seq, approved)
    SELECT n, 1, 0, 0, 0, 0, 0 FROM members WHERE n > (SELECT min(n) FROM members) ORDER BY n""",
)


@dataclass(frozen=True, slots=True)
class Place:
    """A database of its own; `url` is there with PostgreSQL, whose folder holds what lies outside of it."""

    folder: Path
    url: str | None = None

    @property
    def environment(self) -> Mapping[str, str]:
        """For a relay that is to work on it."""
        return {**os.environ, "RELAY_STORE__URL": self.url} if self.url else dict(os.environ)

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Engine]:
        """Its store, closed in the end."""
        told = Bus().announce
        store: Engine = (
            await PostgresStore.open(self.url, told) if self.url else await SqliteStore.open(self.folder / DATABASE, told)
        )
        try:
            yield store
        finally:
            await store.close()

    async def run(self, *statements: str) -> list[Any]:
        """Each is a commit as durable as the store's; the first column of the last one's rows. The store is idle meanwhile."""
        if self.url is None:
            return self._run_lite(*statements)
        connection = await import_module("asyncpg").connect(self.url)
        try:
            return [[row[0] for row in await connection.fetch(each)] for each in statements][-1]
        finally:
            await connection.close()

    def _run_lite(self, *statements: str) -> list[Any]:
        connection = lite.connect(self.folder / DATABASE, isolation_level=None)
        try:
            connection.execute("PRAGMA synchronous = FULL")
            return [[row[0] for row in connection.execute(each).fetchall()] for each in statements][-1]
        finally:
            connection.close()

    async def seconds(self, statement: str) -> float:
        """How long it takes, with its commit, on a connection that is there."""
        if self.url is None:
            return self._seconds_lite(statement)
        connection = await import_module("asyncpg").connect(self.url)
        began = time.perf_counter()
        await connection.execute(statement)
        took = time.perf_counter() - began
        await connection.close()
        return took

    def _seconds_lite(self, statement: str) -> float:
        connection = lite.connect(self.folder / DATABASE, isolation_level=None)
        connection.execute("PRAGMA synchronous = FULL")
        began = time.perf_counter()
        connection.execute(statement)
        took = time.perf_counter() - began
        connection.close()
        return took

    async def multiply(self, members: int) -> None:
        """That many more, like the first."""
        if members > 0:
            await self.run(*(sql.format(members) for sql in COPIES))
            if self.url is not None:
                await self.run("VACUUM ANALYZE")  # as its own daemon does it within a minute


@dataclass(frozen=True, slots=True)
class Engines:
    """What was asked for; `server` is there when PostgreSQL is among it."""

    names: Sequence[str]
    server: Postgres | None

    async def place(self, name: str, folder: Path) -> Place:
        """A fresh database."""
        return Place(folder, await self.server.empty() if name == POSTGRESQL and self.server else None)

    async def end(self, place: Place) -> None:
        if place.url is not None and self.server is not None:
            await self.server.drop(place.url)


@asynccontextmanager
async def run_of(store: Engine) -> AsyncIterator[Keep]:
    """The run that a process needs to publish."""
    keep = Keep(store, SystemClock(), FOR_EVER)
    await keep.renew()
    yield keep
    await keep.end()


def add_choice(parser: argparse.ArgumentParser) -> None:
    """The option that every benchmark of a store has."""
    parser.add_argument("--engine", choices=(SQLITE, POSTGRESQL, BOTH), default=BOTH, help="both where PostgreSQL is installed")


@contextmanager
def engines(choice: str) -> Iterator[Engines]:
    """Starts PostgreSQL where it is asked for, with fsync on, and stops it. SystemExit when it is named and not there."""
    program = _program()
    if choice == SQLITE or (choice == BOTH and program is None):
        yield Engines((SQLITE,), None)
        return
    if program is None:
        raise SystemExit("PostgreSQL is not installed: no program postgres. Take --engine sqlite.")
    with running(lambda _name: program) as server:
        yield Engines((SQLITE, POSTGRESQL) if choice == BOTH else (POSTGRESQL,), server)


def _program() -> Path | None:
    folders = [os.environ.get("PATH", ""), *(found for each in FOLDERS.split() for found in glob.glob(each))]  # noqa: PTH207
    found = shutil.which("postgres", path=os.pathsep.join(folders))
    return Path(found) if found else None


def ratios(medians: Mapping[str, Mapping[str, float]]) -> None:
    """Prints PostgreSQL's medians as multiples of SQLite's, where both are there."""
    if {SQLITE, POSTGRESQL} <= set(medians):
        print("PostgreSQL against SQLite")
        for name, value in medians[POSTGRESQL].items():
            with suppress(ZeroDivisionError, KeyError):
                print(f"{name:40} {value / medians[SQLITE][name]:10.2f}")


def median(figures: Mapping[str, Sequence[float]]) -> dict[str, float]:
    return {name: round(statistics.median(values), 4) for name, values in figures.items()}
