"""The door: how connections come in, how many, and how long each may take; aiohttp has no such limits of its own.

A drop-in for aiohttp's AppRunner. One sweep a second looks at every connection: whoever is slow to say a header, or to read an
answer, is cut off. Past the ceiling, or when open files run short, the one who has been silent for longest makes room for the
newest.
"""

import asyncio
import resource
import socket
import struct
import sys
from collections.abc import Callable
from itertools import islice
from typing import Any, cast

import structlog
from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from relay.core.errors import Unavailable
from relay.web.problem import of_http, refused
from relay.web.settings import HttpSettings

SWEEP = 1.0  # seconds between two sweeps: how late a deadline may be met
LINGER = 2.0  # seconds to read on behind a refused body, so that the caller sees the refusal
OLDEST = 512  # connections looked at to find one that makes room: a tenth of a millisecond
SPARE = 128  # open files that are kept for everything but connections: the database, its temporary files, plugins' workers
UNSENT = 65_536  # bytes that the kernel takes ahead of a peer; left alone it takes 4 MiB a connection, which no limit here sees
REQUESTS = 32  # connections that streams leave free: staff and other requests get in beside any number of members
TELL_AFTER = 10.0  # seconds between two lines about connections that were refused
_NO_LINGER = struct.pack("ii", 1, 0)  # close with a reset
_FULL = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"

log = structlog.get_logger(__name__)


class Runner(web.AppRunner):
    """AppRunner with deadlines and a ceiling; the same calls. `others` counts connections that aiohttp has handed over."""

    def __init__(self, app: web.Application, settings: HttpSettings, others: Callable[[], int] = lambda: 0) -> None:
        super().__init__(app, shutdown_timeout=settings.drain_seconds)
        self._settings = settings
        self._others = others
        self._sweeping: asyncio.TimerHandle | None = None

    async def setup(self) -> None:
        await super().setup()
        self._sweep_later()

    async def cleanup(self) -> None:
        if self._sweeping is not None:
            self._sweeping.cancel()
        await super().cleanup()

    def may_lend(self) -> bool:
        """Whether one more connection may become a stream that is handed over."""
        return not isinstance(self.server, _Server) or self.server.may_lend()

    async def _make_server(self) -> web.Server:
        plain = await super()._make_server()
        return _Server(plain, self._settings, self._others)

    def _sweep_later(self) -> None:
        self._sweeping = asyncio.get_running_loop().call_later(SWEEP, self._sweep)

    def _sweep(self) -> None:
        try:
            if isinstance(self.server, _Server):
                self.server.sweep()
        finally:
            self._sweep_later()


