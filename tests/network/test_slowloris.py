"""Thousands who hold a connection and say next to nothing: they go in time, and true callers come in all the while."""

import asyncio
import math
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count

import aiohttp

from tests.conftest import is_soak
from tests.e2e.cast import Cast
from tests.e2e.client import Signal
from tests.e2e.conftest import Relay
from tests.e2e.server import Server
from tests.network.memory import MIB, Memory
from tests.network.proxy import place_of

SLUG = "town"
WHOLE = {"half headers": 2000, "half bodies": 2000, "silent": 500, "no hello": 500}
QUICK = {"RELAY_HTTP__HEADER_SECONDS": "2", "RELAY_HTTP__BODY_SECONDS": "3"}  # the hello's five seconds stay
GONE_S, GONE_QUICK_S = 35.0, 12.0
COMES_IN_S = 1.0
DRIP_S = 1.0  # between two bytes that mean nothing
PARTS = 25  # they take turns, so that they are no burst
CALL_S = 0.02  # between two true callers
AT_ONCE = 100  # that connect at the same time
OF_ONE = 40  # half bodies of one member: fewer than the limit of one caller
EACH = 40_000  # bytes that one of them may cost while it lasts
STREAM = (
    b"GET /v1/me/stream HTTP/1.1\r\nHost: relay\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


class Holder(asyncio.Protocol):
    """Somebody who begins, and then says just enough to be no dead connection."""

    def __init__(self, crowd: "Holders", kind: str, token: str) -> None:
        self.kind = kind
        self.opened_at = self.closed_at = 0.0
        self.heard = b""
        self._crowd = crowd
        self._token = token
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport, self.opened_at = transport, time.monotonic()
        head = f"POST /v1/me/messages HTTP/1.1\r\nHost: relay\r\nAuthorization: Bearer {self._token}\r\n".encode()
        whole = b"Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"
        transport.write({"half headers": head, "half bodies": head + whole, "silent": b"", "no hello": STREAM}[self.kind])

    def drip(self) -> None:
        more = {"half headers": b"X-Slow: 1\r\n", "half bodies": b" ", "silent": b"", "no hello": b"\x89\x80" + bytes(4)}
        if self._transport is not None and not self.closed_at:
            self._transport.write(more[self.kind])

    def data_received(self, data: bytes) -> None:
        self.heard += data[: 200 - len(self.heard)]

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed_at = time.monotonic()
        self._crowd.heard.fire()


@dataclass(slots=True)
class Holders:
    """All of them, and how the true callers fare meanwhile."""

    server: Server
    heard: Signal = field(default_factory=Signal)
    all: list[Holder] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)

    async def come(self, kinds: Iterator[tuple[str, str]]) -> None:
        """Everybody of (kind, token)."""
        loop, address = asyncio.get_running_loop(), place_of(self.server)()
        room = asyncio.Semaphore(AT_ONCE)

        async def one(kind: str, token: str) -> None:
            async with room:
                holder = Holder(self, kind, token)
                await loop.create_connection(lambda: holder, *address)
                self.all.append(holder)

        await asyncio.gather(*(one(kind, token) for kind, token in kinds))

    def drip(self, turn: int) -> None:
        for holder in self.all[turn % PARTS :: PARTS]:
            holder.drip()

    async def rest(self, seconds: float) -> None:
        """A while, or until nobody is left."""
        with suppress(AssertionError):
            await self.heard.until(lambda: bool(self.all) and not self.left, seconds)

    @property
    def left(self) -> int:
        return sum(not holder.closed_at for holder in self.all)

    def seconds(self) -> dict[str, float]:
        """How long the last of each kind stayed."""
        longest: dict[str, float] = {}
        for holder in self.all:
            longest[holder.kind] = max(longest.get(holder.kind, 0.0), holder.closed_at - holder.opened_at)
        return {kind: round(found, 1) for kind, found in longest.items()}


async def callers(holders: Holders, http: aiohttp.ClientSession, token: str) -> None:
    """True callers, one after the other, each on a connection of its own: a request, then a stream. Refused is for ever."""
    url, headers = holders.server.url, {"Authorization": f"Bearer {token}", "Connection": "close"}
    while True:
        for is_stream in (False, True):
            began = time.monotonic()
            try:
                if is_stream:
                    async with http.ws_connect(f"{url}/v1/me/stream") as socket:
                        await socket.send_json({"type": "hello", "token": token})
                        is_in = '"welcome"' in (await socket.receive()).data
                else:
                    async with http.get(f"{url}/v1/me", headers=headers) as response:
                        is_in = response.status in {200, 429}
            except (aiohttp.ClientError, OSError):
                is_in = False
            holders.waits.append(time.monotonic() - began if is_in else math.inf)
            await holders.rest(CALL_S)


async def until_gone(holders: Holders, seconds: float) -> None:
    """Drip until nobody is left, or their time is over."""
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    for turn in count():
        holders.drip(turn)
        await holders.rest(DRIP_S / PARTS)
        if not holders.left or loop.time() > end:
            return


async def test_who_holds_connections_goes_in_time_while_true_callers_come_in(
    start_relay: Relay, http: aiohttp.ClientSession, size: Callable[[int, int], int], figures: Callable[..., None]
) -> None:
    parts = 16 if "RELAY_EXAMPLES" in os.environ else size(4, 1)
    counts = {kind: count // parts for kind, count in WHOLE.items()}
    server = await start_relay(**({} if is_soak() else QUICK))
    async with Cast(http, server) as cast:
        await cast.found(SLUG)
        tokens = [(await cast.enrol(SLUG)).api.token or "" for _ in range(counts["half bodies"] // OF_ONE + 2)]
        memory, holders = Memory(server.pid), Holders(server)
        true = asyncio.get_running_loop().create_task(callers(holders, http, tokens[-1]))

        await holders.come((kind, tokens[n // OF_ONE]) for kind, many in counts.items() for n in range(many))
        await until_gone(holders, GONE_S if is_soak() else GONE_QUICK_S)

        left = holders.left
        true.cancel()
        await asyncio.gather(true, return_exceptions=True)
        heard = Counter((holder.kind, holder.heard[:13]) for holder in holders.all)
        figures(held=counts, longest_s=holders.seconds(), callers=len(holders.waits), worst_s=max(holders.waits), memory=memory)
        assert left == 0
        assert dict(heard) == {
            ("half headers", b""): counts["half headers"],
            ("half bodies", b"HTTP/1.1 408 "): counts["half bodies"],
            ("silent", b""): counts["silent"],
            ("no hello", b"HTTP/1.1 101 "): counts["no hello"],
        }
        assert math.inf not in holders.waits, "a true caller was refused"
        in_a_row = zip(holders.waits, holders.waits[1:], holders.waits[2:], strict=False)  # the machine may stall for one
        assert [waits for waits in in_a_row if min(waits) > COMES_IN_S] == []
        assert memory.growth <= EACH * len(holders.all) + MIB
