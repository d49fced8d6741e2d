"""Bytes that an idle WebSocket costs in the process: slim, and read by aiohttp.

`python -m benchmarks.idle [CONNECTIONS]`. Each mode is measured in a process of its own, with the clients in another.
"""

import asyncio
import base64
import gc
import json
import resource
import subprocess
import sys
from pathlib import Path

from aiohttp import web

from relay.channels.web.socket import Socket, Sweeper, Terms
from relay.channels.web.upgrade import upgrade

PAGE = resource.getpagesize()
HANDSHAKE = (
    b"GET / HTTP/1.1\r\nHost: relay\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\n\r\n" % base64.b64encode(bytes(16))
)


class Idle:
    """Admits every connection and says when the expected number has come."""

    def __init__(self, expected: int) -> None:
        self.missing = expected
        self.complete = asyncio.Event()

    def opened(self, socket: Socket, /) -> None:
        socket.admit()
        self.missing -= 1
        if not self.missing:
            self.complete.set()

    def received(self, socket: Socket, text: bytes, /) -> None:
        """Nobody writes here."""

    def closed(self, socket: Socket, code: int, /) -> None:
        """The clients leave at the end."""


def resident() -> int:
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE


def raise_files() -> None:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


async def serve(mode: str, warm: int, count: int) -> None:
    """Measure between `warm` connections, which pay for pools and tables, and `count` more."""
    sweeper = Sweeper(Terms(ping=3600))
    app = web.Application()
    handlers: list[Idle] = []

    async def stream(request: web.Request) -> web.StreamResponse:
        return await upgrade(request, handlers[-1], sweeper, slim=mode == "slim")

    app.router.add_get("/", stream)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, backlog=1024).start()
    sizes, clients = [], []
    for number in (warm, count):
        handlers.append(Idle(number))
        clients.append(await _connect(runner.addresses[0][1], number))
        await handlers[-1].complete.wait()
        await asyncio.sleep(0.5)  # lets aiohttp's tasks of the handshakes end
        sizes.append(resident())
    for client in clients:
        client.kill()
        await client.wait()
    print(json.dumps({"mode": mode, "connections": count, "bytes": round((sizes[1] - sizes[0]) / count)}))
    await runner.cleanup()


async def _connect(port: int, count: int) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.idle", "connect", str(port), str(count), stdin=asyncio.subprocess.PIPE
    )


async def connect(port: int, count: int) -> None:
    """Open the connections, read their 101 and hold them until killed."""
    held = []
    for _ in range(count):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(HANDSHAKE)
        await reader.readuntil(b"\r\n\r\n")
        held.append((reader, writer))
    await asyncio.Event().wait()


def main() -> None:
    raise_files()
    match sys.argv[1:]:
        case ["connect", port, count]:
            asyncio.run(connect(int(port), int(count)))
        case ["serve", mode, count]:
            asyncio.run(serve(mode, 500, int(count)))
        case rest:
            for mode in ("slim", "plain"):
                command = [sys.executable, "-m", "benchmarks.idle", "serve", mode, *(rest or ["5000"])]
                subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
