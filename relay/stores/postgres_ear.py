"""The connection that listens to what other processes commit; when it may have missed something, it says so.

Who is alone misses nothing. Otherwise what is shown live may be wrong from the moment at which the connection is lost until it
is back: a member whose device was revoked elsewhere may still be connected here.
"""

import asyncio

import structlog

from relay.stores.postgres_connect import Connection
from relay.stores.postgres_news import CHANNEL, OTHERS, Garbled, Hearing, News
from relay.stores.postgres_pool import Connect, goodbye
from relay.waiting import woken

LOOK_EVERY = 1.0  # seconds between two looks whether the connection is there, and others are
ANSWER_S = 3.0  # seconds until a connection that says nothing counts as lost
SOONEST, LATEST = 0.05, 2.0  # seconds between two tries to listen again

log = structlog.get_logger(__name__)


class Ear:
    """Listens from `open` to `close`."""

    def __init__(self, connect: Connect, news: News, hearing: Hearing) -> None:
        self._connect = connect
        self._news = news
        self._hear = hearing.hear
        self._miss = hearing.miss
        self._connection: Connection = None
        self._over = asyncio.Event()
        self._looking = asyncio.Lock()
        self._is_alone = False
        self._task: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Returns when nothing is missed any more. Raises what asyncpg raises."""
        await self._listen()
        self._task = asyncio.get_running_loop().create_task(self._run(), name="news of other processes")

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if self._connection is not None:
            await goodbye(self._connection)

    def doubt(self) -> None:
        """Others may have committed something without telling: to them this process was over."""
        if not self._is_alone:
            self._miss()

    async def _run(self) -> None:
        while True:
            await self._until_lost()
            was_alone = self._is_alone
            self.doubt()
            await self._listen_again()
            if not (was_alone and self._is_alone):
                self._miss()

    async def _until_lost(self) -> None:
        try:
            while not self._over.is_set():
                await woken(self._over, LOOK_EVERY)
                await self.look()
        except Exception as error:  # noqa: BLE001  whatever it is, this connection is of no use any more
            log.warning("news of other processes are missing", why=type(error).__name__, is_alone=self._is_alone)
        self._connection.terminate()

    async def look(self) -> None:
        """Whether others are there. Raises what asyncpg raises."""
        async with self._looking:
            self._is_alone = not await self._connection.fetchval(OTHERS, self._news.epoch(), timeout=ANSWER_S)

    async def _listen(self) -> None:
        connection = await self._connect()
        self._connection, self._over = connection, asyncio.Event()
        over = self._over
        connection.add_termination_listener(lambda _: over.set())
        channel = await connection.fetchval(CHANNEL, timeout=ANSWER_S)
        async with asyncio.timeout(ANSWER_S):  # asyncpg has none here
            await connection.add_listener(channel, self._told)
        await self.look()

    async def _listen_again(self) -> None:
        pause = SOONEST
        while True:
            try:
                await self._listen()
            except Exception as error:  # noqa: BLE001  it is tried again
                log.info("news of other processes are still missing", why=type(error).__name__)
                if self._connection is not None:
                    self._connection.terminate()
            else:
                return
            await asyncio.sleep(pause)
            pause = min(2 * pause, LATEST)

    def _told(self, _connection: object, _pid: int, _channel: str, payload: str) -> None:
        try:
            said = self._news.take(payload)
        except Garbled as problem:
            log.warning("news of another process cannot be read", why=str(problem))
            self._miss()
            return
        if said is not None:
            self._hear(*said)
