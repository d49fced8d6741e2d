"""PostgreSQL behind the Store: a few writers, each with a connection of its own, and two pools of readers."""

import asyncio
import secrets
from dataclasses import dataclass
from functools import partial
from random import Random

import structlog

from relay.core.change import Change, Outcome
from relay.core.errors import RelayError, Unavailable
from relay.ports import Engine, Told
from relay.stores.ledger import Ledger, Work
from relay.stores.postgres_connect import Connection, connect, look, named, said
from relay.stores.postgres_ear import Ear
from relay.stores.postgres_news import DEAF, Hearing, News
from relay.stores.postgres_pool import Pool, Reach
from relay.stores.postgres_problems import is_lost, meaning
from relay.stores.postgres_purge import STEP_S, purge
from relay.stores.postgres_schema import FOUND, migrate
from relay.stores.postgres_words import worded
from relay.stores.postgres_writer import (
    ASK_AGAIN,
    LATE_S,
    STATEMENT_S,
    TOLD_AFTER,
    UNKNOWN,
    Lost,
    Writer,
    became,
)
from relay.stores.sql.steps import Row

LOOK_UP_S = 4.0  # seconds for a look-up by key, which takes less than one millisecond
SCAN_S = 60.0  # seconds for a count, a list or a search
CLOSE_S = 6.0  # seconds at the end for what waits to be written
GONE = "The database was lost."
KEEP_ROWS = "7 days"  # of writers that are gone
CLEAR = f"""DELETE FROM writers WHERE used_at < now() - interval '{KEEP_ROWS}'"""  # noqa: S608

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Limits:
    """Connections for writing, for look-ups and for scans, and how much may wait for each."""

    writers: int = 8
    look_ups: int = 4
    scans: int = 2
    commits_waiting: int = 10_000
    look_ups_waiting: int = 10_000
    scans_waiting: int = 200


LIMITS = Limits()


