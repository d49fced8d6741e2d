"""Whoever watches the demo as staff goes on when the relay is back."""

import asyncio
from typing import Any

import aiohttp
from aiohttp import web

from relay.cli.demo.watch import Watch

HOST = "127.0.0.1"


async def test_a_relay_that_is_away_for_a_while_is_watched_again() -> None:
    looks: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    refused = asyncio.Event()

    async def stream(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        hello = await socket.receive_json()
        await socket.send_json({"type": "welcome", "position": "p1"})
        looks.put_nowait(hello)
        await socket.close(code=aiohttp.WSCloseCode.SERVICE_RESTART)
        return socket

    async def note(*_: object) -> None:
        refused.set()

    trace = aiohttp.TraceConfig()
    trace.on_request_exception.append(note)
    app = web.Application()
    app.router.add_get("/v1/staff/stream", stream)
    runner = web.AppRunner(app)
    await runner.setup()
    first = web.TCPSite(runner, HOST, 0)
    await first.start()
    _, port = runner.addresses[0]
    async with aiohttp.ClientSession(trace_configs=[trace]) as http, Watch(http, f"http://{HOST}:{port}", "token"):
        await looks.get()
        await first.stop()
        await refused.wait()
        await web.TCPSite(runner, HOST, port).start()
        while "after" not in (hello := await looks.get()):
            pass
    await runner.cleanup()

    assert hello == {"type": "hello", "token": "token", "after": "p1"}
