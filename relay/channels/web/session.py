"""One signed-in connection of a member, and all connections of one member together."""

from collections import deque
from dataclasses import dataclass, field

from relay.channels.web.render import Said
from relay.channels.web.socket import Socket


@dataclass(slots=True, eq=False)
class Presence:
    """A member who is connected: their devices, and how far they are together."""

    member: int
    member_id: str
    community: int
    sessions: "list[Session]" = field(default_factory=list)
    delivered: int = 0
    read: int = 0


NOBODY = Presence(0, "", 0)
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
    inbox: deque[Said] | None = None


class Silent:
    """Connections that have not signed in, by the address they come from, each in the order of its coming."""

    def __init__(self) -> None:
        self._by_address: dict[str, dict[Socket, None]] = {}
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, socket: Socket) -> None:
        self._by_address.setdefault(socket.peer, {})[socket] = None
        self._count += 1

    def discard(self, socket: Socket) -> None:
        """Nothing happens when it has signed in or made room already."""
        peer = socket.peer
        sockets = self._by_address.get(peer, {})
        if socket in sockets:
            del sockets[socket]
            self._count -= 1
            if not sockets:
                del self._by_address[peer]

    def pop_oldest_of_fullest(self) -> Socket:
        """The one who makes room for others."""
        fullest = max(self._by_address.values(), key=len)
        oldest = next(iter(fullest))
        self.discard(oldest)
        return oldest