class _Server(web.Server):
    """Makes connections and knows those that are open."""

    def __init__(self, plain: web.Server, settings: HttpSettings, others: Callable[[], int]) -> None:
        super().__init__(plain.request_handler, request_factory=plain.request_factory)
        self.settings = settings
        self.loop = asyncio.get_running_loop()
        self.open: dict[Connection, asyncio.Transport] = {}
        self._others = others
        self._most = _most()
        self._refused = self._displaced = 0
        self._told_at = -TELL_AFTER

    def __call__(self) -> RequestHandler:
        return Connection(
            self,
            loop=self.loop,
            access_log=None,
            keepalive_timeout=self.settings.idle_seconds,
            lingering_time=LINGER,
            auto_decompress=False,
        )

    def admit(self, connection: "Connection", transport: asyncio.Transport) -> bool:
        """False when there is no room, and nobody who waits to make some."""
        is_full = len(self.open) >= self.settings.connections or len(self.open) + self._others() >= self._most
        if is_full and not self._make_room():
            self._refused += 1
            return False
        self.open[connection] = transport
        return True

    def may_lend(self) -> bool:
        is_free = self._others() < self._most - min(REQUESTS, self._most // 4)
        self._refused += not is_free
        return is_free

    def _make_room(self) -> bool:
        """Who owes a header goes first, then who is between two requests; whoever is busy is not looked at again soon."""
        goes = None
        for one in tuple(islice(self.open, OLDEST)):
            if one.awaited_since:
                goes = one
                break
            if not one.is_idle:
                self.open[one] = self.open.pop(one)
            elif goes is None:
                goes = one
        if goes is None:
            return False
        self.open.pop(goes).abort()
        self._displaced += 1
        return True

    def sweep(self) -> None:
        now = self.loop.time()
        for connection, transport in tuple(self.open.items()):
            try:
                if connection.is_overdue(now, transport, self.settings):
                    _drop(transport)
            except Exception:
                log.exception("connection cannot be watched")
                transport.abort()
        if (self._refused or self._displaced) and now - self._told_at > TELL_AFTER:
            held = {"http": len(self.open), "streams": self._others(), "most": self._most}
            log.warning("no room for connections", refused=self._refused, displaced=self._displaced, **held)
            self._refused, self._displaced, self._told_at = 0, 0, now


class Connection(RequestHandler):
    """aiohttp's own, with a watch on how long it waits for the peer."""

    __slots__ = ("_door", "_stuck_at", "_stuck_since", "awaited_since")

    def __init__(self, door: _Server, **options: Any) -> None:  # noqa: ANN401 - aiohttp's own
        super().__init__(door, **options)
        self._door = door
        self.awaited_since = 0.0  # when the peer began to owe us a header; 0.0 while it owes none
        self._stuck_at = 0
        self._stuck_since = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        stream = cast("asyncio.Transport", transport)  # uvloop's own are not of that class
        self.awaited_since = self._door.loop.time()
        _bound(stream)
        if not self._door.admit(self, stream):
            stream.write(_FULL)
            self.force_close()

    def connection_lost(self, exc: BaseException | None) -> None:
        self._door.open.pop(self, None)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """A first piece may come before aiohttp's own task has begun to wait: only a whole header ends the wait for one."""
        before = self._request_count
        super().data_received(data)
        if self._request_count > before:
            self.awaited_since = 0.0
        elif not self.awaited_since and self.is_idle:
            self.awaited_since = self._door.loop.time()

    @property
    def is_idle(self) -> bool:
        """Whether it is between two requests."""
        return self._waiter is not None and not self._waiter.done()

    def is_overdue(self, now: float, transport: asyncio.Transport, settings: HttpSettings) -> bool:
        """Whether the peer took too long to say a header, or to read what was written."""
        if self.awaited_since and now - self.awaited_since > settings.header_seconds:
            return True
        waiting = transport.get_write_buffer_size()
        if not waiting or waiting < self._stuck_at or not self._stuck_at:
            self._stuck_at, self._stuck_since = waiting, now
        return waiting > 0 and now - self._stuck_since > settings.write_seconds

    def handle_error(
        self, request: web.BaseRequest, status: int = 500, exc: BaseException | None = None, message: str | None = None
    ) -> web.StreamResponse:
        """What is no HTTP gets a problem as well; nothing of it is echoed."""
        del request, exc, message
        response = of_http(400) if status < 500 else refused(Unavailable())  # noqa: PLR2004 - HTTP's own classes
        response.force_close()
        return response


def _most() -> int:
    """How many connections there is room for among the files that this process may open."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return sys.maxsize if files == resource.RLIM_INFINITY else files - min(SPARE, files // 2)


def _bound(transport: asyncio.Transport) -> None:
    """What waits for the peer waits here, where it is counted."""
    raw = transport.get_extra_info("socket")
    if raw is not None and raw.family in {socket.AF_INET, socket.AF_INET6}:
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT)


def _drop(transport: asyncio.Transport) -> None:
    """Ends it now; what waits for a peer who does not read is dropped, in the kernel as well."""
    raw = transport.get_extra_info("socket")
    if raw is not None and transport.get_write_buffer_size():
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
    transport.abort()
