"""SQLite behind the Store: one writer thread, one reader on the loop for look-ups, a few in threads for what takes longer."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import structlog

from relay.core.change import Change, Outcome
from relay.core.errors import Unavailable
from relay.ports import Engine, Told
from relay.stores import sqlite_file
from relay.stores.ledger import Ledger, Work
from relay.stores.sql.steps import Row
from relay.stores.sqlite_errors import DAMAGED, REFUSED, UNREADABLE, code
from relay.stores.sqlite_file import lite
from relay.stores.sqlite_log import AGAIN
from relay.stores.sqlite_opening import Beside, open_file
from relay.stores.sqlite_readers import Check, Scanners
from relay.stores.sqlite_space import Space
from relay.stores.sqlite_writer import Limits, Settled, Writer, numbered

LIMITS = Limits()
MAX_SCANS = 200  # waiting: counts, lists and searches
FOUND = """SELECT rowid FROM messages_fts WHERE messages_fts MATCH {}"""

log = structlog.get_logger(__name__)


class SqliteStore(Ledger):
    """Made by `open`. When `broken` is set nothing can be written any more: the process ends and recovers at its start."""

    def __init__(self, path: Path, told: Told, beside: Beside, writer: Writer) -> None:
        super().__init__(told)
        self.is_shared = False
        self.space = beside.space
        self._beside = beside
        self._loop = asyncio.get_running_loop()
        self._waiting = 0
        self._scanning = 0
        self._closing = False
        self._reader = sqlite_file.reader(path)
        self._scanners = Scanners(path, writer.log)
        self._writer = writer
        writer.start(self._settle_soon)
        self._check = None if beside.mark.is_sound else Check(path, beside.mark, self._found_soon)

    @classmethod
    async def open(
        cls, path: Path, told: Told, limits: Limits = LIMITS, space: Callable[[Path], Space] = Space
    ) -> "SqliteStore":
        """Makes or migrates the file at `path`. Raises Unavailable when it is in use, newer, or not to be relied on."""
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = sqlite_file.Lock(path.parent / "lock")
        try:
            connection, mark = await asyncio.to_thread(open_file, path)
            beside = Beside(lock, mark, space(path.parent))
            return cls(path, told, beside, Writer(connection, limits, mark, beside.space))
        except BaseException:
            lock.free()
            raise

    async def close(self) -> None:
        """Breaks off what is being searched, writes what waits, then ends; a second call does nothing."""
        if self._closing:
            return
        self._closing = True
        if self._check is not None:
            await asyncio.to_thread(self._check.close)
        await asyncio.to_thread(self._scanners.close)
        await asyncio.to_thread(self._writer.stop)
        self._reader.close()
        self._beside.mark.close(is_broken=self.broken.is_set())
        self._beside.lock.free()

    async def commit(self, *changes: Change) -> tuple[Outcome, ...]:
        if self._closing:
            raise Unavailable("The relay is shutting down; nothing was changed.")
        if self.broken.is_set():
            raise Unavailable("The store has failed; nothing was changed.")
        self.space.refuse(changes)
        if self._waiting >= self._writer.limits.waiting:
            raise Unavailable("Too many commits wait already; nothing was changed.", retry_after=1)
        self._waiting += 1
        waiter: asyncio.Future[tuple[Outcome, ...]] = self._loop.create_future()
        self._writer.put(Work(changes, waiter))
        return await waiter

    def why_away(self) -> str | None:
        """Its file is always there."""
        return None

    def why_read_only(self) -> str | None:
        """Why nothing that adds data is taken; None while it is."""
        return self.space.why_refused()

    async def purged(self) -> None:
        """Returns when nothing that was erased before stands in the log any more. Raises Unavailable when it never will.

        Who reads the file for long, such as somebody who copies it, keeps it waiting.
        """
        cuts = self._writer.log.cuts
        while self._writer.log.holds_erased and self._writer.log.cuts == cuts:
            if self._closing or self.broken.is_set():
                raise Unavailable("The relay is shutting down; what was erased may still stand in the log.")
            await asyncio.sleep(AGAIN)

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
            self._count(len(done), seconds)
        if lost is not None:
            self._break(lost, is_damaged=self._writer.is_damaged)
        for each in done:
            self._announce(each.work.changes, each.outcomes)
        for each in settled:
            waiter = each.work.waiter
            if waiter.done():
                continue
            if each.problem is None:
                waiter.set_result(each.outcomes)
            else:
                waiter.set_exception(each.problem)

    def _break(self, why: str, *, is_damaged: bool) -> None:
        self.why_broken = self.why_broken or why
        self.broken.set()
        if is_damaged:
            self._beside.mark.damaged()

    def _found_soon(self, fault: str | Exception) -> None:
        """The look at the whole file found something."""
        is_damaged = isinstance(fault, str) or code(fault) in DAMAGED
        why = f"The database file is damaged: {fault}."
        log.error("store failed", why=why)
        try:
            self._loop.call_soon_threadsafe(lambda: self._break(why, is_damaged=is_damaged))
        except RuntimeError:  # the loop ended without `close`
            self._beside.mark.damaged()

    def _unread(self, error: Exception) -> Exception:
        """What reading in vain says to a flow. What the disk or the file is to blame for would be so the next time too."""
        if code(error) in REFUSED:
            return Unavailable(REFUSED[code(error)])
        if code(error) not in UNREADABLE:
            return error
        why = f"The store has failed: {error}."
        if not self.broken.is_set():
            log.error("store failed", why=why)
        self._break(why, is_damaged=code(error) in DAMAGED)
        return Unavailable(why)

    async def _rows(self, sql: str, *args: object) -> list[Row]:
        try:
            return self._reader.execute(numbered(sql), args).fetchall()  # type: ignore[no-any-return]
        except lite.Error as error:
            raise self._unread(error) from error

    async def _scan(self, sql: str, *args: object) -> list[Row]:
        if self._closing:
            raise Unavailable("The relay is shutting down.")
        if self._scanning >= MAX_SCANS:
            raise Unavailable(f"{MAX_SCANS} searches and lists wait already.", retry_after=1)
        self._scanning += 1
        try:
            return await self._loop.run_in_executor(self._scanners.pool, self._scanners.rows, numbered(sql), args)
        except lite.Error as error:
            raise self._unread(error) from error
        finally:
            self._scanning -= 1

    def _search(self, text: str, parameter: str) -> tuple[str, str]:
        words = [word.replace('"', '""') for word in text.split()]
        return FOUND.format(parameter), " ".join(f'"{word}"*' for word in words) or '""'


_: type[Engine] = SqliteStore
