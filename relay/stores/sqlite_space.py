"""The reserve of the disk: below it the store takes nothing that adds data, but goes on to read, to revoke and to erase.

What would fill the disk is refused before SQLite meets its end, since a full disk also keeps out what frees it. The reserve is
for what must never wait: what takes authority away, what withdraws and erases, and the small rows that keep a relay true to
what it has done already. A disk that is full all the same, since others fill it too, is noticed by what SQLite says.
"""

import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from relay.core.attempt import AddReceipts, RecoverAttempts, ReturnAttempts, SetPushed, SettleAttempts
from relay.core.change import (
    AdvanceCursors,
    CancelPost,
    Change,
    DropPlan,
    Erase,
    FreeLease,
    Leave,
    Record,
    RemoveStaff,
    RevokeKey,
    RevokeTokens,
    SetFact,
)
from relay.core.device import ConfirmDevice, DropDevices
from relay.core.erasure import ConfirmErasures, NoteErasures, PurgeErased
from relay.core.errors import Unavailable
from relay.core.joining import ForgetJoins, RevokeInvite
from relay.core.lease import EndLease, HoldLease
from relay.core.model import WithdrawModel
from relay.core.pause import Pause
from relay.core.repeat import Forget, Remember
from relay.core.restore import EndAllTokens, LeapSeqs
from relay.core.run import DropPlans, EndRun, KeepRun, StartRun
from relay.core.session import BeginSession, EndSession, Rehash, SeeSessions
from relay.stores.sqlite_errors import FULL, REFUSED

MIB = 1024 * 1024
RESERVE = 256 * MIB  # four times the longest log, which needs as much again while it is folded
SHARE = 10  # a small disk is kept free to a tenth, so that it is not refused from the start
PAGE = 4096  # bytes, and a few more in the log
LOOK_EVERY = 0.05  # seconds: a look costs a few microseconds, and a second of the fastest load is some 100 MiB
TRY_AGAIN = 1.0  # seconds after SQLite found no room until what adds data is tried again
RETRY_AFTER = 10.0  # seconds that who is refused is asked to wait

NEARLY_FULL = "The disk is nearly full, so nothing that adds data is taken; reading goes on. Free some space."
"""Without figures: they move with what others write, and a member may read this."""

ALWAYS: frozenset[type[Change]] = frozenset(
    {
        *(Leave, Pause, Erase, RevokeTokens, EndAllTokens, EndSession, RemoveStaff, RevokeKey, RevokeInvite, CancelPost),
        WithdrawModel,
    }
)
"""Withdraws, takes away or frees: goes into the reserve with whatever else stands in its commit, a STOP with its message."""

ALONE: frozenset[type[Change]] = frozenset(
    {
        *(DropPlan, DropPlans, Forget, ForgetJoins, FreeLease, PurgeErased),  # free something
        *(NoteErasures, ConfirmErasures, DropDevices),  # what ends an erasure, ids alone
        ConfirmDevice,  # a secret that nobody needs any more
        *(StartRun, KeepRun, EndRun, SetPushed, RecoverAttempts, ReturnAttempts, SetFact),  # without them no relay starts
        *(HoldLease, EndLease),  # nor does one take up what another left
        *(SettleAttempts, AddReceipts, AdvanceCursors, LeapSeqs),  # what has left or arrived; rows that are there change
        *(BeginSession, SeeSessions, Rehash),  # staff get in to see to it
        *(Record, Remember),  # staff's reading goes on, and none of it without its record
    }
)
"""Goes into the reserve when nothing else stands in the commit."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Disk:
    """Bytes that may still be written, and that there are in all."""

    free: int
    total: int


def disk_of(folder: Path) -> Disk:
    """What this process may use there."""
    found = os.statvfs(folder)
    return Disk(found.f_bavail * found.f_frsize, found.f_blocks * found.f_frsize)


@dataclass(slots=True)
class Space:
    """Asked by the loop before each commit; the writer's thread says when SQLite found no room, and when it did again."""

    folder: Path
    reserve: int = RESERVE
    measure: Callable[[Path], Disk] = disk_of
    disk: Disk = field(default=Disk(0, 0), init=False)
    kept: int = field(default=0, init=False)
    _is_low: bool = field(default=False, init=False)
    _is_full: bool = field(default=False, init=False)
    _is_said: bool = field(default=False, init=False)
    _saying: threading.Lock = field(default_factory=threading.Lock, init=False)
    _look_at: float = field(default=0.0, init=False)
    _try_at: float = field(default=0.0, init=False)

    def __post_init__(self) -> None:
        self.disk = self.measure(self.folder)
        self.kept = min(self.reserve, self.disk.total // SHARE)
        if self.kept < self.reserve:
            log.warning("the reserve is a tenth of the disk", asked_mib=self.reserve // MIB, **self._figures())
        self.look()

    def refuse(self, changes: tuple[Change, ...]) -> None:
        """Raises Unavailable when these have to wait until there is room."""
        if (why := self.why_refused()) is None or _goes_into_reserve(changes):
            return
        if self._is_low or time.monotonic() < self._try_at:
            raise Unavailable(why, retry_after=RETRY_AFTER)

    def why_refused(self) -> str | None:
        """Why nothing that adds data is taken; None while it is."""
        if time.monotonic() >= self._look_at:
            self.look()
        if self._is_full:
            return REFUSED[FULL]
        return NEARLY_FULL if self._is_low else None

    def pages(self, most: int) -> int:
        """How long the log may become until it is written into the file, which takes up to as much room again."""
        return min(most, self.kept // 2 // PAGE) if self.kept else most

    def look(self) -> None:
        """Measures now."""
        self._look_at = time.monotonic() + LOOK_EVERY
        self.disk = self.measure(self.folder)
        self._is_low = self.disk.free < self.kept
        self._say()

    def found_none(self) -> None:
        """SQLite found no room."""
        self._try_at = time.monotonic() + TRY_AGAIN
        self._is_full = True
        self.look()

    def found_some(self) -> None:
        """A group is on the disk; right after there was none that says little, since a log that is there is written over."""
        if self._is_full and time.monotonic() >= self._try_at:
            self._is_full = False
            self.look()

    def wait(self) -> float | None:
        """For how many seconds who has nothing to write may wait before it tries whether there is room again."""
        return max(0.0, self._try_at - time.monotonic()) if self._is_full else None

    def _say(self) -> None:
        with self._saying:
            is_read_only = self._is_low or self._is_full
            if is_read_only == self._is_said:
                return
            self._is_said = is_read_only
        if is_read_only:
            log.error("read-only: the disk is full or nearly so", **self._figures())
        else:
            log.warning("the disk has room again: writing goes on", **self._figures())

    def _figures(self) -> dict[str, int]:
        return {"free_mib": self.disk.free // MIB, "kept_mib": self.kept // MIB, "disk_mib": self.disk.total // MIB}


def _goes_into_reserve(changes: tuple[Change, ...]) -> bool:
    kinds = {type(change) for change in changes}
    return not kinds.isdisjoint(ALWAYS) or kinds <= ALONE
