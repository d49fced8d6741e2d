"""A look at a SQLite file from outside: read-only, without the relay's lock, as it is and unmended."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlite_utils import Database

from relay.core.errors import Unavailable
from relay.stores.schema import MIGRATIONS
from relay.stores.sql.look import Look
from relay.stores.sql.steps import Row
from relay.stores.sqlite_errors import CANTOPEN, READONLY, code
from relay.stores.sqlite_file import BUSY_MS, Connection, lite, migrations
from relay.stores.sqlite_writer import numbered

FAULTS_SHOWN = 5  # of a check of the whole file; the first says enough
AWAY = {READONLY, CANTOPEN}  # what SQLite needs beside the file cannot be made


class SqliteLook(Look):
    """What cannot be read raises Unavailable, which says why."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with self._said():
            self._connection = _opened(path)

    async def close(self) -> None:
        self._connection.close()

    async def applied(self) -> tuple[set[str], set[str]]:
        with self._said():
            had = migrations().applied(Database(self._connection, execute_plugins=False))
        return {each.name for each in had}, {name for name, _ in MIGRATIONS}

    async def faults(self, *, thorough: bool) -> list[str]:
        """What SQLite finds wrong in the file; `thorough` also compares indexes and references with their tables."""
        rows = await self._scan(f"PRAGMA {'integrity_check' if thorough else 'quick_check'}({FAULTS_SHOWN})")
        found = [str(row[0]) for row in rows if row[0] != "ok"]
        if thorough:
            rows = await self._scan("PRAGMA foreign_key_check")
            found += [f"a row of {row[0]} points to nothing in {row[2]}" for row in rows[:FAULTS_SHOWN]]
        return found

    async def _rows(self, sql: str, *args: object) -> list[Row]:
        with self._said():
            return self._connection.execute(numbered(sql), args).fetchall()  # type: ignore[no-any-return]

    async def _scan(self, sql: str, *args: object) -> list[Row]:
        return await self._rows(sql, *args)

    @contextmanager
    def _said(self) -> Iterator[None]:
        try:
            yield
        except lite.Error as error:
            raise Unavailable(f"{self._path} cannot be read: {error}.") from None


def _opened(path: Path) -> Connection:
    """Where nothing can be made beside it, such as on a medium that is read-only, a file without a log is read as it stands."""
    uri = f"{path.absolute().as_uri()}?mode=ro"
    try:
        return _connected(uri)
    except lite.OperationalError as error:
        log = path.with_name(f"{path.name}-wal")
        if code(error) not in AWAY or not path.is_file() or (log.exists() and log.stat().st_size):
            raise
        return _connected(f"{uri}&immutable=1")


def _connected(uri: str) -> Connection:
    connection = lite.connect(uri, uri=True, isolation_level=None)
    try:
        connection.text_factory = _text
        for pragma in (f"busy_timeout = {BUSY_MS}", "query_only = 1"):
            connection.execute(f"PRAGMA {pragma}").fetchall()
        connection.execute("SELECT count(*) FROM sqlite_master").fetchall()  # opens the file, which connecting does not
    except BaseException:
        connection.close()
        raise
    return connection


def _text(raw: bytes) -> str:
    """Also what is no text any more can be shown and checked."""
    return raw.decode("utf-8", "surrogateescape")
