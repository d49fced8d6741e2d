"""The SQLite file: who may open it, how connections are set, how it gets its tables, and the copy made before they change."""

import fcntl
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import structlog
from sqlite_utils import Database, Migrations

from relay.core.errors import Unavailable
from relay.stores.schema import MIGRATIONS, SQLITE_WORDS, statement
from relay.stores.stable import sync

try:
    import pysqlite3.dbapi2 as lite
except ImportError:
    import sqlite3 as lite

__all__ = ["Connection", "Lock", "back_up", "lite", "migrate", "migrations", "reader", "set_pragmas", "writer"]

Connection = Any
"""Of whichever library is there: the bundled newer one or the interpreter's."""

BUSY_MS = 5000  # an operator's own tool may hold the file for a moment
CACHED_STATEMENTS = 512  # more than there are, so that none is parsed twice
WRITER_CACHE_KIB = 32 * 1024  # a group of changes never spills to the file before its commit
READER_CACHE_KIB = 8 * 1024
WAL_PAGES = 4000  # 16 MiB until the log is written into the file; mostly an idle moment does it before
WAL_BYTES_KEPT = 64 * 1024 * 1024  # a longer log is cut, and new scans wait until it is
SECURE_SEARCH_SINCE = (3, 42, 0)  # FTS5 leaves deleted words in its index before

SEARCH = (
    """
    CREATE VIRTUAL TABLE messages_fts USING fts5 (
        text, content = 'messages', content_rowid = 'n', tokenize = "unicode61 remove_diacritics 2")""",
    """
    CREATE TRIGGER messages_found AFTER INSERT ON messages BEGIN
        INSERT INTO messages_fts (rowid, text) VALUES (new.n, new.text);
    END""",
    """
    CREATE TRIGGER messages_lost AFTER DELETE ON messages BEGIN
        INSERT INTO messages_fts (messages_fts, rowid, text) VALUES ('delete', old.n, old.text);
    END""",
)
AUDIT_STAYS = (
    """
    CREATE TRIGGER audit_unchanged BEFORE UPDATE ON audit BEGIN
        SELECT RAISE(ABORT, 'the audit log is only added to');
    END""",
    """
    CREATE TRIGGER audit_undeleted BEFORE DELETE ON audit BEGIN
        SELECT RAISE(ABORT, 'the audit log is only added to');
    END""",
)
OWN_STATEMENTS: Mapping[str, tuple[str, ...]] = {"0001_first_tables": SEARCH, "0002_faults": AUDIT_STAYS}
NO_RUNS = """DELETE FROM runs"""  # the lock shows that none of them is at work any more
SECURE_SEARCH = """INSERT INTO messages_fts (messages_fts, rank) VALUES ('secure-delete', 1)"""
NEWER_SEARCH = """SELECT 1 FROM messages_fts_config WHERE k = 'version' AND v > 4"""
OLD_SEARCH = (
    """UPDATE messages_fts_config SET v = 4 WHERE k = 'version'""",
    """DELETE FROM messages_fts_config WHERE k = 'secure-delete'""",
    """INSERT INTO messages_fts (messages_fts) VALUES ('rebuild')""",
)

BOTH: Mapping[str, int | str] = {"busy_timeout": BUSY_MS, "foreign_keys": 1}
WRITER: Mapping[str, int | str] = {
    **BOTH,
    "journal_mode": "wal",
    "synchronous": 2,  # FULL: with NORMAL a power cut takes acknowledged commits away
    "secure_delete": 1,
    "wal_autocheckpoint": 0,  # see sqlite_log
    "journal_size_limit": WAL_BYTES_KEPT,
    "cache_size": -WRITER_CACHE_KIB,
}
READER: Mapping[str, int | str] = {**BOTH, "query_only": 1, "cache_size": -READER_CACHE_KIB}

log = structlog.get_logger(__name__)


class Lock:
    """Keeps a second relay off the same folder; the operating system frees it however the process ends."""

    def __init__(self, path: Path) -> None:
        """Raises Unavailable when another process has it."""
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = os.read(self._file, 20).decode("ascii", "replace").strip() or "unknown"
            os.close(self._file)
            raise Unavailable(f"{path.parent} is in use by another relay, process {holder}.") from None
        holder = f"{os.getpid()}\n"
        os.pwrite(self._file, holder.encode(), 0)  # before it is cut, so that a full disk has room for it
        os.ftruncate(self._file, len(holder))

    def free(self) -> None:
        """Lets the next one in."""
        os.close(self._file)


