"""Many members on raw sockets: cheap enough for ten thousand in one process, and slow readers when a test says so."""

import asyncio
import json
import socket
from collections import Counter
from collections.abc import Coroutine
from random import Random
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from tests.e2e.client import Api, Signal
from tests.e2e.server import Server

AT_ONCE = 64  # members that enrol at the same time
ETHERNET = 1460  # bytes a segment: loopback's own 64 KiB would let the kernel swallow what a slow reader should feel
SLOW_BYTES = 1024  # a slow reader takes so much
SLOW_EVERY = 1.0  # in so many seconds
PARTS = 10  # slow readers take turns, so that they are no burst
SLOW_WINDOW = 1024  # bytes that the kernel keeps for a slow reader: it takes as few as it can
SOONEST_MS, LATEST_MS = 200, 5000  # a client that got no bye spreads itself over this time
LOST = 1006
ROOM = 65_536
CONSENT = {"source": "the form on the page", "text_version": "1"}
_ITEM = b'{"type":"item","seq":'


class Member(asyncio.BufferedProtocol):
    """Somebody with a token, connected or not; applies each seq once and acknowledges it, on one connection after the other.

    `seq` is the last item they have; `gaps` and `repeated` count what came out of order and what came again on one connection,
    `losses` the connections that ended without their wish, `refused` those that never began. `told_ms` is the last bye's.
    """

    __slots__ = (
        "_asked", "_code", "_crowd", "_rest", "_transport", "at_seq", "byes", "closes", "gaps", "id", "is_in", "is_slow",
        "is_staying", "last_seq", "losses", "refused", "repeated", "retry_ms", "seq", "token", "told_ms",
    )  # fmt: skip

    def __init__(self, crowd: "Crowd", id_: str, token: str) -> None:
        self._crowd = crowd
        self.id = id_
        self.token = token
        self._rest = b""
        self._asked = False
        self._code = LOST
        self._transport: asyncio.Transport | None = None
        self.is_in = self.is_slow = self.is_staying = False
        self.seq = self.last_seq = self.at_seq = 0
        self.gaps = self.repeated = self.refused = self.losses = 0
        self.retry_ms: int | None = None
        self.told_ms: int | None = None
        self.byes: Counter[str] = Counter()
        self.closes: Counter[int] = Counter()

    def hang_up(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def send(self, payload: bytes) -> None:
        """A text frame; a mask of zeros leaves the payload as it is."""
        size = len(payload)
        length = bytes((0x80 | size,)) if size < 126 else b"\xfe" + size.to_bytes(2)
        if self._transport is not None:
            self._transport.write(b"\x81" + length + bytes(4) + payload)

    def go_on(self) -> None:
        """The next piece may be read."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()

    # ----------------------------------------------------------------------------------------------- for the transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._rest, self._asked, self._code, self.at_seq, self.retry_ms = b"", True, LOST, self.seq, None
        transport.write(self._crowd.handshake)
        self.send(b'{"type":"hello","token":"%b","after":%d}' % (self.token.encode(), self.seq))

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._crowd.piece if self.is_slow else self._crowd.room

    def buffer_updated(self, nbytes: int) -> None:
        data = self._rest + bytes(self._crowd.room[:nbytes])
        at = self._answered(data) if self._asked else 0
        before = self.seq
        while not self._asked and (end := self._frame(data, at)):
            at = end
        self._rest = data[at:]
        if self.seq > before:
            self.send(b'{"type":"ack","seq":%d}' % self.seq)
        if self.is_slow and self._transport is not None and not self._transport.is_closing():
            self._transport.pause_reading()

    def eof_received(self) -> None:
        """Close as well."""

    def connection_lost(self, exc: Exception | None) -> None:
        if self._transport is not None:
            self._transport = None
            self.is_in = False
            self.closes[self._code] += 1
            self.refused += self._asked
            self._crowd.left(self)

    # ------------------------------------------------------------------------------------------------------- what comes

    def _answered(self, data: bytes) -> int:
        end = data.find(b"\r\n\r\n")
        if end < 0:
            return 0
        if b" 101 " not in data[:16]:
            self.hang_up()
            return len(data)
        self._asked = False
        return end + 4

    def _frame(self, data: bytes, at: int) -> int:
        """The end of the frame that begins there; 0 while it is not whole."""
        if len(data) < at + 2:
            return 0
        first, size, start = data[at], data[at + 1], at + 2
        if size > 125:
            start += 2 if size == 126 else 8
            if len(data) < start:
                return 0
            size = int.from_bytes(data[at + 2 : start])
        end = start + size
        if len(data) < end:
            return 0
        self._take(first, data[start:end])
        return end

    def _take(self, first: int, payload: bytes) -> None:
        if first == 0x81 and payload.startswith(_ITEM):
            self._item(int(payload[len(_ITEM) : payload.index(b",", len(_ITEM))]))
        elif first == 0x81:
            self._told(json.loads(payload))
        elif first == 0x89 and self._transport is not None:
            self._transport.write(b"\x8a\x80" + bytes(4))
        elif first == 0x88:
            self._code = int.from_bytes(payload[:2])
            if self._transport is not None:
                self._transport.close()

    def _item(self, seq: int) -> None:
        self.gaps += seq > self.at_seq + 1
        self.repeated += seq <= self.at_seq
        self.at_seq = max(seq, self.at_seq)
        if seq == self.seq + 1:
            self.seq = seq
            self._crowd.arrived(self)

    def _told(self, frame: dict[str, Any]) -> None:
        match frame["type"]:
            case "welcome":
                self.is_in, self.last_seq = True, frame["last_seq"]
            case "bye":
                self.byes[frame["reason"]] += 1
                self.retry_ms = self.told_ms = frame["retry_after_ms"]
        self._crowd.heard.fire()


class Crowd:
    """All of them. `arrivals` holds seconds since the last `mark` of what came to those who are not slow.

    Who is cut off comes back when the relay said, or spread over some seconds; `is_hasty` comes back at once.
    """

    def __init__(self, server: Server, random: Random, *, is_hasty: bool = False) -> None:
        self.server = server
        self.heard = Signal()
        self.members: list[Member] = []
        self.arrivals: list[float] = []
        self.room = memoryview(bytearray(ROOM))
        self.piece = self.room[:SLOW_BYTES]
        self.is_hasty = is_hasty
        self._random = random
        self._marked_at = 0.0
        self._tasks: set[asyncio.Task[None]] = set()
        self._turn = 0
        self._ticking: asyncio.TimerHandle | None = None

    async def __aenter__(self) -> Self:
        self._tick()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._ticking is not None:
            self._ticking.cancel()
        for member in self.members:
            member.is_staying = False
            member.hang_up()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def handshake(self) -> bytes:
        return (
            b"GET /v1/me/stream HTTP/1.1\r\nHost: relay\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )

    async def enrol(self, owner: Api, slug: str, count: int) -> None:
        """So many new members of a community, not connected yet."""
        room = asyncio.Semaphore(AT_ONCE)

        async def one() -> None:
            async with room:
                made = await owner.want(201, "POST", f"/v1/communities/{slug}/members", {"consent": CONSENT})
                self.members.append(Member(self, made["id"], made["token"]))

        await asyncio.gather(*(one() for _ in range(count)))

    def start(self, *members: Member) -> None:
        """They connect, and come back after every interruption."""
        for member in members:
            member.is_staying = True
            self._work(self._dial(member, 0.0))

    def stop(self, *members: Member) -> None:
        """They go, and stay away."""
        for member in members:
            member.is_staying = False
            member.hang_up()

    async def all_in(self, *members: Member, limit: float) -> None:
        """Return when they have been welcomed."""
        await self.heard.until(lambda: all(member.is_in for member in members or self.members), limit)

    async def all_have(self, seq: int, *members: Member, limit: float) -> None:
        """Return when each has everything up to this item."""
        await self.heard.until(lambda: all(member.seq >= seq for member in members or self.members), limit)

    def mark(self) -> None:
        """From here on arrivals are counted."""
        self.arrivals = []
        self._marked_at = asyncio.get_running_loop().time()

    def arrived(self, member: Member) -> None:
        if not member.is_slow:
            self.arrivals.append(asyncio.get_running_loop().time() - self._marked_at)
        self.heard.fire()

    def left(self, member: Member) -> None:
        if member.is_staying:
            member.losses += 1
            self._work(self._dial(member, self._pause(member)))
        self.heard.fire()

    def _pause(self, member: Member) -> float:
        if self.is_hasty:
            return 0.0
        if member.retry_ms is not None:
            return member.retry_ms / 1000
        return self._random.uniform(SOONEST_MS, LATEST_MS) / 1000

    async def _dial(self, member: Member, pause: float) -> None:
        loop = asyncio.get_running_loop()
        due = asyncio.Event()
        loop.call_later(pause, due.set)
        await due.wait()
        await self.server.up.wait()
        address = urlsplit(self.server.url)
        raw = socket.socket()
        raw.settimeout(0)
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, ETHERNET)
        if member.is_slow:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SLOW_WINDOW)
        try:
            await loop.sock_connect(raw, (address.hostname, address.port))
            await loop.create_connection(lambda: member, sock=raw)
        except OSError:
            raw.close()
            self.left(member)

    def _work(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _tick(self) -> None:
        self._turn = (self._turn + 1) % PARTS
        for member in self.members[self._turn :: PARTS]:
            if member.is_slow:
                member.go_on()
        self._ticking = asyncio.get_running_loop().call_later(SLOW_EVERY / PARTS, self._tick)
