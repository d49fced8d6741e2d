"""One signed-in connection of a member, and all ways in which one member is reached together."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from relay.channels.web import render
from relay.channels.web.render import Said, Written
from relay.channels.web.socket import Socket

REVOKED = 4403  # close code of the contract
WINDOW = 1024  # items a connection may leave unacknowledged


class Reader(Protocol):
    """What a member reads with, as the hub sees it: a WebSocket, or their topic at a broker.

    `sent` is the last seq that was written, `left` the last that is known to have left the relay, `acked` the last that came
    back as arrived. `filling` means that a task reads older items from the store; `missed` that something newer came meanwhile.
    """

    presence: "Presence"
    device: str
    sent: int
    acked: int
    filling: bool
    missed: bool

    @property
    def left(self) -> int: ...
    @property
    def window(self) -> int:
        """Items that may be unacknowledged."""
        ...

    @property
    def is_open(self) -> bool: ...
    @property
    def buffered(self) -> int:
        """Bytes that wait in the process for the reader."""
        ...

    def write(self, written: Written, *, is_answer: bool) -> bool:
        """The item behind `sent`. False: it was not taken."""
        ...

    def write_all(self, items: Sequence[Written]) -> bool:
        """The items behind `sent`, all or none."""
        ...

    def revoke(self) -> None:
        """Its credential is gone."""
        ...


@dataclass(slots=True, eq=False)
class Presence:
    """A member who is reached: what they read with, and how far they are together."""

    member: int
    member_id: str
    community: int
    sessions: list[Reader] = field(default_factory=list)
    delivered: int = 0
    read: int = 0


NOBODY = Presence(0, "", 0)
"""Stands in for the member until a connection has signed in."""


@dataclass(slots=True, eq=False)
class Session:
    """A WebSocket; `digest` is that of its token, which is looked up for each message.

    `secret` is the token of a page's cookie, until the hello; a page also hears what its forms show.
    """

    socket: Socket
    presence: Presence = NOBODY
    digest: str = ""
    secret: str = ""
    is_page: bool = False
    device: str = ""
    sent: int = 0
    acked: int = 0
    filling: bool = False
    missed: bool = False
    faults: int = 0
    inbox: deque[Said] | None = None

    @property
    def left(self) -> int:
        return self.sent

    @property
    def window(self) -> int:
        return WINDOW

    @property
    def is_open(self) -> bool:
        return self.socket.is_open

    @property
    def buffered(self) -> int:
        return self.socket.buffered

    def write(self, written: Written, *, is_answer: bool) -> bool:
        return self.socket.send_together(written.frame) if is_answer else self.socket.send(written.frame)

    def write_all(self, items: Sequence[Written]) -> bool:
        return self.socket.send(b"".join([written.frame for written in items]))

    def revoke(self) -> None:
        self.socket.close(REVOKED, "revoked", render.bye("revoked", 0))


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