def writer(path: Path) -> Connection:
    """The one connection that writes, on a file with its tables as they should be. Raises Unavailable when it cannot be."""
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    connection = _connect(path.absolute().as_uri() + "?mode=rw", WRITER)
    try:
        migrate(connection, path)
        _fit_search(connection)
        connection.execute(NO_RUNS)
    except BaseException:
        connection.close()
        raise
    return connection


def _fit_search(connection: Connection) -> None:
    """Has deleted words leave the index at once; where SQLite is too old for that, the index is made anew in its old form."""
    if lite.sqlite_version_info >= SECURE_SEARCH_SINCE:
        connection.execute(SECURE_SEARCH)
        return
    if connection.execute(NEWER_SEARCH).fetchall():
        connection.execute("BEGIN IMMEDIATE")
        for sql in OLD_SEARCH:
            connection.execute(sql)
        connection.execute("COMMIT")


def reader(path: Path) -> Connection:
    """A connection that cannot write. It keeps a hold of the file, so that no writer that closes folds the log unasked."""
    connection = _connect(path.absolute().as_uri() + "?mode=ro", READER)
    try:
        connection.execute("SELECT count(*) FROM sqlite_master").fetchall()
    except BaseException:
        connection.close()
        raise
    return connection


def _connect(uri: str, pragmas: Mapping[str, int | str]) -> Connection:
    connection = lite.connect(uri, uri=True, isolation_level=None, check_same_thread=False, cached_statements=CACHED_STATEMENTS)
    try:
        set_pragmas(connection, pragmas)
    except BaseException:
        connection.close()
        raise
    return connection


def set_pragmas(connection: Connection, pragmas: Mapping[str, int | str]) -> None:
    """Raises Unavailable when one does not hold: SQLite says nothing of its own accord."""
    for name, value in pragmas.items():
        connection.execute(f"PRAGMA {name} = {value}").fetchall()
        (found,) = connection.execute(f"PRAGMA {name}").fetchone()
        if found != value:
            raise Unavailable(f"SQLite does not take {name} = {value} here; it stays {found}.")


def migrations(steps: tuple[tuple[str, tuple[str, ...]], ...] = MIGRATIONS) -> Migrations:
    """As sqlite-utils runs them, so that its command line shows them too."""
    made = Migrations("relay")
    for name, statements in steps:
        _register(made, name, (*statements, *OWN_STATEMENTS.get(name, ())))
    return made


def _register(to: Migrations, name: str, statements: tuple[str, ...]) -> None:
    @to(name=name)
    def apply(db: Database) -> None:
        for each in statements:
            db.conn.execute(statement(each, SQLITE_WORDS))


def migrate(connection: Connection, path: Path, known: Migrations | None = None) -> None:
    """Brings the tables up to date in one transaction; copies the file first when there is something to lose.

    The copy keeps what is erased later, so its time is limited (copies). Raises Unavailable when a newer relay made the file.
    """
    known = known or migrations()
    database = Database(connection, execute_plugins=False)
    applied = {each.name for each in known.applied(database)}
    pending = known.pending(database)
    if unknown := applied - {each.name for each in known._migrations}:  # noqa: SLF001  there is no other way to ask
        raise Unavailable(f"{path} was written by a newer relay (it has {', '.join(sorted(unknown))}).")
    if not pending:
        return
    if applied:
        copy = path.with_name(f"{path.name}.before-{pending[0].name}")
        back_up(connection, copy)
        log.warning("copied before the tables change; the copy is deleted after store.copies_days", copy=str(copy))
    connection.execute("BEGIN IMMEDIATE")
    try:
        known.apply(database)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def back_up(connection: Connection, to: Path) -> None:
    """A whole copy on stable storage; an older one of the same name is replaced only when the new one is complete."""
    part = to.with_name(to.name + ".part")
    part.unlink(missing_ok=True)
    os.close(os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    connection.execute("VACUUM INTO ?", (str(part),))
    sync(part)
    part.replace(to)
    sync(to.parent)
