"""A restore: what has to be true of a database that was put back, since the world outside has seen more than it knows."""

from dataclasses import dataclass
from datetime import datetime

SEQ_LEAP = 1_000_000  # more items than any member got between a backup and its restore


@dataclass(frozen=True, slots=True)
class LeapSeqs:
    """Goes on in every stream so many numbers later, so that none that was given after the backup is given again.

    A client that has seen more than the backup knows would take a number that comes again for what it has already, and never
    show what is under it now.
    """

    by: int


@dataclass(frozen=True, slots=True)
class EndAllTokens:
    """Nobody's credential opens anything any more. Outcome: how many that were."""

    at: datetime
