"""SQLite behind the Store: one writer thread, one reader on the loop for look-ups, a few in threads for what takes longer."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import structlog

from relay.core.change import Change, Outcome
from relay.core.errors import Unavailable
from relay.ports import Store, Told
from relay.stores import sqlite_file
from relay.stores.sql.attempts import Attempts
from relay.stores.sql.cases import Cases
from relay.stores.sql.communities import Communities
from relay.stores.sql.deliveries import Deliveries
from relay.stores.sql.members import Members
from relay.stores.sql.messages import Messages
from relay.stores.sql.posts import Posts
from relay.stores.sql.record import OwnRecord
from relay.stores.sql.scope import OwnScope
from relay.stores.sql.signing_in import SigningIn
from relay.stores.sql.staff import People
from relay.stores.sql.steps import Row
from relay.stores.sql.threads import Threads
from relay.stores.sql.tokens import Tokens
from relay.stores.sqlite_log import Log
from relay.stores.sqlite_writer import Limits, Settled, Work, Writer, numbered

LIMITS = Limits()
MAX_SCANS = 200  # waiting: counts, lists and searches
INTERRUPT_AGAIN = 0.02  # seconds
SCANNERS = 2  # threads; more would only compete for the same disk and processor
FOUND = """SELECT rowid FROM messages_fts WHERE messages_fts MATCH {}"""

log = structlog.get_logger(__name__)


def _unheard(_commits: int, _seconds: float) -> None:
    """Nobody counts."""


@dataclass(slots=True)
class Tally:
    """What was written: `groups` of commits each cost one fsync; refused ones are in neither."""

    groups: int = 0
    commits: int = 0


class SqliteStore(
    Communities, Members, Tokens, SigningIn, People, Posts, Deliveries, Attempts, Threads, Messages, Cases, OwnRecord
):
    """Made by `open`. When `broken` is set nothing can be written any more: the process ends and recovers at its start.

    `grouped` hears of each group: how many commits, and the seconds until they were on the disk.
    """

    def __init__(self, path: Path, told: Told, lock: sqlite_file.Lock, writer: Writer) -> None:
        self.broken = asyncio.Event()
        self.tally = Tally()
        self.grouped: Callable[[int, float], None] = _unheard
        self._told = told
        self._lock = lock
        self._loop = asyncio.get_running_loop()
        self._waiting = 0
        self._scanning = 0
        self._closing = False
        self._reader = sqlite_file.reader(path)
        self._scanners = _Scanners(path, writer.log)
        self._writer = writer
        writer.start(self._settle_soon)

    @classmethod
    async def open(cls, path: Path, told: Told, limits: Limits = LIMITS) -> "SqliteStore":
        """Makes or migrates the file at `path`. Raises Unavailable when it is in use, newer, or not to be relied on."""
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = sqlite_file.Lock(path.parent / "lock")
        try:
            connection = await asyncio.to_thread(sqlite_file.writer, path)
            return cls(path, told, lock, Writer(connection, limits))
        except BaseException:
            lock.free()
            raise

    async def close(self) -> None:
        """Breaks off what is being searched, writes what waits, then ends; a second call does nothing."""
        if self._closing:
            return
        self._closing = True
        await asyncio.to_thread(self._scanners.close)
        await asyncio.to_thread(self._writer.stop)
        self._reader.close()
        self._lock.free()

    async def commit(self, *changes: Change) -> tuple[Outcome, ...]:
        if self._closing:
            raise Unavailable("The relay is shutting down; nothing was changed.")
        if self.broken.is_set():
            raise Unavailable("The store has failed; nothing was changed.")
        if self._waiting >= self._writer.limits.waiting:
            raise Unavailable(f"{self._waiting} commits wait already; nothing was changed.", retry_after=1)
        self._waiting += 1
        waiter: asyncio.Future[tuple[Outcome, ...]] = self._loop.create_future()
        self._writer.put(Work(changes, waiter))
        return await waiter

    def of(self, member: int) -> OwnScope:
        return OwnScope(member, self._rows, self._scan)

    def _settle_soon(self, settled: list[Settled], lost: str | None, seconds: float) -> None:
        try:
            self._loop.call_soon_threadsafe(self._settle, settled, lost, seconds)
        except RuntimeError:  # the loop ended without `close`; what was committed stays committed
            log.warning("nobody is left to tell", commits=len(settled))

    def _settle(self, settled: list[Settled], lost: str | None, seconds: float) -> None:
        """What was committed is announced before anybody goes on with it."""
        self._waiting -= len(settled)
        done = [each for each in settled if each.problem is None]
        if done:
            self.tally.groups += 1
            self.tally.commits += len(done)
            self._count(len(done), seconds)
        if lost is not None:
            self.broken.set()
        for each in done:
            try:
                self._told(each.work.changes, each.outcomes)
            except Exception:
                log.exception("announcing failed")
        for each in settled:
            waiter = each.work.waiter
            if waiter.done():
                continue
            if each.problem is None:
                waiter.set_result(each.outcomes)
            else:
                waiter.set_exception(each.problem)

    def _count(self, commits: int, seconds: float) -> None:
        try:
            self.grouped(commits, seconds)
        except Exception:
            log.exception("counting failed")

    async def _rows(self, sql: str, *args: object) -> list[Row]:
        return self._reader.execute(numbered(sql), args).fetchall()  # type: ignore[no-any-return]

    async def _scan(self, sql: str, *args: object) -> list[Row]:
        if self._closing:
            raise Unavailable("The relay is shutting down.")
        if self._scanning >= MAX_SCANS:
            raise Unavailable(f"{MAX_SCANS} searches and lists wait already.", retry_after=1)
        self._scanning += 1
        try:
            return await self._loop.run_in_executor(self._scanners.pool, self._scanners.rows, numbered(sql), args)
        finally:
            self._scanning -= 1

    def _search(self, text: str, parameter: str) -> tuple[str, str]:
        words = [word.replace('"', '""') for word in text.split()]
        return FOUND.format(parameter), " ".join(f'"{word}"*' for word in words) or '""'


class _Scanners:
    """Threads that read, each with a connection of its own."""

    def __init__(self, path: Path, log_: Log) -> None:
        self._path = path
        self._log = log_
        self._closing = False
        self._own = threading.local()
        self._all: list[tuple[threading.Thread, sqlite_file.Connection]] = []
        self.pool = ThreadPoolExecutor(SCANNERS, "sqlite reader", self._connect)

    def _connect(self) -> None:
        self._own.connection = sqlite_file.reader(self._path)
        self._all.append((threading.current_thread(), self._own.connection))

    def rows(self, sql: str, args: tuple[object, ...]) -> list[Row]:
        """Raises Unavailable when the store closes before it is done."""
        try:
            self._log.room()
            if not self._closing:
                return self._own.connection.execute(sql, args).fetchall()  # type: ignore[no-any-return]
        except sqlite_file.lite.OperationalError:
            if not self._closing:
                raise
        raise Unavailable("The relay is shutting down.")

    def close(self) -> None:
        """Breaks off what runs; what waits runs into its end by itself."""
        self._closing = True
        self._log.let_go()
        self.pool.shutdown(wait=False)
        for thread, connection in self._all:
            while thread.is_alive():
                connection.interrupt()  # which one that begins just now does not hear
                thread.join(INTERRUPT_AGAIN)
            connection.close()


_: type[Store] = SqliteStore
