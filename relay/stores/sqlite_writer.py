"""The one thread that writes to SQLite: takes whatever waits as one group, one commit to the disk, one word back to the loop.

Each waiting commit stands in a savepoint of its own, so that one that fails takes no other with it. An error of the disk fails
the group; a COMMIT is never tried again, since after a failed fsync nobody knows what the disk holds.
"""

import asyncio
import re
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from queue import Empty, SimpleQueue
from typing import Any, cast

import structlog

from relay.core.change import Change, Erase, Outcome
from relay.core.errors import RelayError, Stale, Taken, Unavailable
from relay.stores.sql.steps import Many, Row
from relay.stores.sql.writes import APPLY
from relay.stores.sqlite_file import BUSY_MS, SECURE_SEARCH_SINCE, WAL_BYTES_KEPT, Connection, lite
from relay.stores.sqlite_log import Log

WAITING = 10_000  # commits: a second or two of work, some ten MiB
GROUP = 256  # commits in one
LONGEST = 0.010  # seconds that a group gathers under load; what comes alone is written at once
TURN_MS = 100  # another process that has the file is waited for in turns of so long, so that stopping is not
PRIMARY = 0xFF  # of SQLite's extended error codes
BUSY = 5

REFUSED: Mapping[int, str] = {
    BUSY: "The database is locked by another process; nothing was changed.",
    13: "The disk is full; nothing was changed.",  # SQLITE_FULL
}
"""Errors after which SQLite is as it was: the next group may fare better."""

LOST = {3, 6, 7, 8, 9, 10, 11, 14, 15, 26}
"""PERM, LOCKED, NOMEM, READONLY, INTERRUPT, IOERR, CORRUPT, CANTOPEN, PROTOCOL, NOTADB: nothing can be relied on any more."""

RACES: Mapping[str, str] = {"threads.post, threads.member": "The member has a thread for this post meanwhile."}
PARAMETER = re.compile(r"\$(\d+)")
FORGET_WORDS = """INSERT INTO messages_fts (messages_fts) VALUES ('optimize')"""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Limits:
    """How much may wait, how much goes to the disk at once, how long another process is waited for, and the log's length."""

    waiting: int = WAITING
    group: int = GROUP
    longest: float = LONGEST
    locked: float = BUSY_MS / 1000
    log_bytes: int = WAL_BYTES_KEPT


@dataclass(frozen=True, slots=True, eq=False)
class Work:
    """Changes that are written together, and who waits for them."""

    changes: tuple[Change, ...]
    waiter: asyncio.Future[tuple[Outcome, ...]]


@dataclass(frozen=True, slots=True)
class Settled:
    """What came of a piece of work: outcomes, or the problem."""

    work: Work
    outcomes: tuple[Outcome, ...] = ()
    problem: Exception | None = None


Settle = Callable[[list[Settled], str | None, float], None]
"""Called in the writer's thread with each group, the reason when no more can be written at all, and the seconds it took."""


