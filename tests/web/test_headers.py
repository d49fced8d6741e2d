"""Headers that no browser sends: refused or passed over, and none of them is a fault of the relay's own."""

import asyncio
from urllib.parse import urlsplit

import pytest

from tests.web.conftest import OWNER_TOKEN, PATIENCE, Relay

SOCKET = (b"Upgrade: websocket", b"Connection: Upgrade", b"Sec-WebSocket-Version: 13")
KEY = b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
OWNER = b"Authorization: Bearer " + OWNER_TOKEN.encode()


async def status(relay: Relay, path: str, *headers: bytes) -> int:
    """Of the answer to these very bytes; Host is the relay's unless one is given."""
    address = urlsplit(relay.url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    host = () if any(header.startswith(b"Host:") for header in headers) else (b"Host: " + address.netloc.encode(),)
    writer.write(b"\r\n".join((b"GET " + path.encode() + b" HTTP/1.1", *host, *headers, b"", b"")))
    async with asyncio.timeout(PATIENCE):
        line = await reader.readline()
    writer.close()
    return int(line.split()[1])


@pytest.mark.parametrize("value", [b"\xff\xfe", b"abc\xff", b"\xe2\x98\x83", b"x.y"])
@pytest.mark.parametrize("name", [b"relay-j-bad", b"relay-m-bad"])
async def test_a_cookie_of_any_bytes_is_nobody(relay: Relay, name: bytes, value: bytes) -> None:
    await relay.community()

    assert await status(relay, "/c/bad", b"Cookie: " + name + b"=" + value) == 200
    assert await status(relay, "/c/bad/confirm", b"Cookie: " + name + b"=" + value) == 303


@pytest.mark.parametrize("path", ["/v1/me/stream", "/v1/staff/stream", "/c/bad/stream"])
async def test_a_handshake_is_whole_or_none(relay: Relay, path: str) -> None:
    keys = [b"", KEY[:-5], b"Sec-WebSocket-Key: \xff\xfe", b"Sec-WebSocket-Key: \xe2\x98\x83"]

    assert [await status(relay, path, *SOCKET, *filter(None, (key,))) for key in keys] == [400] * 4
    assert await status(relay, path, *SOCKET[:2], b"Sec-WebSocket-Version: 8", KEY) == 426


@pytest.mark.parametrize("host", [b"\xff\xfe", b"a" * 5000, b"a b", b"a/b", b"[::1", b"a:b", b""])
async def test_what_is_no_host_stands_in_no_link(relay: Relay, host: bytes) -> None:
    await relay.community()
    made = (await relay.owner("POST", "/v1/communities/bad/invites", {})).body

    assert await status(relay, "/v1/communities/bad/invites", OWNER, b"Host: " + host) == 400
    assert await status(relay, f"/v1/invites/{made['id']}/qr.svg", OWNER, b"Host: " + host) == 400


@pytest.mark.parametrize("path", ["/c/bad%2Fyou", "/v1%2Fme", "/v1/communities/bad%2Fposts", "/%2Fhealthz"])
async def test_an_escaped_slash_parts_no_names(relay: Relay, path: str) -> None:
    await relay.community()

    assert await status(relay, path) == 404
