"""SQLite's log beside the file: when it is folded into the file and cut, and when new readers wait so that it can be.

The log is cut only at an instant at which nobody reads from it. Readers that overlap leave none, so that it would grow without
bound, and keep in it what was erased; therefore new scans wait for a moment when it is too long, or when something was erased.

SQLite's own folding after a commit is switched off, since it keeps an error of the disk to itself and tries again: after a
failed fsync the next one succeeds although pages are missing, and the log that still had them would be begun anew.
"""

import os
import threading
import time
from dataclasses import dataclass, field

import structlog

from relay.stores.sqlite_file import WAL_BYTES_KEPT, WAL_PAGES, Connection

IDLE = 1.0  # seconds without work until the log is folded
AGAIN = 0.05  # seconds between two tries to cut a log that has to be cut
CUT_MS = 20  # how long one try waits for look-ups, which take microseconds
PATIENCE = 2.0  # seconds that new scans wait; whoever reads for longer is no scan of the relay, and is not waited for
REST = 10.0  # seconds in which scans go on after that
HEADER, FRAME_HEADER = 32, 24  # bytes before the frames, and before the page in each
SALT_AT, SALT_IN_FRAME_AT, SALT = 16, 8, 8  # where it stands, and how long; frames with another one are left from before

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Log:
    """The writer's thread cuts; scans ask for `room` from their own threads. `longest` is in bytes.

    What is in more than `pages` pages is also written into the file, while the log keeps its length to be written over.
    """

    connection: Connection
    busy_ms: int
    longest: int = WAL_BYTES_KEPT
    pages: int = WAL_PAGES
    cuts: int = 0
    _path: str = ""
    _is_filled: bool = False
    _holds_erased: bool = False
    _not_before: float = 0.0
    _held_until: float = 0.0
    _cut: threading.Event = field(default_factory=threading.Event)
    _frames: "_Frames" = field(init=False)

    def __post_init__(self) -> None:
        ((_, _, file),) = self.connection.execute("PRAGMA database_list").fetchall()
        self._path = f"{file}-wal"
        self._frames = _Frames(self._path)
        self._is_filled = self._holds_erased = self._size() > 0  # of an earlier run that was killed, nobody knows what it holds
        self._cut.set()

    @property
    def holds_erased(self) -> bool:
        """Whether something that was erased may still stand in it."""
        return self._holds_erased

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
        elif self._frames.count() >= self.pages and time.monotonic() >= self._not_before:
            self._copy()

    def fold(self) -> None:
        """Cuts it if it can be, at the end."""
        if self._is_filled:
            self._fold(CUT_MS)

    def close(self) -> None:
        """Before the connection is."""
        self._frames.close()

    def _has_to_be_cut(self) -> bool:
        return self._holds_erased or (self._is_filled and self._size() > self.longest)

    def _size(self) -> int:
        try:
            return os.stat(self._path).st_size  # noqa: PTH116  asked after each group: a Path costs more than the call
        except FileNotFoundError:
            return 0

    def _copy(self) -> None:
        """Writes it into the file as far as nobody reads what was there before; the next commit may begin it anew."""
        self._not_before = time.monotonic() + REST  # if it fails
        self.connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
        self._not_before = time.monotonic() + AGAIN

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
        self.cuts += 1
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


class _Frames:
    """How many pages stand in the log since it was begun, which SQLite tells nobody; a look is a few microseconds."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._file = -1
        self._salt = b""
        self._length = 0
        self._count = 0

    def count(self) -> int:
        """So far; frames that a commit in vain left behind may be among them."""
        if self._file < 0 and not self._opened():
            return 0
        header = os.pread(self._file, HEADER, 0)
        salt = header[SALT_AT : SALT_AT + SALT]
        if salt != self._salt:
            self._salt, self._count = salt, 0
            self._length = FRAME_HEADER + int.from_bytes(header[8:12])
        if len(salt) == SALT:
            while os.pread(self._file, SALT, HEADER + self._count * self._length + SALT_IN_FRAME_AT) == salt:
                self._count += 1
        return self._count

    def close(self) -> None:
        if self._file >= 0:
            os.close(self._file)

    def _opened(self) -> bool:
        """Nothing but a reading of its own: SQLite locks other files than the log, so closing this one frees no lock."""
        try:
            self._file = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        return True
