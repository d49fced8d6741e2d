"""A connection of another SQLite (apsw, whose files a test can own) as the relay's writer uses the one it has."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import apsw

from relay.stores import sqlite_file
from relay.stores.sqlite_file import lite
from tests.power.disk import Disk

_KINDS: Mapping[type[Exception], Any] = {
    apsw.ConstraintError: lite.IntegrityError,
    apsw.NotADBError: lite.DatabaseError,
    apsw.CorruptError: lite.DatabaseError,
}


class Cursor:
    """What `execute` gives."""

    def __init__(self, cursor: apsw.Cursor) -> None:
        self._cursor = cursor

    def execute(self, sql: str, args: Sequence[Any] = ()) -> "Cursor":
        with _as_the_relay_knows_it():
            self._cursor.execute(sql, tuple(args))
        return self

    def executemany(self, sql: str, args: Sequence[Sequence[Any]]) -> "Cursor":
        with _as_the_relay_knows_it():
            self._cursor.executemany(sql, [tuple(each) for each in args])
        return self

    def fetchall(self) -> list[Any]:
        with _as_the_relay_knows_it():
            return self._cursor.fetchall()

    def fetchone(self) -> Any:  # noqa: ANN401  as the relay's library has it
        with _as_the_relay_knows_it():
            return self._cursor.fetchone()

    def close(self) -> None:
        self._cursor.close()


class Connection:
    """Set as the relay sets its own, and `also` after that."""

    def __init__(self, path: Path, disk: Disk, *, is_writer: bool = True, also: Sequence[str] = ()) -> None:
        flags = apsw.SQLITE_OPEN_READWRITE if is_writer else apsw.SQLITE_OPEN_READONLY
        with _as_the_relay_knows_it():
            self._connection = apsw.Connection(str(path), flags=flags, vfs=disk.name)
        sqlite_file.set_pragmas(self, sqlite_file.WRITER if is_writer else sqlite_file.READER)
        self.execute("SELECT count(*) FROM sqlite_master").fetchall()
        for sql in also:
            self.execute(sql).fetchall()

    @property
    def statement(self) -> str:
        """What was executed last on it; a commit runs while it is that."""
        return self._statement

    @property
    def in_transaction(self) -> bool:
        return self._connection.in_transaction

    def cursor(self) -> Cursor:
        return Cursor(self._connection.cursor())

    def execute(self, sql: str, args: Sequence[Any] = ()) -> Cursor:
        self._statement = sql
        return self.cursor().execute(sql, args)

    def close(self) -> None:
        with _as_the_relay_knows_it():
            self._connection.close()


@contextmanager
def _as_the_relay_knows_it() -> Iterator[None]:
    try:
        yield
    except apsw.Error as error:
        known_error = _KINDS.get(type(error), lite.OperationalError)(str(error))
        known_error.sqlite_errorcode = getattr(error, "extendedresult", 0) or getattr(error, "result", 0)
        raise known_error from error