@dataclass(slots=True)
class Writer:
    """Runs in a thread of its own from `start` to `stop`; owns the connection."""

    connection: Connection
    limits: Limits = field(default_factory=Limits)
    log: Log = field(init=False)
    _queue: SimpleQueue[Work | None] = field(default_factory=SimpleQueue)
    _thread: threading.Thread | None = None
    _hurried: bool = False
    _stopping: bool = False
    _lost: str | None = None

    def __post_init__(self) -> None:
        self.connection.execute(f"PRAGMA busy_timeout = {TURN_MS}").fetchall()
        self.log = Log(self.connection, TURN_MS, self.limits.log_bytes)

    def start(self, settle: Settle) -> None:
        """Takes work from now on."""
        self._thread = threading.Thread(target=self._run, args=(settle,), name="sqlite writer", daemon=True)
        self._thread.start()

    def put(self, work: Work) -> None:
        """In the order of commits."""
        self._queue.put(work)

    def stop(self) -> None:
        """Returns when everything put before is settled; blocks, but for no other process that has the file."""
        self._hurried = True
        self._queue.put(None)
        if self._thread is not None:
            self._thread.join()

    def _run(self, settle: Settle) -> None:
        while not self._stopping:
            try:
                work = self._queue.get(timeout=None if self._lost else self.log.wait())
            except Empty:
                self._tend_log(settle, self.log.tend, is_idle=True)
                continue
            if work is None:
                break
            started = time.monotonic()
            settled = self._group(work)
            settle(settled, self._lost, time.monotonic() - started)
            self._tend_log(settle, self.log.tend, is_idle=False)
        self._tend_log(settle, self.log.fold)
        self.connection.close()

    def _group(self, first: Work) -> list[Settled]:
        settled: list[Settled] = []
        taken = [first]
        try:
            if self._lost is None:
                self._write(taken, settled)
            problem = self._lost
        except lite.Error as error:
            problem = self._fail(error)
            if _code(error) == BUSY:
                taken += self._waiting()  # or each would wait for the same lock in its turn
        except Exception as error:  # whatever it is, who waits must hear of it
            log.exception("writer failed")
            self._lost = f"The store has failed: {type(error).__name__}."
            problem = self._fail(error)
        if problem is not None:
            return [Settled(work, problem=Unavailable(problem)) for work in taken]
        return settled

    def _write(self, taken: list[Work], settled: list[Settled]) -> None:
        end = time.monotonic() + self.limits.longest
        self._begin()
        while True:
            settled.append(self._one(taken[-1]))
            if len(taken) >= self.limits.group or time.monotonic() >= end:
                break
            try:
                work = self._queue.get_nowait()
            except Empty:
                break
            if work is None:
                self._stopping = True
                break
            taken.append(work)
        self.connection.execute("COMMIT")
        self.log.written(erased=any(isinstance(change, Erase) for work in taken for change in work.changes))

    def _begin(self) -> None:
        end = time.monotonic() + self.limits.locked
        while True:
            try:
                self.connection.execute("BEGIN IMMEDIATE")
            except lite.Error as error:
                if _code(error) != BUSY or self._hurried or time.monotonic() >= end:
                    raise
            else:
                return

    def _waiting(self) -> list[Work]:
        found: list[Work] = []
        with suppress(Empty):
            while (work := self._queue.get_nowait()) is not None:
                found.append(work)
            self._stopping = True
        return found

    def _one(self, work: Work) -> Settled:
        execute = self.connection.execute
        execute("SAVEPOINT one")
        try:
            outcomes = tuple(self._apply(change) for change in work.changes)
        except Exception as error:
            if isinstance(error, lite.Error) and (_code(error) in LOST or _code(error) in REFUSED):
                raise
            execute("ROLLBACK TO one")
            execute("RELEASE one")
            return Settled(work, problem=_meaning(error))
        execute("RELEASE one")
        return Settled(work, outcomes)

    def _apply(self, change: Change) -> Outcome:
        steps = APPLY[type(change)](change)
        cursor = self.connection.cursor()
        rows: list[Row] = []
        try:
            asked = next(steps)
            while True:
                if isinstance(asked, Many):
                    cursor.executemany(numbered(asked.sql), asked.args)
                    rows = []
                else:
                    rows = cursor.execute(numbered(asked[0]), asked[1]).fetchall()
                asked = steps.send(rows)
        except StopIteration as end:
            if isinstance(change, Erase) and lite.sqlite_version_info < SECURE_SEARCH_SINCE:
                cursor.execute(FORGET_WORDS)
            return cast("Outcome", end.value)
        finally:
            cursor.close()

    def _fail(self, error: Exception) -> str:
        """Nothing of the group is kept; the reason that who waits is told."""
        try:
            if self.connection.in_transaction:
                self.connection.execute("ROLLBACK")
        except lite.Error:
            log.exception("rollback failed")
            self._lost = "The store has failed: it cannot roll back."
        if self._lost is None and _code(error) in REFUSED:
            return REFUSED[_code(error)]
        self._lost = self._lost or f"The store has failed: {error}."
        log.error("store failed", why=self._lost)
        return self._lost

    def _tend_log(self, settle: Settle, act: Callable[..., None], **how: bool) -> None:
        """What breaks the log breaks the store; a disk that is full may have room again later."""
        if self._lost is not None:
            return
        try:
            act(**how)
        except (lite.Error, OSError) as error:
            if _code(error) in REFUSED:
                log.warning("log not folded", why=str(error))
                return
            settle([], self._fail(error), 0.0)


@cache
def numbered(sql: str) -> str:
    """The same with SQLite's parameters (`$1` is a name to it, counted by appearance) and its word for `gathered`."""
    return PARAMETER.sub(r"?\1", sql).replace("gathered(", "group_concat(")


def _code(error: Any) -> int:  # noqa: ANN401  of either library
    return int(getattr(error, "sqlite_errorcode", None) or 0) & PRIMARY


def _meaning(error: Exception) -> Exception:
    """What a broken constraint says to a flow; anything else is a fault of the relay and stays as it is."""
    if isinstance(error, RelayError) or not isinstance(error, lite.IntegrityError):
        return error
    kind, _, columns = str(error).partition(" constraint failed")
    columns = columns.lstrip(": ")
    if kind == "FOREIGN KEY":
        return Stale("What this belongs to is gone.")
    if kind == "UNIQUE":
        return Stale(RACES[columns]) if columns in RACES else Taken(TAKEN.get(columns))
    return error


TAKEN: Mapping[str, str] = {
    "communities.slug": "This slug is in use already.",
    "addresses.community, addresses.channel, addresses.address": "This address is in use already.",
    "messages.member, messages.client_id": "This client_id is in use already.",
    "answers.caller, answers.key": "This Idempotency-Key is in use already.",
}
