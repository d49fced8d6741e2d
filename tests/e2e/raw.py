"""HTTP by hand on one connection: requests sent ahead, cut in the middle, or left without reading the answer."""

import asyncio
import json
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

from tests.e2e.client import LIMIT, Json
from tests.e2e.server import Server, within


@dataclass(slots=True)
class Raw:
    """One connection of whoever has the token."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    token: str

    @classmethod
    async def dial(cls, server: Server, token: str) -> Self:
        address = urlsplit(server.url)
        return cls(*await asyncio.open_connection(address.hostname, address.port), token)

    def get(self, path: str, token: str | None = None) -> None:
        self.writer.write(self._head("GET", path, token, "") + b"\r\n")

    def post(self, path: str, body: object, *, whole: bool = True) -> None:
        """The whole request, or all but the end of its body."""
        raw = json.dumps(body).encode()
        head = self._head("POST", path, None, f"Content-Type: application/json\r\nContent-Length: {len(raw)}\r\n")
        self.writer.write(head + b"\r\n" + (raw if whole else raw[:-5]))

    async def answer(self) -> Json:
        """The JSON of the next response."""
        async with within(LIMIT, "an answer"):
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode()
            fields = dict(line.lower().split(": ", 1) for line in head.splitlines()[1:] if line)
            return json.loads(await self.reader.readexactly(int(fields["content-length"])))

    def abort(self) -> None:
        """Gone, without reading what was asked for."""
        self.writer.transport.close()

    def _head(self, method: str, path: str, token: str | None, more: str) -> bytes:
        return f"{method} {path} HTTP/1.1\r\nHost: relay\r\nAuthorization: Bearer {token or self.token}\r\n{more}".encode()
