"""A delivery: one item for one member and what became of it; the twelve states always sum to the audience."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from random import Random


class DeliveryState(IntEnum):
    """Stored as its number.

    For members who read their stream (web, MQTT) SENT, DELIVERED and READ are not written to each row: the row stays SENDING
    and the member's cursors tell how far they are (`reached`). So an acknowledgement of 50 items is one small update.
    """

    PLANNED = 0
    SENDING = 1
    DEFERRED = 2
    SENT = 3
    DELIVERED = 4
    READ = 5
    FAILED = 6
    EXPIRED = 7
    UNKNOWN = 8
    SUPPRESSED = 9
    CANCELLED = 10
    ERASED = 11

    @property
    def word(self) -> str:
        """As the wire says it."""
        return self.name.lower()


STATE_WORDS = (
    "planned", "deferred", "sending", "sent", "delivered", "read",
    "failed", "expired", "unknown", "suppressed", "cancelled", "erased",
)  # fmt: skip
"""All twelve in the order in which people read them."""

_RANK = {
    DeliveryState.PLANNED: 0,
    DeliveryState.DEFERRED: 0,
    DeliveryState.SENDING: 1,
    DeliveryState.UNKNOWN: 2,
    DeliveryState.SENT: 3,
    DeliveryState.DELIVERED: 4,
    DeliveryState.READ: 5,
}


def may_follow(now: DeliveryState, then: DeliveryState) -> bool:
    """Whether a receipt may move a delivery on: never backwards, and never out of an end."""
    if now not in _RANK:
        return False
    if then not in _RANK:
        return now is not DeliveryState.READ
    return _RANK[then] > _RANK[now]


@dataclass(frozen=True, slots=True)
class Cursors:
    """How far a member's stream has come: seqs, each inclusive, 0 before the first."""

    first: int = 1
    last: int = 0
    sent: int = 0
    delivered: int = 0
    read: int = 0


def reached(seq: int, cursors: Cursors) -> DeliveryState:
    """What became of a released item of a member who reads their stream."""
    if seq <= cursors.read:
        return DeliveryState.READ
    if seq <= cursors.delivered:
        return DeliveryState.DELIVERED
    if seq <= cursors.sent:
        return DeliveryState.SENT
    return DeliveryState.SENDING


def counts(found: Mapping[DeliveryState, int]) -> dict[str, int]:
    """All twelve words with their numbers, 0 where nothing was found."""
    return {word: found.get(DeliveryState[word.upper()], 0) for word in STATE_WORDS}


FIRST_RETRY = 5.0  # seconds; a platform's hiccup is mostly over by then
LONGEST_RETRY = 3600.0  # seconds
MAX_TRIES = 12  # with the doubling pauses about 5 hours


def retry_at(now: datetime, tries: int, random: Random) -> datetime | None:
    """When a failed attempt is made again, with full jitter; None when it has had its chances."""
    if tries >= MAX_TRIES:
        return None
    pause = min(LONGEST_RETRY, FIRST_RETRY * 2 ** (tries - 1))
    return now + timedelta(seconds=pause * random.uniform(0.5, 1.0))
