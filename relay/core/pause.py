"""A pause: a member gets no posts until a time of their choice; what comes meanwhile is deferred and reaches them then."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from relay.core.errors import Fault, Invalid
from relay.core.member import Member

LONGEST = timedelta(days=366)


def checked_until(until: datetime | None, now: datetime) -> datetime | None:
    """Until when; None ends a pause, and so does a time that has come. Raises Invalid for more than a year."""
    if until is None or until <= now:
        return None
    if until - now > LONGEST:
        raise Invalid("The pause is too long.", [Fault(("body", "until"), "lies more than a year ahead")])
    return until


def paused_until(member: Member, now: datetime) -> datetime | None:
    """Until when no posts come; None: they come."""
    until = member.paused_until
    return until if until is not None and until > now else None


@dataclass(frozen=True, slots=True)
class Pause:
    """No posts until then, None: they come at once again, with those that waited. Answers of staff come all the same."""

    member: int
    until: datetime | None
    at: datetime


@dataclass(frozen=True, slots=True)
class ReleaseDeferred:
    """Gives what waited for the end of a pause its seq: so many items, of each member the oldest. Outcome: Resumed."""

    now: datetime
    limit: int


@dataclass(frozen=True, slots=True)
class Resumed:
    """The keys of the members who got something."""

    resumed: tuple[int, ...]


Pausing = Pause | ReleaseDeferred
