"""A lease: what only one of several relay processes may do at a time. Who does not renew it loses it to another."""

from dataclasses import dataclass
from datetime import datetime

HELD_FOR = 6.0  # seconds without a renewal until another process may take it: with what comes after, it works on within 10


@dataclass(frozen=True, slots=True)
class HoldLease:
    """Takes or renews it for a run. Outcome: 1 when it is this run's now, 0 while it is another's."""

    name: str
    run: int
    now: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class EndLease:
    """Gives it back; nothing happens when it is another's."""

    name: str
    run: int
