"""Those who write to PostgreSQL: each takes the next commit that waits and makes it one transaction on a connection of its own.

The server gathers what commits at the same time into one write to its disk. Where the answer to a COMMIT is lost, the mark
tells what came of it: the same transaction counts up its writer's row, so the count is there exactly if all of it is. Who asks
takes the row first and makes the mark impossible, so that nothing comes after "nothing was changed". (The number of the
transaction would not do: after a crash of the server another transaction may get the same.)
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import cast

import structlog

from relay.core.change import Change, Erase, FreezeAudience, Outcome, Record
from relay.core.errors import Unavailable
from relay.core.repeat import Forget
from relay.stores.ledger import Work
from relay.stores.postgres_connect import Connection
from relay.stores.postgres_pool import Connect, Reach, goodbye
from relay.stores.postgres_problems import is_certain, is_lost, is_race, meaning
from relay.stores.postgres_words import worded
from relay.stores.sql.steps import Lock, Many, Row, Statement
from relay.stores.sql.writes import APPLY

TRIES = 8  # of one commit that races with others, or loses its connection before the end
SPREAD = 0.02  # seconds at most between two of them, longer each time
TOLD_AFTER = 4.0  # seconds until who waits hears that nobody knows yet
ASK_AGAIN = 0.2  # seconds between two questions what became of a commit
STATEMENT_S = 8.0  # seconds that a statement may take
LONG_STATEMENT_S = 120.0  # the same for those that may have very much to delete
LATE_S = 2.0  # seconds beyond that until a server that says nothing counts as away
COMMIT_S = 5.0  # seconds until an answer to COMMIT counts as lost
BECAME_S = 6.0  # seconds until nobody is there to tell what became of it: asked again, and the place is others' meanwhile

BEGIN = "BEGIN"
# What is read here twice must be the same both times: who is in the group, and who is written down.
BEGIN_WITH_ONE_VIEW = "BEGIN ISOLATION LEVEL REPEATABLE READ"
ONE_VIEW = (FreezeAudience,)
LONG = (Erase, Forget)
LONGER = f"SET LOCAL statement_timeout = '{LONG_STATEMENT_S:g}s'"
AT_THE_END = (Record,)  # the log's lock is kept until the commit, so it is taken last

START = """INSERT INTO writers (n, last, used_at) VALUES ($1, 0, now())"""
END = """DELETE FROM writers WHERE n = $1 AND last = $2"""
MARK = """
    PREPARE mark (bigint, bigint) AS
    UPDATE writers SET last = CASE WHEN last = $2 - 1 THEN $2 END, used_at = now() WHERE n = $1"""
COMMIT = "EXECUTE mark ({n}, {count}); COMMIT"
FENCE = """UPDATE writers SET last = -1 WHERE n = $1 AND last = $2 RETURNING n"""
COUNTED = """SELECT last FROM writers WHERE n = $1"""

UNKNOWN = (
    "The database was lost while it was storing this; it may have been stored, or not. Sending it again with the same client_id"
    " or Idempotency-Key is safe."
)

log = structlog.get_logger(__name__)


class Lost(Exception):
    """The answer to a COMMIT did not come; the row of writer `n` tells whether it is the `count`th that is there."""

    def __init__(self, n: int, count: int, outcomes: tuple[Outcome, ...]) -> None:
        super().__init__()
        self.n = n
        self.count = count
        self.outcomes = outcomes


class Writer:
    """One of several; `run` is its task. `settle` is called once for each work: with outcomes, or with the problem."""

    def __init__(self, reach: Reach, connect: Connect, settle: "Settle", new_key: Callable[[], int], tell: "Tell") -> None:
        self._reach = reach
        self._connect = connect
        self._settle = settle
        self._new_key = new_key
        self._tell = tell
        self._connection: Connection = None
        self._n = 0
        self._count = 0
        self._limit = STATEMENT_S + LATE_S

    async def run(self, queue: asyncio.Queue[Work], unknown: Callable[[Work, Lost], None]) -> None:
        """Until it is cancelled. Whatever goes wrong, who waits hears of it."""
        while True:
            work = await queue.get()
            began = time.monotonic()
            try:
                outcomes = await self.write(work.changes)
            except Lost as lost:
                unknown(work, lost)
            except Exception as error:  # noqa: BLE001  it comes out at the caller
                self._settle(work, error, time.monotonic() - began)
            except BaseException:  # it is cut off in the middle
                self._settle(work, Unavailable(UNKNOWN), time.monotonic() - began)
                raise
            else:
                self._settle(work, outcomes, time.monotonic() - began)
            finally:
                queue.task_done()

    async def write(self, changes: Sequence[Change]) -> tuple[Outcome, ...]:
        """All of it or nothing. Raises Lost when that is not known."""
        for again in range(TRIES):
            connection = await self._connected()
            try:
                outcomes = await self._transaction(connection, changes)
            except Exception as error:
                await self._undo(connection, error)
                if again == TRIES - 1 or not (is_race(error) or connection.is_closed()):
                    raise self._told(error) from error
            else:
                if await self._commit(connection, outcomes):
                    return outcomes
            await asyncio.sleep(SPREAD * again * (self._new_key() % 8) / 8)
        raise Unavailable("Too much is happening here at once; nothing was changed.", retry_after=1)

    def _told(self, error: Exception) -> Exception:
        if is_race(error):
            return Unavailable("Too much is happening here at once; nothing was changed.", retry_after=1)
        if is_lost(error):
            return Unavailable("The database was lost; nothing was changed.")
        return meaning(error)

    async def _connected(self) -> Connection:
        if self._connection is None or self._connection.is_closed():
            self._connection = None
            connection = await self._reach.connection(self._connect)
            self._n, self._count = self._new_key(), 0
            try:
                await connection.execute(START, self._n, timeout=self._limit)
                await connection.execute(MARK, timeout=self._limit)
            except Exception as error:
                connection.terminate()
                raise self._told(error) from error
            except BaseException:
                connection.terminate()
                raise
            self._connection = connection
        return self._connection

    async def _transaction(self, connection: Connection, changes: Sequence[Change]) -> tuple[Outcome, ...]:
        begin, self._limit = BEGIN, STATEMENT_S + LATE_S
        if any(isinstance(change, ONE_VIEW) for change in changes):
            begin = BEGIN_WITH_ONE_VIEW
        if any(isinstance(change, LONG) for change in changes):
            begin, self._limit = f"{begin}; {LONGER}", LONG_STATEMENT_S + LATE_S
        await connection.execute(begin, timeout=self._limit)
        outcomes: list[Outcome] = [None] * len(changes)
        order = sorted(range(len(changes)), key=lambda place: isinstance(changes[place], AT_THE_END))
        for place in order:
            outcomes[place] = await self._apply(connection, changes[place])
        if said := self._tell(changes, outcomes):
            await connection.fetch(said[0], *said[1], timeout=self._limit)
        return tuple(outcomes)

    async def _apply(self, connection: Connection, change: Change) -> Outcome:
        steps = APPLY[type(change)](change)
        rows: list[Row] = []
        try:
            asked = next(steps)
            while True:
                if isinstance(asked, Many):
                    if asked.args:
                        await connection.executemany(worded(asked.sql), asked.args, timeout=self._limit)
                    rows = []
                elif isinstance(asked, Lock):
                    await connection.fetch(worded(asked.sql), *asked.args, timeout=self._limit)
                    rows = []
                else:
                    rows = await connection.fetch(worded(asked[0]), *asked[1], timeout=self._limit)
                asked = steps.send(rows)
        except StopIteration as end:
            return cast("Outcome", end.value)

    async def _commit(self, connection: Connection, outcomes: tuple[Outcome, ...]) -> bool:
        """False when it was refused and may be tried again."""
        count = self._count + 1
        try:
            status = await connection.execute(COMMIT.format(n=self._n, count=count), timeout=COMMIT_S)
        except Exception as error:
            if not is_certain(error):
                connection.terminate()
                raise Lost(self._n, count, outcomes) from error
            await self._undo(connection, error)
            if is_race(error):
                return False
            raise meaning(error) from error
        if status != "COMMIT":
            raise Unavailable("The database refused to commit; nothing was changed.")
        self._count = count
        return True

    async def _undo(self, connection: Connection, error: Exception) -> None:
        """Ends a transaction that failed; a connection that cannot even do that is of no use any more."""
        if isinstance(error, TimeoutError):
            self._reach.lost(error)
        if is_lost(error):
            connection.terminate()
        if connection.is_closed():
            return
        try:
            await connection.execute("ROLLBACK", timeout=self._limit)
        except Exception as worse:  # noqa: BLE001  what was begun ends with its connection
            log.info("rollback failed", why=type(worse).__name__)
            connection.terminate()

    async def close(self) -> None:
        """Lets go of the connection, and of its row."""
        connection, self._connection = self._connection, None
        if connection is None or connection.is_closed():
            return
        try:
            await connection.execute(END, self._n, self._count, timeout=1)
        except Exception as error:  # noqa: BLE001  the row goes when it is old
            log.info("row of a writer stays", why=type(error).__name__)
        await goodbye(connection)


Tell = Callable[[Sequence[Change], Sequence[Outcome]], Statement | None]
"""What tells other processes of a commit, within it; None when they need not hear of it."""

Settle = Callable[[Work, tuple[Outcome, ...] | Exception, float], None]


async def became(connection: Connection, lost: Lost) -> bool:
    """Whether it was committed; if not, it never will be. Raises LookupError when the row is gone, so that nobody can tell."""
    if await connection.fetch(FENCE, lost.n, lost.count - 1, timeout=BECAME_S):
        return False
    last = await connection.fetchval(COUNTED, lost.n, timeout=BECAME_S)
    if last is None:
        raise LookupError(lost.n)
    return bool(last == lost.count)
