"""The real store under the simulation, on a real event loop that runs while the simulated one stands still."""

import asyncio
from collections.abc import Awaitable, Coroutine, Generator, Iterator
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar, cast

from relay.core.change import Change, Outcome
from relay.ports import Store
from relay.stores.sqlite import SqliteStore
from relay.stores.sqlite_file import lite

T = TypeVar("T")

Commit = tuple[tuple[Change, ...], tuple[Outcome, ...]]
OF_THE_ENGINE = ("sqlite_", "_sqlite", "messages_fts")


class Ground(Protocol):
    """One engine. What the store announces waits in `told` for who drives the simulation."""

    @property
    def store(self) -> Store: ...
    @property
    def told(self) -> list[Commit]: ...
    def run(self, work: Awaitable[T]) -> T:
        """Awaits it to its end, whatever threads and sockets that takes."""
        ...

    def wipe(self) -> None:
        """Empties all tables, so that the next seed finds them as after the first start."""
        ...

    def end_runs(self) -> None:
        """As a start does on an engine that lets in one process alone: none of the others is at work any more."""
        ...

    def rows(self, *tables: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """Everything that is stored there, as (table, row); all tables when none is named."""
        ...

    def close(self) -> None: ...


class SqliteGround:
    """A file that is emptied for each seed: making one takes longer than a whole run."""

    def __init__(self, folder: Path) -> None:
        self.told: list[Commit] = []
        self._loop = asyncio.new_event_loop()
        self._path = folder / "relay.db"
        opened = SqliteStore.open(self._path, lambda changes, outcomes: self.told.append((changes, outcomes)))
        self._sqlite: SqliteStore = self._loop.run_until_complete(opened)
        self.store: Store = self._sqlite
        self._beside = lite.connect(self._path, isolation_level=None)
        self._beside.row_factory = lite.Row
        self._beside.execute("PRAGMA foreign_keys = 0")
        self._tables = _tables(self._beside)

    def run(self, work: Awaitable[T]) -> T:
        """A look-up waits for nothing, so most need no turn of the loop."""
        whole = _whole(work)
        try:
            waits_for = whole.send(None)
        except StopIteration as end:
            return cast("T", end.value)
        return self._loop.run_until_complete(_rest(whole, waits_for))

    def wipe(self) -> None:
        """Triggers keep rows from being deleted, so they are away meanwhile."""
        connection = self._beside
        connection.execute("BEGIN IMMEDIATE")
        triggers = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for name, _ in triggers:
            connection.execute(f"DROP TRIGGER {name}")
        for table in [*self._tables, "sqlite_sequence"]:
            connection.execute(f"DELETE FROM {table}")  # noqa: S608  names from the schema
        connection.execute("INSERT INTO messages_fts (messages_fts) VALUES ('delete-all')")
        for _, sql in triggers:
            connection.execute(sql)
        connection.execute("COMMIT")
        self.told.clear()

    def end_runs(self) -> None:
        self._beside.execute("DELETE FROM runs")

    def rows(self, *tables: str) -> Iterator[tuple[str, dict[str, Any]]]:
        for table in tables or self._tables:
            for row in self._beside.execute(f"SELECT * FROM {table}").fetchall():  # noqa: S608
                yield table, dict(row)

    def close(self) -> None:
        self._beside.close()
        self._loop.run_until_complete(self._sqlite.close())
        self._loop.close()


def _tables(connection: Any) -> list[str]:  # noqa: ANN401  of either library
    found = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    return [name for (name,) in map(tuple, found) if not name.startswith(OF_THE_ENGINE)]


async def _whole(work: Awaitable[T]) -> T:
    return await work


async def _rest(begun: Coroutine[Any, Any, T], waits_for: object) -> T:
    """What was begun outside of the loop goes on in it."""
    return await _Rest(begun, waits_for)


class _Rest(Generic[T]):
    """Waits first for what was waited for already."""

    def __init__(self, begun: Coroutine[Any, Any, T], waits_for: object) -> None:
        self._begun = begun
        self._waits_for = waits_for

    def __await__(self) -> Generator[Any, Any, T]:
        yield self._waits_for
        return (yield from self._begun.__await__())


_: type[Ground] = SqliteGround
