"""From an aiohttp request to a `Socket`: the opening handshake, and the take-over of the connection.

aiohttp routes the request and has the caller sign it off; then either its objects are let go (slim), or its own
WebSocketResponse goes on reading (plain), so that a change inside aiohttp costs memory and not the service.
"""

import asyncio
import base64
import hashlib

from aiohttp import WebSocketError, WSMessage, WSMsgType, web
from aiohttp.abc import AbstractStreamWriter

from relay.channels.web import frames
from relay.channels.web.frames import Event
from relay.channels.web.socket import Handler, Socket, Sweeper, Terms

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, 4.2.2
_KEY_BYTES = 16
_NOBODY = asyncio.Protocol()
_SWITCH = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n"


async def upgrade(request: web.Request, handler: Handler, sweeper: Sweeper, *, slim: bool = True) -> web.StreamResponse:
    """Answer the handshake and give the connection to a new `Socket`; return the result from the aiohttp handler.

    slim=False leaves reading to aiohttp's WebSocketResponse: ten times the memory, the same events, and no touch of
    aiohttp's inside. The caller has checked the Origin. Raises `web.HTTPException` when this is no good handshake.
    """
    accept = _accept(request)
    transport = request.transport
    if transport is None or transport.is_closing():
        return _Handed()
    if slim:
        return _take_over(request, transport, Socket(transport, handler, sweeper), accept)
    return await _read_by_aiohttp(request, PlainSocket(transport, handler, sweeper), sweeper.terms)


class PlainSocket(Socket):
    """A socket that aiohttp reads for; writing, deadlines and events are those of `Socket`."""

    __slots__ = ()

    async def read(self, response: web.WebSocketResponse) -> None:
        """Hand over what arrives until the connection ends."""
        try:
            self.begin()
            while not self._take_message(await response.receive()):
                pass
        finally:
            self._transport.close()
            self.connection_lost(None)

    def _take_message(self, message: WSMessage) -> bool:
        """Whether this was the last one."""
        self._silence = 0
        if message.type is WSMsgType.TEXT:
            self._take(Event(frames.TEXT, message.data.encode()))
        elif message.type is WSMsgType.PING:
            self._take(Event(frames.PING, bytes(message.data)))
        elif message.type is WSMsgType.BINARY:
            self._end(frames.UNSUPPORTED, "text only")
        elif message.type is not WSMsgType.PONG:
            self._finish(message)
            return True
        return False

    def _finish(self, message: WSMessage) -> None:
        if message.type is WSMsgType.CLOSE:
            code = message.data or frames.NO_CODE
            self._answer_close(code if code == frames.NO_CODE or code in frames.CLOSE_CODES else frames.PROTOCOL)
        elif isinstance(message.data, WebSocketError):
            self._deafen(message.data.code)
        else:
            self._deafen(frames.LOST)


class _Handed(web.StreamResponse):
    """What aiohttp gets back when the connection is no longer its own: already sent, nothing left to write."""

    def __init__(self) -> None:
        super().__init__(status=101)
        self.force_close()

    @property
    def body_length(self) -> int:
        return 0

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:  # noqa: ARG002 - aiohttp's signature
        return None

    async def write_eof(self, data: bytes = b"") -> None:
        """Write nothing."""


class _Early:
    """Stands where aiohttp expects a WebSocket reader and keeps what came right behind the handshake."""

    def __init__(self) -> None:
        self.data = b""

    def feed_data(self, data: bytes) -> tuple[bool, bytes]:
        self.data += data
        return False, b""

    def feed_eof(self) -> None:
        """Nothing waits for it."""


def _accept(request: web.Request) -> bytes:
    """Check the opening handshake (RFC 6455, 4.2.1) and give the Sec-WebSocket-Accept for it."""
    key = request.headers.get("Sec-WebSocket-Key", "")
    try:
        is_key = len(base64.b64decode(key, validate=True)) == _KEY_BYTES
    except ValueError:
        is_key = False
    if not is_key:  # looked at first: aiohttp trips over one that is not ASCII
        raise web.HTTPBadRequest(text="Sec-WebSocket-Key is not 16 bytes of base64")
    if not web.WebSocketResponse(compress=False).can_prepare(request) or request.body_exists:
        raise web.HTTPBadRequest(text="no WebSocket handshake")
    if request.headers.get("Sec-WebSocket-Version") != "13":
        raise web.HTTPUpgradeRequired(text="WebSocket version 13 only", headers={"Sec-WebSocket-Version": "13"})
    return base64.b64encode(hashlib.sha1(key.encode() + _GUID).digest())  # noqa: S324 - RFC 6455 says SHA-1


def _take_over(request: web.Request, transport: asyncio.Transport, socket: Socket, accept: bytes) -> web.StreamResponse:
    """Swap the protocol under the transport and tell aiohttp's that its connection is gone.

    Touches aiohttp's RequestHandler in three places: `set_parser` gives up what it has already read, without
    `transport` it cannot close the connection, and `connection_lost` stops its timers and leaves the server's list.
    """
    early = _Early()
    protocol = request.protocol
    protocol.set_parser(early)  # type: ignore[arg-type]
    transport.write(_SWITCH % accept)
    transport.set_protocol(_NOBODY)  # uvloop keeps hold of the last protocol that was not buffered
    transport.set_protocol(socket)
    protocol.transport = None
    protocol.connection_lost(None)
    try:
        socket.begin()
        if early.data:
            socket.feed(early.data)
    except BaseException:
        socket.abort()
        raise
    return _Handed()


async def _read_by_aiohttp(request: web.Request, socket: PlainSocket, terms: Terms) -> web.StreamResponse:
    response = web.WebSocketResponse(
        compress=False, autoclose=False, autoping=False, timeout=terms.grace, max_msg_size=terms.message + 1
    )  # a message of this size is one too large to aiohttp
    await response.prepare(request)
    await socket.read(response)
    return response
