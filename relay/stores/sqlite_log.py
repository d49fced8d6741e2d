"""SQLite's log beside the file: when it is folded into the file and cut, and when new readers wait so that it can be.

The log is cut only at an instant at which nobody reads from it. Readers that overlap leave none, so that it would grow without
bound, and keep in it what was erased; therefore new scans wait for a moment when it is too long, or when something was erased.
"""

import os
import threading
import time
from dataclasses import dataclass, field

import structlog

from relay.stores.sqlite_file import WAL_BYTES_KEPT, Connection

IDLE = 1.0  # seconds without work until the log is folded
AGAIN = 0.05  # seconds between two tries to cut a log that has to be cut
CUT_MS = 20  # how long one try waits for look-ups, which take microseconds
PATIENCE = 2.0  # seconds that new scans wait; whoever reads for longer is no scan of the relay, and is not waited for
REST = 10.0  # seconds in which scans go on after that

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Log:
    """The writer's thread cuts; scans ask for `room` from their own threads. `longest` is in bytes."""

    connection: Connection
    busy_ms: int
    longest: int = WAL_BYTES_KEPT
    _path: str = ""
    _is_filled: bool = False
    _holds_erased: bool = False
    _not_before: float = 0.0
    _held_until: float = 0.0
    _cut: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        ((_, _, file),) = self.connection.execute("PRAGMA database_list").fetchall()
        self._path = f"{file}-wal"
        self._is_filled = self._holds_erased = self._size() > 0  # of an earlier run that was killed, nobody knows what it holds
        self._cut.set()

    def room(self) -> None:
        """Returns when a scan may begin; blocks for two seconds at most."""
        if not self._cut.is_set():
            self._cut.wait(max(0.0, self._held_until - time.monotonic()))

    def let_go(self) -> None:
        """No scan waits any longer."""
        self._cut.set()

    def written(self, *, erased: bool) -> None:
        """A group is in it."""
        self._is_filled = True
        self._holds_erased = self._holds_erased or erased

    def wait(self) -> float | None:
        """For how many seconds the writer may wait for work before it tends the log again."""
        if self._has_to_be_cut():
            return max(AGAIN, self._not_before - time.monotonic())
        return IDLE if self._is_filled else None

    def tend(self, *, is_idle: bool) -> None:
        """Between two groups: cuts it when there is time, or when it has to be cut. Raises what SQLite raises."""
        if self._has_to_be_cut():
            if time.monotonic() >= self._not_before and not self._fold(CUT_MS):
                self._hold_back()
        elif is_idle and self._is_filled:
            self._fold(0)

    def fold(self) -> None:
        """Cuts it if it can be, at the end."""
        if self._is_filled:
            self._fold(CUT_MS)

    def _has_to_be_cut(self) -> bool:
        return self._holds_erased or (self._is_filled and self._size() > self.longest)

    def _size(self) -> int:
        try:
            return os.stat(self._path).st_size  # noqa: PTH116  asked after each group: a Path costs more than the call
        except FileNotFoundError:
            return 0

    def _fold(self, patience_ms: int) -> bool:
        execute = self.connection.execute
        self._not_before = time.monotonic() + REST  # if it fails
        try:
            execute(f"PRAGMA busy_timeout = {patience_ms}").fetchall()
            ((is_busy, _, _),) = execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        finally:
            execute(f"PRAGMA busy_timeout = {self.busy_ms}").fetchall()
        self._not_before = time.monotonic() + AGAIN
        if is_busy:
            return False
        self._is_filled = self._holds_erased = False
        self._held_until = 0.0
        self._cut.set()
        return True

    def _hold_back(self) -> None:
        now = time.monotonic()
        if now < self._held_until:
            return
        if not self._cut.is_set():
            log.warning("the log cannot be cut while somebody reads", file=self._path, bytes=self._size())
            self._cut.set()
        elif not self._held_until or now >= self._held_until + REST:
            self._held_until = now + PATIENCE
            self._cut.clear()
