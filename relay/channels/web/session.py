"""One signed-in connection of a member, and all connections of one member together."""

from collections import deque
from dataclasses import dataclass, field

from relay.channels.web.socket import Socket
from relay.core.rate import Bucket


@dataclass(slots=True, eq=False)
class Presence:
    """A member who is connected: their devices, how far they are together, and what they may still send."""

    member: int
    member_id: str
    community: int
    bucket: Bucket
    sessions: "list[Session]" = field(default_factory=list)
    delivered: int = 0
    read: int = 0


NOBODY = Presence(0, "", 0, Bucket(0, 0))
"""Stands in for the member until a connection has signed in."""


@dataclass(slots=True, eq=False)
class Session:
    """`sent` and `acked` are seqs of this connection; `digest` is that of its token, which is looked up for each message.

    `filling` means that a task reads older items from the store; `missed` that something newer came meanwhile.
    """

    socket: Socket
    presence: Presence = NOBODY
    digest: str = ""
    device: str = ""
    sent: int = 0
    acked: int = 0
    filling: bool = False
    missed: bool = False
    faults: int = 0
    inbox: deque[bytes] | None = None
