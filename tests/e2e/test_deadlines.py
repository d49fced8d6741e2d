"""The running relay is as hard to hold up as its parts: half requests go, true callers come in, and it stops in its time."""

import asyncio
from contextlib import suppress
from urllib.parse import urlsplit

import aiohttp
import pytest

from tests.e2e.client import LIMIT, Api
from tests.e2e.conftest import Relay
from tests.e2e.raw import Raw
from tests.e2e.server import OWNER_TOKEN, Server, within
from tests.servers import engines

# Which database is behind makes no difference here.
pytestmark = pytest.mark.parametrize("engine", [engines.SQLITE], indirect=True)

HEADER_S = 1.0
SLACK_S = 10.0  # one sweep, and a busy machine
Wire = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def dial(server: Server, raw: bytes = b"") -> Wire:
    address = urlsplit(server.url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    writer.write(raw)
    return reader, writer


async def ended(wire: Wire) -> bytes:
    """What is left to read until the relay hangs up."""
    reader, writer = wire
    try:
        return await reader.read()
    except ConnectionResetError:
        return b""
    finally:
        await hang_up(writer)


async def hang_up(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()


async def test_who_says_no_whole_header_is_cut_off_in_time(start_relay: Relay) -> None:
    server = await start_relay(RELAY_HTTP__HEADER_SECONDS=str(HEADER_S))
    silence, half_a_line, half_a_header = b"", b"GET /healthz HT", b"GET /healthz HTTP/1.1\r\nHost: a\r\nX-Slow: "
    slow = [await dial(server, raw) for raw in (silence, half_a_line, half_a_header) for _ in range(20)]

    async with within(HEADER_S + SLACK_S, "half headers go"):
        rest = await asyncio.gather(*map(ended, slow))

    assert set(rest) == {b""}


async def test_half_a_body_is_cut_off_in_time(start_relay: Relay) -> None:
    server = await start_relay(RELAY_HTTP__BODY_SECONDS="1")
    slow = await Raw.dial(server, OWNER_TOKEN)
    slow.post("/v1/communities", {"slug": "bad", "name": "Bad"}, whole=False)

    answer = await slow.answer()

    assert answer["status"] == 408
    await hang_up(slow.writer)


async def test_a_true_caller_comes_in_when_silent_ones_hold_all_places(start_relay: Relay, http: aiohttp.ClientSession) -> None:
    server = await start_relay(RELAY_HTTP__CONNECTIONS="10", RELAY_HTTP__HEADER_SECONDS="60")
    silent = [await dial(server) for _ in range(50)]

    found = await Api(http, server, OWNER_TOKEN).ask("GET", "/v1/communities")

    assert found.status == 200
    async with within(LIMIT, "those who made room are gone"):
        gone = await asyncio.gather(*(ended(wire) for wire in silent[:40]))
    assert set(gone) == {b""}
    for _, writer in silent:
        await hang_up(writer)


async def test_it_stops_in_time_while_bodies_still_come(start_relay: Relay) -> None:
    server = await start_relay(RELAY_HTTP__BODY_SECONDS="600", RELAY_HTTP__HEADER_SECONDS="600")
    slow = [await Raw.dial(server, OWNER_TOKEN) for _ in range(20)]
    for one in slow:
        one.post("/v1/communities", {"slug": "bad", "name": "Bad"}, whole=False)
    silent = [await dial(server, b"GET /healthz HT") for _ in range(20)]

    code = await server.stop()  # fails past ten seconds

    assert code == 0
    assert {await ended(wire) for wire in silent} == {b""}
    for one in slow:
        await hang_up(one.writer)
