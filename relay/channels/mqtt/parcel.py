"""What goes to the broker and comes from it, as plain values; nothing here knows the library that carries them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum

from relay.core.errors import Unknown


class Fate(Enum):
    """What became of something that was published; only SENT is at the broker."""

    SENT = "sent"
    NOBODY = "nobody"  # taken and thrown away: no session at the broker has subscribed
    DENIED = "denied"  # the broker's access list, or larger than it takes
    FULL = "full"  # the broker's quota, or a fault of it
    LOST = "lost"  # the connection ended first: it may or may not have arrived


Settled = Callable[[Fate], None]


class Stranger(Unknown):
    """Nobody whom the relay knows: it gets no answer."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What MQTT 5 lets a sender ask of the answer; the answer carries `correlation` back."""

    topic: str | None = None
    correlation: bytes | None = None


@dataclass(slots=True, eq=False)
class Arrival:
    """One message that came in. The broker keeps it until it is settled; `is_handled` says that it may be."""

    topic: str
    payload: bytes = field(repr=False)
    qos: int = 1
    is_retained: bool = False
    reply: Reply = Reply()
    user: tuple[tuple[str, str], ...] = ()
    mid: int = 0
    connection: int = 0
    is_handled: bool = False
