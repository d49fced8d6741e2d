"""Connections that are taken and given back, and whether the server answers: while it does not, everything is refused at once.

One task tries to reach it again, with growing pauses; whoever asks meanwhile hears of it without waiting.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from random import Random
from typing import TypeVar

import structlog

from relay.core.errors import Unavailable
from relay.stores.postgres_connect import Connection
from relay.stores.postgres_problems import is_answer, is_lost, meaning

T = TypeVar("T")
Connect = Callable[[], Awaitable[Connection]]

SOONEST, LATEST = 0.1, 3.0  # seconds between two tries to reach a server that is away
CLOSE_S = 2.0  # seconds for a connection to say goodbye

log = structlog.get_logger(__name__)


class Reach:
    """Whether the server answers, as far as is known."""

    def __init__(self, connect: Connect, random: Random) -> None:
        self._connect = connect
        self._random = random
        self._why = ""
        self._pause = SOONEST
        self._trying: asyncio.Task[None] | None = None

    @property
    def is_up(self) -> bool:
        return self._trying is None

    def check(self) -> None:
        """Raises Unavailable while the server is away."""
        if self._trying is not None:
            raise self._refusal()

    async def connection(self, connect: Connect) -> Connection:
        """A new connection. Raises Unavailable when there is none to be had."""
        self.check()
        try:
            return await connect()
        except Exception as error:
            if isinstance(reason := meaning(error), Unavailable):  # the server is there, and says why
                raise reason from error
            self.lost(error)  # whatever it is: who has no connection goes on waiting for one
            raise self._refusal() from error

    def lost(self, error: BaseException) -> None:
        """The server did not answer: from now on nobody waits for it, until it does."""
        if self._trying is None:
            self._why = type(error).__name__
            log.warning("database away", why=self._why, detail=str(error) if not isinstance(error, ValueError) else "")
            self._pause = SOONEST
            self._trying = asyncio.get_running_loop().create_task(self._try(), name="reach the database")

    def _refusal(self) -> Unavailable:
        return Unavailable("The database does not answer; nothing was changed.", retry_after=max(1.0, self._pause))

    async def _try(self) -> None:
        try:
            while True:
                await asyncio.sleep(self._pause * self._random.uniform(0.5, 1.0))
                try:
                    connection = await self._connect()
                except Exception as error:  # noqa: BLE001  whatever it is, it is tried again
                    log.info("database still away", why=type(error).__name__)
                    self._pause = min(self._pause * 2, LATEST)
                else:
                    connection.terminate()
                    log.info("database back")
                    return
        finally:
            self._trying = None

    async def close(self) -> None:
        if self._trying is not None:
            self._trying.cancel()
            await asyncio.gather(self._trying, return_exceptions=True)


class Pool:
    """At most `size` connections, made when they are wanted, the last one used first; at most `waiting` wait for one."""

    def __init__(self, reach: Reach, connect: Connect, size: int, waiting: int) -> None:
        self._reach = reach
        self._connect = connect
        self._size = size
        self._most = waiting
        self._idle: list[Connection] = []
        self._taken = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._closing = False

    async def ask(self, question: Callable[[Connection], Awaitable[T]]) -> T:
        """What it answers; asked once more when the connection was gone, so it should change nothing by being repeated.

        Raises Unavailable when the server is away, or too many wait already; otherwise what asyncpg raises.
        """
        for is_last in (False, True):
            connection = await self._take()
            try:
                answer = await question(connection)
            except BaseException as error:
                self._end(connection, error)
                if is_last or isinstance(error, TimeoutError) or not is_lost(error):
                    raise
            else:
                self._give(connection)
                return answer
        raise AssertionError

    def _end(self, connection: Connection, error: BaseException) -> None:
        """After an error. One that was given up in the middle is of no use: what it still says belongs to nobody."""
        try:
            if isinstance(error, TimeoutError):
                self._reach.lost(error)
            if not is_answer(error):
                connection.terminate()
        finally:
            self._give(connection)  # also where it cannot even be ended: its place is another's

    async def _take(self) -> Connection:
        """Raises Unavailable when the server is away, or too many wait already."""
        if self._closing:
            raise Unavailable("The relay is shutting down.")
        self._reach.check()
        if self._taken >= self._size:
            await self._turn()
        else:
            self._taken += 1
        while self._idle:
            connection = self._idle.pop()
            if not connection.is_closed():
                return connection
        try:
            return await self._reach.connection(self._connect)
        except BaseException:
            self._free()
            raise

    def _give(self, connection: Connection) -> None:
        """One that is of no use any more is forgotten."""
        if self._closing:
            connection.terminate()
        elif not connection.is_closed():
            self._idle.append(connection)
        self._free()

    async def close(self) -> None:
        """Nobody takes one any more; what is under way ends with its connection."""
        self._closing = True
        while self._waiting:
            self._wake()
        idle, self._idle = self._idle, []
        await asyncio.gather(*(goodbye(each) for each in idle))

    async def _turn(self) -> None:
        """Returns when one is free, which is then one's own."""
        if len(self._waiting) >= self._most:
            raise Unavailable("Too many questions to the database wait already.", retry_after=1)
        mine: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(mine)
        try:
            await mine
        except asyncio.CancelledError:
            if mine.done() and not mine.cancelled():
                self._free()  # it had come to this one already
            raise
        if self._closing:
            self._free()
            raise Unavailable("The relay is shutting down.")

    def _free(self) -> None:
        if self._waiting:
            self._wake()
        else:
            self._taken -= 1

    def _wake(self) -> None:
        while self._waiting:
            one = self._waiting.popleft()
            if not one.done():
                one.set_result(None)
                return
        self._taken -= 1


async def goodbye(connection: Connection) -> None:
    """Closes it, politely if that takes no time."""
    try:
        await connection.close(timeout=CLOSE_S)
    except Exception as error:  # noqa: BLE001  it ends either way
        if not is_lost(error):
            log.info("connection ended badly", why=type(error).__name__)
        with suppress(Exception):
            connection.terminate()
