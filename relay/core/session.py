"""Session: a person of staff signed in from one browser; the one-time link that leads there, and what is written of both."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from relay.core.staff import Token

LASTS = timedelta(days=14)  # from when it was last used: whoever works every other week need not sign in again
LINK_LASTS = timedelta(hours=24)  # a working day, with the night before it
SEEN_EVERY = timedelta(minutes=5)  # how coarse the time of the last use is: one write in so long, whatever a session asks
MOST = 20  # sessions of one person: more browsers than anybody has, and a list that fits on a screen


@dataclass(frozen=True, slots=True)
class Session:
    """`browser` is a label such as "Firefox on Linux"; `seen_at` is up to five minutes old."""

    id: str
    staff: str
    browser: str
    created_at: datetime
    seen_at: datetime
    expires_at: datetime


def surplus(sessions: Sequence[Session]) -> tuple[Session, ...]:
    """Those that end when one more begins: the ones that were not used for longest."""
    by_use = sorted(sessions, key=lambda session: session.seen_at, reverse=True)
    return tuple(by_use[MOST - 1 :])


@dataclass(frozen=True, slots=True)
class Seen:
    """A session of this person was used."""

    id: str
    staff: str
    at: datetime


@dataclass(frozen=True, slots=True)
class BeginSession:
    """A further session. Stale when the person is gone, or their passphrase is not the one with this hash any more.

    What ended before of theirs, sessions and links, goes for good.
    """

    token: Token
    hash: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class EndSession:
    """One session ends at once; one that has ended stays so."""

    id: str
    staff: str
    at: datetime


@dataclass(frozen=True, slots=True)
class SeeSessions:
    """Many sessions were used, and last from then on."""

    seen: tuple[Seen, ...]


@dataclass(frozen=True, slots=True)
class UseLink:
    """A one-time link is used up. Stale when it was before, has expired or never was."""

    digest: str
    staff: str
    at: datetime


@dataclass(frozen=True, slots=True)
class SetPassphrase:
    """Only its hash is ever stored. Stale when the person is gone."""

    staff: str
    hash: str = field(repr=False)
    at: datetime


@dataclass(frozen=True, slots=True)
class Rehash:
    """The same passphrase at a higher cost; nothing happens when it was changed meanwhile."""

    staff: str
    old: str = field(repr=False)
    new: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class NameStaff:
    """A person's name. Taken when another who works here has it, Stale when the person is gone."""

    staff: str
    name: str
