"""A real server with one WebSocket route, a handler that writes everything down, and a client that sends any bytes."""

import asyncio
from dataclasses import dataclass, field

from aiohttp import web

from relay.channels.web import frames
from relay.channels.web.socket import Socket, Sweeper
from relay.channels.web.upgrade import upgrade

LIMIT = 10.0  # seconds before a wait counts as a failure
HANDSHAKE = (
    b"GET /ws HTTP/1.1\r\nHost: relay\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    b"Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n"
)


class Clock:
    """Stands still until a test moves it."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Recorder:
    """A handler that writes down what happens, and answers "echo" with itself."""

    def __init__(self) -> None:
        self.events: asyncio.Queue[tuple[str, Socket, object]] = asyncio.Queue()

    def opened(self, socket: Socket, /) -> None:
        self.events.put_nowait(("opened", socket, None))

    def received(self, socket: Socket, text: bytes, /) -> None:
        if text == b"fail":
            raise ZeroDivisionError
        if text == b"echo":
            socket.send(frames.text(text))
        self.events.put_nowait(("received", socket, text))

    def closed(self, socket: Socket, code: int, /) -> None:
        self.events.put_nowait(("closed", socket, code))

    async def next(self, kind: str) -> tuple[Socket, object]:
        event, socket, value = await asyncio.wait_for(self.events.get(), LIMIT)
        assert kind == event, (event, value)
        return socket, value


@dataclass(slots=True)
class Raw:
    """A client that sends whatever bytes it is told to."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def frame(self) -> tuple[int, bytes]:
        """The next frame's first byte and payload."""
        first, size = await asyncio.wait_for(self.reader.readexactly(2), LIMIT)
        if size > 125:
            size = int.from_bytes(await self.reader.readexactly(2 if size == 126 else 8))
        return first, await asyncio.wait_for(self.reader.readexactly(size), LIMIT)

    async def ended(self) -> bool:
        """Wait until the server has closed the connection; whether nothing came before."""
        try:
            return await asyncio.wait_for(self.reader.read(), LIMIT) == b""
        except ConnectionResetError:
            return True

    def stop_reading(self) -> None:
        self.writer.transport.pause_reading()  # type: ignore[attr-defined]

    def send(self, first: int, payload: bytes = b"") -> None:
        size = len(payload)
        length = bytes((0x80 | size,)) if size < 126 else b"\xfe" + size.to_bytes(2)
        self.writer.write(bytes((first,)) + length + bytes(4) + payload)


@dataclass(slots=True)
class Rig:
    """A server with one WebSocket route, and clients for it."""

    slim: bool
    handler: Recorder = field(default_factory=Recorder)
    clock: Clock = field(default_factory=Clock)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    clients: list[Raw] = field(default_factory=list)
    sweeper: Sweeper = field(init=False)
    runner: web.AppRunner = field(init=False)

    async def start(self) -> None:
        self.gate.set()
        self.sweeper = Sweeper(clock=self.clock, farewell=lambda code: frames.text(b"bye %d" % code))
        app = web.Application()
        app.router.add_get("/ws", self.answer)
        self.runner = web.AppRunner(app)
        await self.runner.setup()
        await web.TCPSite(self.runner, "127.0.0.1", 0, backlog=1024).start()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        await self.gate.wait()
        return await upgrade(request, self.handler, self.sweeper, slim=self.slim)

    async def stop(self) -> None:
        for client in self.clients:
            client.writer.close()
        for socket in self.sweeper:
            socket.abort()
        await asyncio.wait_for(self.runner.cleanup(), LIMIT)

    @property
    def port(self) -> int:
        return int(self.runner.addresses[0][1])

    async def dial(self, request: bytes = HANDSHAKE) -> Raw:
        client = Raw(*await asyncio.open_connection("127.0.0.1", self.port, limit=1 << 24))
        self.clients.append(client)
        client.writer.write(request)
        return client

    async def join(self, *, admit: bool = True) -> tuple[Raw, Socket]:
        client = await self.dial()
        answer = await asyncio.wait_for(client.reader.readuntil(b"\r\n\r\n"), LIMIT)
        assert answer.startswith(b"HTTP/1.1 101 "), answer
        socket, _ = await self.handler.next("opened")
        if admit:
            socket.admit()
        return client, socket

    def pass_time(self, seconds: float) -> None:
        self.clock.now += seconds
        self.sweeper.sweep()
