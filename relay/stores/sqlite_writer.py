"""The one thread that writes to SQLite: takes whatever waits as one group, one commit to the disk, one word back to the loop.

Each waiting commit stands in a savepoint of its own, so that one that fails takes no other with it. An error of the disk fails
the group; a COMMIT is never tried again, since after a failed fsync nobody knows what the disk holds.
"""

import re
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from queue import Empty, SimpleQueue
from typing import cast

import structlog

from relay.core.change import Change, Erase, Outcome
from relay.core.device import DropDevices
from relay.core.erasure import PurgeErased
from relay.core.errors import RelayError, Stale, Taken, Unavailable
from relay.stores.ledger import Work
from relay.stores.sql.steps import Lock, Many, Row
from relay.stores.sql.writes import APPLY
from relay.stores.sqlite_errors import BUSY, DAMAGED, FULL, LOST, REFUSED, code
from relay.stores.sqlite_file import BUSY_MS, SECURE_SEARCH_SINCE, WAL_BYTES_KEPT, WAL_PAGES, Connection, lite
from relay.stores.sqlite_log import Log
from relay.stores.sqlite_mark import NUMBER, Mark, last_group
from relay.stores.sqlite_space import Space

WAITING = 10_000  # commits: a second or two of work, some ten MiB
GROUP = 256  # commits in one
LONGEST = 0.010  # seconds that a group gathers under load; what comes alone is written at once
TURN_MS = 100  # another process that has the file is waited for in turns of so long, so that stopping is not
RACES: Mapping[str, str] = {"threads.post, threads.member": "The member has a thread for this post meanwhile."}
PARAMETER = re.compile(r"\$(\d+)")
LOCKING = re.compile(r" (?:locking|passing_locked)\([^()]*\)")
ERASING = (Erase, PurgeErased, DropDevices)
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
    log_pages: int = WAL_PAGES


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
    """Runs in a thread of its own from `start` to `stop`; owns the connection.

    It notes in `mark` how far it came, and tells `space` when SQLite has no room. `is_damaged` when the file itself is wrong.
    """

    connection: Connection
    limits: Limits = field(default_factory=Limits)
    mark: Mark | None = None
    space: Space | None = None
    log: Log = field(init=False)
    is_damaged: bool = False
    _number: int = 0
    _queue: SimpleQueue[Work | None] = field(default_factory=SimpleQueue)
    _thread: threading.Thread | None = None
    _hurried: bool = False
    _stopping: bool = False
    _lost: str | None = None

    def __post_init__(self) -> None:
        self.connection.execute(f"PRAGMA busy_timeout = {TURN_MS}").fetchall()
        most = self.limits.log_pages
        pages = most if self.space is None else self.space.pages(most)
        self.log = Log(self.connection, TURN_MS, self.limits.log_bytes, pages)
        self._number = last_group(self.connection)

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
                work = self._queue.get(timeout=self._patience())
            except Empty:
                self._rest(settle)
                continue
            if work is None:
                break
            started = time.monotonic()
            settled = self._group(work)
            settle(settled, self._lost, time.monotonic() - started)
            if self.mark is not None:
                self._tend(settle, self.mark.sync)
            self._tend(settle, self.log.tend, is_idle=False)
        self._tend(settle, self.log.fold)
        self.log.close()
        self.connection.close()

    def _patience(self) -> float | None:
        if self._lost is not None:
            return None
        beside = [each.wait() for each in (self.mark, self.space) if each is not None]
        return min((wait for wait in (self.log.wait(), *beside) if wait is not None), default=None)

    def _rest(self, settle: Settle) -> None:
        if self.space is not None and self.space.wait() == 0.0:
            self._tend(settle, self._try_room)
        if self.mark is not None:
            self._tend(settle, self.mark.sync)
        self._tend(settle, self.log.tend, is_idle=True)

    def _try_room(self) -> None:
        """Nobody commits, so that nobody would notice that there is room again."""
        self._begin()
        self._commit()

    def _group(self, first: Work) -> list[Settled]:
        settled: list[Settled] = []
        taken = [first]
        try:
            if self._lost is None:
                self._write(taken, settled)
            problem = self._lost
        except lite.Error as error:
            problem = self._fail(error)
            if code(error) == BUSY:
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
        if any(each.problem is None for each in settled):
            self._commit()
            self.log.written(erased=any(isinstance(change, ERASING) for work in taken for change in work.changes))
        else:
            self.connection.execute("ROLLBACK")

    def _commit(self) -> None:
        """With the group's number, which the mark has only when the group is on the disk."""
        number = self._number + 1
        self.connection.execute(NUMBER, (str(number),))
        self.connection.execute("COMMIT")
        self._number = number
        if self.mark is not None:
            self.mark.reached(number)
        if self.space is not None:
            self.space.found_some()

    def _begin(self) -> None:
        end = time.monotonic() + self.limits.locked
        while True:
            try:
                self.connection.execute("BEGIN IMMEDIATE")
            except lite.Error as error:
                if code(error) != BUSY or self._hurried or time.monotonic() >= end:
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
            if isinstance(error, lite.Error) and (code(error) in LOST or code(error) in REFUSED):
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
                elif isinstance(asked, Lock):  # this thread is the one writer
                    rows = []
                else:
                    rows = cursor.execute(numbered(asked[0]), asked[1]).fetchall()
                asked = steps.send(rows)
        except StopIteration as end:
            if isinstance(change, ERASING) and not end.value and lite.sqlite_version_info < SECURE_SEARCH_SINCE:
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
        if self._lost is None and code(error) in REFUSED:
            if code(error) == FULL and self.space is not None:
                self.space.found_none()
            return REFUSED[code(error)]
        self.is_damaged = self.is_damaged or code(error) in DAMAGED
        self._lost = self._lost or f"The store has failed: {error}."
        log.error("store failed", why=self._lost)
        return self._lost

    def _tend(self, settle: Settle, act: Callable[..., None], **how: bool) -> None:
        """What goes wrong here breaks the store as a commit does; a disk that is full may have room again later."""
        lost = self._lost
        if lost is not None:
            return
        try:
            act(**how)
        except (lite.Error, OSError) as error:
            why = self._fail(error)
            if self._lost is None:
                log.warning("log not folded", why=why)
            else:
                settle([], self._lost, 0.0)


@cache
def numbered(sql: str) -> str:
    """The same with SQLite's parameters (`$1` is a name to it, counted by appearance) and its word for `gathered`.

    The one writer has nobody to lock rows from.
    """
    return LOCKING.sub("", PARAMETER.sub(r"?\1", sql)).replace("gathered(", "group_concat(")


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