class PostgresStore(Ledger):
    """Made by `open`. While the server is away everything is refused with Unavailable, and goes on when it is back.

    Each commit is a group of its own: what gathers them is the server. `broken` is never set: there is nothing to recover here.
    """

    def __init__(self, url: str, told: Told, limits: Limits, hearing: Hearing) -> None:
        super().__init__(told)
        self.is_shared = True
        self._limits = limits
        self._closing = False
        self._waiting = 0
        writing = partial(connect, url, STATEMENT_S)
        self.news = News(secrets.token_hex(16), hearing.wants)
        self._hearing = hearing
        self.ear = Ear(writing, self.news, hearing)
        self._reach = Reach(writing, Random())  # noqa: S311  spreads tries over time, no secret
        self._look_ups = Pool(self._reach, partial(connect, url, LOOK_UP_S), limits.look_ups, limits.look_ups_waiting)
        self._scans = Pool(self._reach, partial(connect, url, SCAN_S), limits.scans, limits.scans_waiting)
        self._purging = partial(connect, url, STEP_S)
        self._queue: asyncio.Queue[Work] = asyncio.Queue()
        self._unknown: set[asyncio.Task[None]] = set()
        self._writers = [
            Writer(self._reach, writing, self._settle, partial(secrets.randbits, 62), self.news.said)
            for _ in range(limits.writers)
        ]
        self._tasks = [
            asyncio.get_running_loop().create_task(writer.run(self._queue, self._ask), name="writer")
            for writer in self._writers
        ]

    @classmethod
    async def open(cls, url: str, told: Told, limits: Limits = LIMITS, hearing: Hearing = DEAF) -> "PostgresStore":
        """Makes or migrates the tables. Raises Unavailable when the server is away, newer, or not to be relied on.

        With `hearing`, nothing that others commit after it returned is missed unheard.
        """
        try:
            connection = await connect(url, SCAN_S)
            try:
                await look(connection)
                await migrate(connection)
                await connection.execute(CLEAR)
            finally:
                await connection.close(timeout=LATE_S)
            store = cls(url, told, limits, hearing)
            await store.listen()
        except RelayError as problem:
            raise Unavailable(f"{named(url)} cannot be used. {problem.detail}") from None
        except Exception as error:  # noqa: BLE001  of the system, of the driver, of the server
            raise Unavailable(f"{named(url)} cannot be used: {said(error)}") from None
        return store

    async def listen(self) -> None:
        """From now on. Raises what asyncpg raises."""
        if self._hearing is DEAF:
            return
        try:
            await self.ear.open()
        except BaseException:
            await self.close()
            raise

    def doubt(self) -> None:
        """This process may have been taken for ended, so that nobody told it anything."""
        self.ear.doubt()

    def why_away(self) -> str | None:
        """As far as is known."""
        return None if self._reach.is_up else "The database does not answer."

    def why_read_only(self) -> str | None:
        """Its disk is the server's."""
        return None

    async def purged(self) -> None:
        """Returns when no table or index holds a row that was deleted before. Raises Unavailable while the server keeps some.

        Its WAL and what is made of it, and bytes in the free room of its pages, are not the relay's to clear.
        """
        connection = await self._reach.connection(self._purging)
        try:
            await purge(connection)
        except RelayError:
            raise
        except Exception as error:
            raise Unavailable(GONE) if is_lost(error) else meaning(error) from error
        finally:
            connection.terminate()

    async def close(self) -> None:
        """Writes what waits, then ends; a second call does nothing."""
        if self._closing:
            return
        self._closing = True
        try:
            await asyncio.wait_for(self._queue.join(), CLOSE_S)
        except TimeoutError:
            log.warning("commits were cut off", commits=self._waiting)
        for task in (*self._tasks, *self._unknown):
            task.cancel()
        await asyncio.gather(*self._tasks, *self._unknown, return_exceptions=True)
        while not self._queue.empty():
            self._settle(self._queue.get_nowait(), Unavailable("The relay is shutting down; nothing was changed."), 0.0)
        await asyncio.gather(
            *(writer.close() for writer in self._writers), self._look_ups.close(), self._scans.close(), self._reach.close(),
            self.ear.close(),
        )  # fmt: skip

    async def commit(self, *changes: Change) -> tuple[Outcome, ...]:
        if not changes:
            return ()
        if self._closing:
            raise Unavailable("The relay is shutting down; nothing was changed.")
        self._reach.check()
        if self._waiting >= self._limits.commits_waiting:
            raise Unavailable("Too many commits wait already; nothing was changed.", retry_after=1)
        self._waiting += 1
        waiter: asyncio.Future[tuple[Outcome, ...]] = asyncio.get_running_loop().create_future()
        self._queue.put_nowait(Work(changes, waiter))
        return await waiter

    def _settle(self, work: Work, end: tuple[Outcome, ...] | Exception, seconds: float) -> None:
        """What was committed is announced before anybody goes on with it."""
        self._waiting -= 1
        if isinstance(end, Exception):
            if not work.waiter.done():
                work.waiter.set_exception(end)
            return
        self._count(1, seconds)
        self._announce(work.changes, end)
        if not work.waiter.done():
            work.waiter.set_result(end)

    # ------------------------------------------------------------------------------------- commits that nobody knows of

    def _ask(self, work: Work, lost: Lost) -> None:
        """Finds out in a task of its own, so that the writer goes on."""
        task = asyncio.get_running_loop().create_task(self._find_out(work, lost), name="unknown commit")
        self._unknown.add(task)
        task.add_done_callback(self._unknown.discard)

    async def _find_out(self, work: Work, lost: Lost) -> None:
        """Who waits hears after a few seconds at most; what was committed is announced, however late."""
        loop = asyncio.get_running_loop()
        late, began = loop.call_later(TOLD_AFTER, self._say_unknown, work), loop.time()
        try:
            is_there = await self._became(lost)
        except (asyncio.CancelledError, LookupError) as error:
            log.warning("commit stays unknown", why=type(error).__name__)
            self._hearing.miss()
            self._settle(work, Unavailable(UNKNOWN), loop.time() - began)
            return
        finally:
            late.cancel()
        log.warning("commit was unknown", is_there=is_there, seconds=round(loop.time() - began, 1))
        gone = Unavailable(f"{GONE} Nothing was changed.")
        self._settle(work, lost.outcomes if is_there else gone, loop.time() - began)

    async def _became(self, lost: Lost) -> bool:
        while True:
            try:
                return await self._look_ups.ask(partial(became, lost=lost))
            except LookupError:
                raise
            except Exception as error:  # noqa: BLE001  it is asked again
                log.info("commit still unknown", why=type(error).__name__)
            await asyncio.sleep(ASK_AGAIN)

    def _say_unknown(self, work: Work) -> None:
        if not work.waiter.done():
            work.waiter.set_exception(Unavailable(UNKNOWN))

    # ---------------------------------------------------------------------------------------------------------- reading

    async def _rows(self, sql: str, *args: object) -> list[Row]:
        return await self._read(self._look_ups, sql, args, LOOK_UP_S + LATE_S)

    async def _scan(self, sql: str, *args: object) -> list[Row]:
        return await self._read(self._scans, sql, args, SCAN_S + LATE_S)

    def _search(self, text: str, parameter: str) -> tuple[str, str]:
        return FOUND.format(parameter), text.replace("\0", " ")

    async def _read(self, pool: Pool, sql: str, args: tuple[object, ...], seconds: float) -> list[Row]:
        sql = worded(sql)

        async def ask(connection: Connection) -> list[Row]:
            return await connection.fetch(sql, *args, timeout=seconds)  # type: ignore[no-any-return]

        try:
            return await pool.ask(ask)
        except RelayError:
            raise
        except Exception as error:
            raise Unavailable(GONE) if is_lost(error) else meaning(error) from error


_: type[Engine] = PostgresStore
