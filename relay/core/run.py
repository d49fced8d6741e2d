"""A run: one relay process at work on the store, from its start to its end; its key, the epoch, fences off what comes too late.

A run ends when its process says so, or when it was not renewed in time and another takes over what it left: plans are dropped,
attempts under way are unknown. A process that was paused meanwhile finds that out by its own clocks before it does anything
outside, and by the epoch in whatever it commits.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

RUN_FOR = 15.0  # seconds without a renewal until another process may take over
FOR_EVER = 1e11  # seconds, three thousand years: a run on a store that keeps every other process off
RENEW = 1 / 4  # of that time between two renewals: two may fail before anything stops
MARGIN = 1 / 5  # of that time in which it is no longer sure: what clocks of several machines may differ by


@dataclass(frozen=True, slots=True)
class Term:
    """A run as its own process knows it, from before the commit that began or renewed it."""

    epoch: int
    at: datetime
    monotonic: float
    lasts: float

    def is_sure(self, at: datetime, monotonic: float) -> bool:
        """Whether nobody can have taken over yet. Both clocks must say so: one of them stands still while a machine sleeps."""
        sure = self.lasts * (1 - MARGIN)
        return monotonic - self.monotonic < sure and (at - self.at).total_seconds() < sure

    def is_fresh(self, monotonic: float) -> bool:
        """Whether it need not be renewed yet."""
        return monotonic - self.monotonic < self.lasts * RENEW


def until(now: datetime, lasts: float) -> datetime:
    """When a run that is begun or renewed now may be taken over."""
    return now + timedelta(seconds=lasts)


@dataclass(frozen=True, slots=True)
class StartRun:
    """Outcome: the epoch, higher than any before."""

    now: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class KeepRun:
    """Renews it, never to an earlier time. Stale when it has ended; one that is overdue has not until somebody took over."""

    epoch: int
    until: datetime


@dataclass(frozen=True, slots=True)
class EndRun:
    """It is over; nothing happens when it was before."""

    epoch: int


@dataclass(frozen=True, slots=True)
class DropPlans:
    """Ends what is overdue, then drops a group of what ended runs left of posts that nobody was told were accepted.

    Outcome: how much may be left.
    """

    now: datetime
    limit: int
