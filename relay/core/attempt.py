"""An attempt: handing one delivery to a platform at one address, how that can end, what follows, and how that is written down.

SendError
├── RetryAt        not now: again at the given time, or after a growing pause
├── Never          this item will not be taken at this address, whenever it is tried
├── WindowClosed   the platform lets nobody write to this member until they write again
├── MemberGone     nobody is reached at this address any more
├── Misconfigured  the fault is the relay's own (token, account, template): nobody is reached until it is mended
└── MayHaveLeft    the platform may or may not have taken it: never sent again by itself
"""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import IntEnum
from random import Random

from relay.core.delivery import DeliveryState, retry_at
from relay.core.stream import Item

LOOK_AGAIN = timedelta(hours=24)  # at a closed window, which the member's next message opens at once
MEND_WITHIN = timedelta(minutes=5)  # after a fault of our own, nothing goes out on the channel for so long
MAX_REASON = 200  # characters kept of what a platform says


class Phase(IntEnum):
    """Where an attempt stands; stored as its number."""

    WAITING = 0
    UNDER_WAY = 1
    DONE = 2


@dataclass(frozen=True, slots=True)
class Claim:
    """An attempt that is under way from now on; `member` and `seq` name the item in the member's stream."""

    reference: str
    member: int
    seq: int
    address: str = field(repr=False)
    tries: int


@dataclass(frozen=True, slots=True)
class Sending:
    """What a channel hands to its platform. `reference` stays the same when it is tried again, and comes back in receipts."""

    reference: str
    address: str = field(repr=False)  # what a log may quote holds neither addresses nor texts
    item: Item = field(repr=False)
    tries: int


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a platform says of a sending, at once or later: SENT, DELIVERED, READ or FAILED, the last with its reason."""

    reference: str
    state: DeliveryState = DeliveryState.SENT
    reason: str = ""


class SendError(Exception):
    """The platform did not take it."""

    def __init__(self, why: str = "") -> None:
        super().__init__(why)
        self.why = (why or type(self).__doc__ or "")[:MAX_REASON]


class RetryAt(SendError):
    """Not now."""

    def __init__(self, at: datetime | None = None, why: str = "", *, for_all: bool = False) -> None:
        """`at` is what the platform asks for; `for_all` says that nothing else goes out on the channel before either."""
        super().__init__(why)
        self.at = at
        self.for_all = for_all


class Never(SendError):
    """The platform does not take this item."""


class WindowClosed(SendError):
    """The window is closed."""


class MemberGone(SendError):
    """Nobody is reached at this address."""


class Misconfigured(SendError):
    """The channel is not set up rightly."""


class MayHaveLeft(SendError):
    """It may or may not have left."""


@dataclass(frozen=True, slots=True)
class Settlement:
    """What became of an attempt. It is made again at `due_at`; None: this was the last of it.

    `parked` waits for the member to write, `uncounted` gives the try back, `address_gone` keeps later items off the address,
    and until `closed_until` nothing goes out on the channel.
    """

    reference: str
    state: DeliveryState
    reason: str = ""
    due_at: datetime | None = None
    parked: bool = False
    uncounted: bool = False
    address_gone: bool = False
    closed_until: datetime | None = None


def settled(claim: Claim, end: Receipt | SendError, now: datetime, random: Random) -> Settlement:
    """What follows from how a try ended; `claim.tries` counts this one."""
    match end:
        case Receipt():
            return Settlement(claim.reference, end.state, end.reason[:MAX_REASON])
        case RetryAt() | WindowClosed() | Misconfigured():
            return _again(claim, end, now, random)
        case MemberGone() | Never():
            return _failed(claim, end)
        case _:
            return Settlement(claim.reference, DeliveryState.UNKNOWN, end.why)


def _again(claim: Claim, end: SendError, now: datetime, random: Random) -> Settlement:
    again = Settlement(claim.reference, DeliveryState.DEFERRED, end.why)
    if isinstance(end, Misconfigured):
        return replace(again, due_at=now + MEND_WITHIN, uncounted=True, closed_until=now + MEND_WITHIN)
    due_at = retry_at(now, claim.tries, random)
    if due_at is None:
        return _failed(claim, end)
    if isinstance(end, RetryAt):
        due_at = due_at if end.at is None else max(now, end.at)
        return replace(again, due_at=due_at, closed_until=due_at if end.for_all else None)
    return replace(again, due_at=now + LOOK_AGAIN, parked=True)


def _failed(claim: Claim, end: SendError) -> Settlement:
    return Settlement(claim.reference, DeliveryState.FAILED, end.why, address_gone=isinstance(end, MemberGone))


def given_back(claim: Claim, now: datetime) -> Settlement:
    """It was not handed over: it is due again, and the try does not count."""
    return Settlement(claim.reference, DeliveryState.DEFERRED, due_at=now, uncounted=True)


_ARRIVED = {DeliveryState.SENT, DeliveryState.DELIVERED, DeliveryState.READ}


def heard_late(settlement: Settlement, state: DeliveryState) -> Receipt | None:
    """What is still learned from the settlement of a try that was given up, or taken over by another run; None: nothing.

    That it arrived always counts. That it failed does only where nobody knows better: another try may have arrived.
    """
    if settlement.state in _ARRIVED or (settlement.state is DeliveryState.FAILED and state is DeliveryState.UNKNOWN):
        return Receipt(settlement.reference, settlement.state, settlement.reason)
    return None


@dataclass(frozen=True, slots=True)
class SetPushed:
    """At start: the channels that the relay pushes to. What is released from now on to members there is attempted."""

    channels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RecoverAttempts:
    """Ends what is overdue; what ended runs had under way may have left, so it is UNKNOWN. Outcome: how many."""

    now: datetime


@dataclass(frozen=True, slots=True)
class ClaimAttempts:
    """Takes what is due on a channel for a run, answers before posts, one at a time for each address. Outcome: Claimed.

    As many as there are references; an attempt keeps the one it got first. What is not to be sent any more (the member left,
    the post expired or was cancelled) is settled so instead. Stale when the run has ended or is overdue.
    """

    channel: str
    references: tuple[str, ...]
    now: datetime
    run: int


@dataclass(frozen=True, slots=True)
class Claimed:
    """What is to be sent now."""

    claims: tuple[Claim, ...]


@dataclass(frozen=True, slots=True)
class ReturnAttempts:
    """What the run has under way on a channel without knowing of it waits again: its claim failed, and was written after all.

    `known` are the references that it does know. Outcome: how many.
    """

    channel: str
    known: tuple[str, ...]
    now: datetime
    run: int


@dataclass(frozen=True, slots=True)
class SettleAttempts:
    """What became of a run's attempts. Nothing goes backwards: where a receipt was faster, it holds and nothing is repeated.

    An attempt that the run does not have any more is not settled by it; what it says then counts as far as `heard_late` goes.
    """

    settlements: tuple[Settlement, ...]
    now: datetime
    run: int


@dataclass(frozen=True, slots=True)
class AddReceipts:
    """What platforms say later; never backwards. Outcome: how many moved their delivery on."""

    receipts: tuple[Receipt, ...]


@dataclass(frozen=True, slots=True)
class HearFrom:
    """The member wrote on this channel: their window is open and their address works, so what waits for that is due."""

    member: int
    channel: str
    now: datetime
