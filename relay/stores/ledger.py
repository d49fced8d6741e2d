"""What every engine is: all queries in one class; and what becomes of a commit that is written: it is counted and announced."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from relay.core.change import Change, Outcome
from relay.ports import Told
from relay.stores.sql.attempts import Attempts
from relay.stores.sql.checking import Checking
from relay.stores.sql.communities import Communities
from relay.stores.sql.deliveries import Deliveries
from relay.stores.sql.devices import Devices
from relay.stores.sql.joinings import Joinings
from relay.stores.sql.measures import Measures
from relay.stores.sql.members import Members
from relay.stores.sql.messages import Messages
from relay.stores.sql.models import Models
from relay.stores.sql.pauses import Pauses
from relay.stores.sql.posts import Posts
from relay.stores.sql.record import OwnRecord
from relay.stores.sql.scope import OwnScope
from relay.stores.sql.sessions import Sessions
from relay.stores.sql.shadow import Shadow
from relay.stores.sql.signing_in import SigningIn
from relay.stores.sql.staff import People
from relay.stores.sql.threads import Threads
from relay.stores.sql.tokens import Tokens

log = structlog.get_logger(__name__)


def _unheard(_commits: int, _seconds: float) -> None:
    """Nobody counts."""


@dataclass(slots=True)
class Tally:
    """What was written: `groups` of commits went to the disk together; refused ones are in neither."""

    groups: int = 0
    commits: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Work:
    """Changes that are written together, and who waits for them."""

    changes: tuple[Change, ...]
    waiter: asyncio.Future[tuple[Outcome, ...]]


class Ledger(
    Communities,
    Members,
    Joinings,
    Pauses,
    Tokens,
    Devices,
    SigningIn,
    Sessions,
    People,
    Posts,
    Deliveries,
    Attempts,
    Threads,
    Messages,
    Checking,
    Measures,
    Shadow,
    Models,
    OwnRecord,
):  # fmt: skip
    """`grouped` hears of each group: how many commits, and the seconds until they were on the disk."""

    def __init__(self, told: Told) -> None:
        self.broken = asyncio.Event()
        self.why_broken = ""
        self.tally = Tally()
        self.grouped: Callable[[int, float], None] = _unheard
        self._told = told

    def of(self, member: int) -> OwnScope:
        return OwnScope(member, self._rows, self._scan)

    def _count(self, commits: int, seconds: float) -> None:
        self.tally.groups += 1
        self.tally.commits += commits
        try:
            self.grouped(commits, seconds)
        except Exception:
            log.exception("counting failed")

    def _announce(self, changes: tuple[Change, ...], outcomes: tuple[Outcome, ...]) -> None:
        """Before anybody goes on with it."""
        try:
            self._told(changes, outcomes)
        except Exception:
            log.exception("announcing failed")
