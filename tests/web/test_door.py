"""The door: slow and broken connections go, true callers come in."""

import asyncio
import contextlib
import json
import select
import socket
from typing import cast

import pytest
from aiohttp.web_protocol import RequestHandler

from relay.web.door import Connection
from tests.web.conftest import PATIENCE, Open, Relay


async def connect(relay: Relay) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    host, _, port = relay.url.removeprefix("http://").partition(":")
    return await asyncio.open_connection(host, int(port))


async def said_to(relay: Relay, raw: bytes) -> bytes:
    """Everything that comes back until the relay closes."""
    reader, writer = await connect(relay)
    writer.write(raw)
    try:
        async with asyncio.timeout(PATIENCE):
            return await reader.read()
    except ConnectionResetError:
        return b""
    finally:
        writer.close()


@pytest.mark.parametrize(
    "raw",
    [b"", b"GET /healthz HT", b"GET /healthz HTTP/1.1\r\nHost: a\r\nX-Slow: ", b"\r\n\r\n\r\n"],
    ids=["silence", "half a line", "half a header", "empty lines"],
)
async def test_who_says_no_whole_header_in_time_is_cut_off(open_relay: Open, raw: bytes) -> None:
    relay: Relay = await open_relay(header_seconds=0.2)

    found = await said_to(relay, raw)

    assert found == b""


