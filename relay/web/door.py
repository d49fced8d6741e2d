"""The door: how connections come in, how many, and how long each may take; aiohttp has no such limits of its own.

A drop-in for aiohttp's AppRunner. One sweep a second looks at every connection: whoever is slow to say a header, or to read an
answer, is cut off. Past the ceiling the one who has been silent for longest makes room for the newest.
"""

import asyncio
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
OLDEST = 64  # connections looked at to find one that makes room
_FULL = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"

log = structlog.get_logger(__name__)


class Runner(web.AppRunner):
    """AppRunner with deadlines and a ceiling; the same calls."""

    def __init__(self, app: web.Application, settings: HttpSettings) -> None:
        super().__init__(app, shutdown_timeout=settings.drain_seconds)
        self._settings = settings
        self._sweeping: asyncio.TimerHandle | None = None

    async def setup(self) -> None:
        await super().setup()
        self._sweep_later()

    async def cleanup(self) -> None:
        if self._sweeping is not None:
            self._sweeping.cancel()
        await super().cleanup()

    async def _make_server(self) -> web.Server:
        plain = await super()._make_server()
        return _Server(plain, self._settings)

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

    def __init__(self, plain: web.Server, settings: HttpSettings) -> None:
        super().__init__(plain.request_handler, request_factory=plain.request_factory)
        self.settings = settings
        self.loop = asyncio.get_running_loop()
        self.open: dict[Connection, asyncio.Transport] = {}

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
        """False when there is no room, and nobody silent to make some."""
        if len(self.open) >= self.settings.connections and not self._make_room():
            return False
        self.open[connection] = transport
        return True

    def _make_room(self) -> bool:
        for connection, transport in islice(self.open.items(), OLDEST):
            if connection.awaited_since:
                transport.abort()
                del self.open[connection]
                return True
        return False

    def sweep(self) -> None:
        now = self.loop.time()
        for connection, transport in tuple(self.open.items()):
            try:
                is_over = connection.is_overdue(now, transport, self.settings)
            except Exception:
                log.exception("connection cannot be watched")
                is_over = True
            if is_over:
                transport.abort()


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
        waiter = self._waiter
        if self._request_count > before:
            self.awaited_since = 0.0
        elif not self.awaited_since and waiter is not None and not waiter.done():
            self.awaited_since = self._door.loop.time()

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
