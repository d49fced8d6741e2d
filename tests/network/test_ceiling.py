"""At the ceiling of connections: whoever waits makes room for who has something to say, and nobody busy is cut off for it."""

import asyncio
from contextlib import AsyncExitStack, suppress
from urllib.parse import urlsplit

import aiohttp

from relay.web.door import OLDEST
from tests.e2e.client import LIMIT, Api
from tests.e2e.conftest import Relay, unlimited
from tests.e2e.server import OWNER_TOKEN, Server, within

BUSY = OLDEST + 6  # more than are looked at together
SILENT = 20


async def test_busy_connections_do_not_hide_silent_ones(start_relay: Relay, http: aiohttp.ClientSession) -> None:
    server = await start_relay(RELAY_HTTP__CONNECTIONS=str(BUSY + SILENT), **unlimited("staff", "visitor"))
    async with AsyncExitStack() as stack:
        streams = []
        for _ in range(BUSY):  # each says hello at once: it has five seconds for that
            streams.append(await stack.enter_async_context(http.ws_connect(f"{server.url}/v1/staff/stream")))
            await streams[-1].send_json({"type": "hello", "token": OWNER_TOKEN})
        for stream in streams:
            assert (await stream.receive_json(timeout=LIMIT))["type"] == "welcome"
        silent = [await dial(server) for _ in range(SILENT)]

        answers = [(await Api(http, server, OWNER_TOKEN).ask("GET", "/v1/communities")).status for _ in range(2)]

        assert answers[-1] == 200
        async with within(LIMIT, "the first of the silent ones is gone"):
            with suppress(ConnectionResetError):
                assert await silent[0][0].read() == b""
        await asyncio.gather(*(stream.ping() for stream in streams))
        assert [stream.closed for stream in streams] == [False] * BUSY
        for _, writer in silent:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()


async def test_a_connection_between_two_requests_makes_room_too(start_relay: Relay, http: aiohttp.ClientSession) -> None:
    server = await start_relay(RELAY_HTTP__CONNECTIONS=str(SILENT), **unlimited("visitor"))
    idle = [await dial(server, b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n") for _ in range(SILENT)]
    for reader, _ in idle:
        async with within(LIMIT, "an answer"):
            await reader.readuntil(b"ok\n")

    answer = await Api(http, server, OWNER_TOKEN).ask("GET", "/v1/communities")

    assert answer.status == 200
    for _, writer in idle:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


async def dial(server: Server, raw: bytes = b"") -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    address = urlsplit(server.url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    writer.write(raw)
    return reader, writer
