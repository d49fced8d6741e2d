"""Frames of RFC 6455 made by hand, right and wrong, and a client that sends any bytes and tells what became of them."""

import asyncio
import json
from contextlib import suppress
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

LIMIT = 20.0  # seconds before a wait counts as a failure
KEY = b"\x37\xfa\x21\x3d"
NO_CODE, LOST = 1005, 1006
HANDSHAKE = (
    b"GET /v1/me/stream HTTP/1.1\r\nHost: relay\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


def head(first: int, length: bytes, key: bytes | None = KEY) -> bytes:
    """The head as it is told, whatever the payload is; `length` without the bit of the mask. None: not masked."""
    if key is None:
        return bytes((first,)) + length
    return bytes((first, length[0] | 0x80)) + length[1:] + key


def frame(first: int, payload: bytes = b"", key: bytes | None = KEY) -> bytes:
    """A frame whose length is told in its shortest form."""
    size = len(payload)
    length = bytes((size,)) if size < 126 else b"\x7e" + size.to_bytes(2) if size < 65_536 else b"\x7f" + size.to_bytes(8)
    hidden = payload if key is None else bytes(byte ^ key[i % 4] for i, byte in enumerate(payload))
    return head(first, length, key) + hidden


def text(value: object) -> bytes:
    """A good text frame."""
    return frame(0x81, json.dumps(value).encode())


@dataclass(slots=True)
class Wire:
    """One WebSocket of whoever has the token, or of nobody who has said hello yet."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    @classmethod
    async def open(cls, url: str, token: str | None = None) -> Self:
        """With a token it is signed in when this returns."""
        address = urlsplit(url)
        wire = cls(*await asyncio.open_connection(address.hostname, address.port, limit=1 << 22))
        wire.writer.write(HANDSHAKE + (text({"type": "hello", "token": token, "after": 0}) if token else b""))
        async with asyncio.timeout(LIMIT):
            answer = await wire.reader.readuntil(b"\r\n\r\n")
            assert answer.startswith(b"HTTP/1.1 101 "), answer
            while token:
                first, payload = await wire.next()
                if first == 0x81 and json.loads(payload)["type"] == "welcome":
                    break
        return wire

    async def next(self) -> tuple[int, bytes]:
        """The next frame's first byte and payload. Raises IncompleteReadError or ConnectionError at the end."""
        first, size = await self.reader.readexactly(2)
        if size > 125:
            size = int.from_bytes(await self.reader.readexactly(2 if size == 126 else 8))
        return first, await self.reader.readexactly(size)

    async def pong(self, mark: bytes) -> int | None:
        """None when the pong to a ping with this mark comes, else the close code."""
        try:
            while True:
                first, payload = await self.next()
                if (first, payload) == (0x8A, mark):
                    return None
                if first == 0x88:
                    return int.from_bytes(payload[:2]) if payload else NO_CODE
        except (asyncio.IncompleteReadError, ConnectionError):
            return LOST

    async def fate(self, data: bytes) -> int | None:
        """What the bytes lead to: None when the connection goes on, else the close code."""
        self.writer.write(data + frame(0x89, b"still here?"))
        async with asyncio.timeout(LIMIT):
            return await self.pong(b"still here?")

    async def hang_up(self) -> None:
        self.writer.transport.abort()
        with suppress(OSError):
            await self.writer.wait_closed()