async def test_half_a_second_header_on_a_living_connection_is_cut_off(open_relay: Open) -> None:
    relay: Relay = await open_relay(header_seconds=1)
    reader, writer = await connect(relay)
    writer.write(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
    await reader.readuntil(b"ok\n")
    writer.write(b"GET /healthz HT")

    async with asyncio.timeout(PATIENCE):
        rest = await reader.read()

    assert rest == b""
    writer.close()


async def test_half_a_body_gets_a_problem_and_its_end(open_relay: Open) -> None:
    relay: Relay = await open_relay(body_seconds=0.2)
    head = (
        "POST /v1/communities HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 100\r\n"
        f"Authorization: Bearer {relay.owner.token}\r\n\r\n"
    )

    found = await said_to(relay, head.encode() + b'{"slug"')

    assert found.startswith(b"HTTP/1.1 408")
    assert json.loads(found.partition(b"\r\n\r\n")[2])["status"] == 408


async def test_a_body_that_is_announced_too_large_is_refused_before_it_comes(open_relay: Open) -> None:
    relay: Relay = await open_relay(body_seconds=60)
    reader, writer = await connect(relay)
    writer.write(
        b"POST /v1/communities HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 10000000\r\n"
        b"Authorization: Bearer " + (relay.owner.token or "").encode() + b"\r\n\r\n"
    )

    async with asyncio.timeout(PATIENCE):
        status = await reader.readline()

    assert status.startswith(b"HTTP/1.1 413")
    writer.close()


async def test_an_idle_connection_ends(open_relay: Open) -> None:
    relay: Relay = await open_relay(idle_seconds=0.2)

    found = await said_to(relay, b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")

    assert found.startswith(b"HTTP/1.1 200")


async def test_a_true_caller_comes_in_when_silent_ones_hold_every_place(open_relay: Open) -> None:
    relay: Relay = await open_relay(connections=5, header_seconds=60)
    silent = [await connect(relay) for _ in range(20)]

    found = await relay.nobody("GET", "/healthz")

    assert found.status == 200
    for _, writer in silent:
        writer.close()


class Unwatchable:
    """A connection whose state cannot be told, and its wire."""

    def __init__(self) -> None:
        self.was_aborted = False

    def is_overdue(self, *_: object) -> bool:
        raise KeyError

    def abort(self) -> None:
        self.was_aborted = True


async def test_a_connection_that_cannot_be_watched_goes_and_stops_no_deadline(open_relay: Open) -> None:
    relay: Relay = await open_relay(header_seconds=0.2)
    broken = Unwatchable()
    relay.runner.server.open[broken] = broken  # type: ignore[union-attr]

    found = await said_to(relay, b"GET /healthz HT")

    assert found == b""
    assert broken.was_aborted


async def test_who_reads_no_answer_is_cut_off(open_relay: Open) -> None:
    relay: Relay = await open_relay(write_seconds=2, limits={"visitor": {"burst": 10_000, "per_second": 1}})
    host, _, port = relay.url.removeprefix("http://").partition(":")

    def asks_and_never_reads() -> list[tuple[int, int]]:
        with socket.create_connection((host, int(port))) as deaf:
            deaf.settimeout(1)
            with contextlib.suppress(
                TimeoutError, ConnectionError
            ):  # more than the relay reads ahead, so that its end is a reset
                deaf.sendall(b"GET /openapi.json HTTP/1.1\r\nHost: a\r\n\r\n" * 200_000)
            ends = select.poll()
            ends.register(deaf, select.POLLHUP | select.POLLERR)
            return ends.poll(PATIENCE * 1000)

    ended = await asyncio.to_thread(asks_and_never_reads)

    assert ended != []


@pytest.mark.parametrize(
    "raw",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 50,
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /%zz\x00 HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nA: " + b"a" * 100_000 + b"\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"geheimnis4711 / nonsense\r\n\r\n",
    ],
    ids=["TLS", "version", "control sign", "long header", "two lengths", "negative length", "length and chunks", "no method"],
)
async def test_what_is_no_http_gets_a_problem_without_an_echo(open_relay: Open, raw: bytes) -> None:
    relay: Relay = await open_relay(idle_seconds=0.5)

    found = await said_to(relay, raw)

    head, _, body = found.partition(b"\r\n\r\n")
    assert b" 400 " in head.partition(b"\r\n")[0], found
    assert b"application/problem+json" in head
    assert json.loads(body)["type"] == "/docs/errors#bad-request"
    assert b"geheimnis" not in found


async def test_an_expectation_is_met_or_ignored(relay: Relay) -> None:
    body = {"slug": "bad", "name": "Bad"}

    known = await relay.owner("POST", "/v1/communities", body, Expect="100-continue")
    unknown = await relay.owner("GET", "/v1/communities", Expect="geheimnis")

    assert (known.status, unknown.status) == (201, 200)


async def test_requests_behind_each_other_are_answered_in_their_order(relay: Relay) -> None:
    one = b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"
    two = b"GET /none HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"

    found = await said_to(relay, one * 5 + two)

    assert found.count(b"HTTP/1.1 200") == 5
    assert found.count(b"HTTP/1.1 404") == 1
    assert found.rindex(b"HTTP/1.1 200") < found.index(b"HTTP/1.1 404")


def test_aiohttp_still_waits_where_the_watch_looks() -> None:
    """Connection reads two slots of aiohttp's own; a version without them would leave half headers unwatched."""
    assert {"_waiter", "_request_count"} <= set(RequestHandler.__slots__)
    assert Connection.__slots__


class Wire(asyncio.Transport):
    """The end of a wire that nobody holds."""

    def close(self) -> None: ...
    def abort(self) -> None: ...
    def is_closing(self) -> bool:
        return False


async def test_half_a_header_is_watched_that_comes_before_anybody_waits_for_it(relay: Relay) -> None:
    assert relay.runner.server is not None
    half, whole = relay.runner.server(), relay.runner.server()
    for connection, data in ((half, b"GET /healthz HT"), (whole, b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")):
        connection.connection_made(Wire())
        connection.data_received(data)

    awaited = [cast("Connection", connection).awaited_since > 0 for connection in (half, whole)]

    assert awaited == [True, False]
    for connection in (half, whole):
        connection.connection_lost(None)


async def test_stopping_ends_living_connections_soon(open_relay: Open) -> None:
    relay: Relay = await open_relay(drain_seconds=0.5)
    reader, writer = await connect(relay)
    writer.write(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
    await reader.readuntil(b"ok\n")

    async with asyncio.timeout(PATIENCE):
        await relay.runner.cleanup()
        rest = await reader.read()

    assert rest == b""
    writer.close()
