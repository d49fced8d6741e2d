"""The mark beside the file: whether the last run ended cleanly, and which group of commits was the last to be on the disk.

SQLite takes a log that was cut, or that has a damaged page in its middle, for the end of what was written, and says nothing.
Each group has a number that stands in the database itself; the mark has the highest one that was acknowledged. A database that
is behind its mark has lost commits. The mark is written after each group and brought to the disk once a second, so it is never
ahead of what is on the disk, costs no fsync a group, and after a power cut is a second behind at most.
"""

import errno
import os
import time
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from relay.stores.sqlite_file import Connection
from relay.stores.stable import sync

SYNC_EVERY = 1.0  # seconds: one fdatasync beside thousands of groups
NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT})

LAST_GROUP = """
    SELECT value FROM facts WHERE name = 'last_group'"""
NUMBER = """
    INSERT INTO facts (name, value) VALUES ('last_group', ?1) ON CONFLICT (name) DO UPDATE SET value = excluded.value"""


def last_group(connection: Connection) -> int:
    """The number of the last group in the database, 0 before the first."""
    rows = connection.execute(LAST_GROUP).fetchall()
    return int(rows[0][0]) if rows else 0


class End(Enum):
    """How the last run ended, as its mark says."""

    CLEAN = "clean"
    UNCLEAN = "open"  # also of a database without a mark
    DAMAGED = "damaged"  # the file was found to be wrong


@dataclass(slots=True)
class Mark:
    """`group` is 0 where nothing is known; `is_sound` once somebody looked at the whole file, or need not.

    `is_synced` while nothing was written that is not on the disk.
    """

    path: Path
    end: End = End.UNCLEAN
    group: int = 0
    is_sound: bool = False
    is_synced: bool = True
    _file: int = -1
    _problem: OSError | None = None
    _sync_at: float = field(default=0.0)

    @classmethod
    def of(cls, database: Path) -> "Mark":
        """What the last run on this database left."""
        path = database.with_name(f"{database.name}-mark")
        with suppress(OSError, ValueError):
            word, group = path.read_text("ascii").split()
            return cls(path, End(word), int(group))
        return cls(path)

    def begin(self, group: int) -> None:
        """A run begins, with this group as the last one in the database. On the disk when it returns."""
        self.end, self.group = End.UNCLEAN, group
        self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._write()
        os.fsync(self._file)
        sync(self.path.parent)

    def reached(self, group: int) -> None:
        """This group is on the disk. Never raises: who waits for the group has to hear of it whatever becomes of the mark."""
        self.group, self.is_synced = group, False
        try:
            self._write()
        except OSError as error:
            self._problem = error

    def wait(self) -> float | None:
        """For how many seconds the writer may wait for work before it calls `sync`."""
        return None if self.is_synced else SYNC_EVERY

    def sync(self) -> None:
        """Once a second, also when nothing comes. Raises OSError when the disk fails; a full one leaves the mark behind."""
        if self._problem is not None and self._problem.errno not in NO_ROOM:
            raise self._problem
        if self.is_synced or time.monotonic() < self._sync_at:
            return
        self._sync_at = time.monotonic() + SYNC_EVERY
        try:
            os.fdatasync(self._file)
            self.is_synced = True
        except OSError as error:
            if error.errno not in NO_ROOM:
                raise

    def damaged(self) -> None:
        """The file is wrong: the next start looks at all of it before it serves."""
        self.end, self.is_sound = End.DAMAGED, False
        with suppress(OSError):
            self._write()
            os.fsync(self._file)

    def close(self, *, is_broken: bool) -> None:
        """The run is over, after everything else."""
        if self.is_sound and not is_broken and self.end is End.UNCLEAN:
            self.end = End.CLEAN
            with suppress(OSError):
                self._write()
        os.close(self._file)

    def _write(self) -> None:
        os.pwrite(self._file, f"{self.end.value:<8}{self.group:020d}\n".encode(), 0)
