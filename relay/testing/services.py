"""HTTP services for tests: answers without a network, and a real server that says any bytes it is told to.

canned = Canned(Reply(200, b'{"signals": []}'))
check_plugin(Remote, http=canned, url="https://ask.example.com")
"""

import asyncio
import json
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from ssl import SSLContext
from types import MappingProxyType, TracebackType
from typing import Self

from relay.core.asking import AskingError, Reply, Request
from relay.ports import Outbound

Act = Callable[[asyncio.StreamWriter], Awaitable[None]]
"""What a server does once it has read a question."""


class Canned:
    """Gives its answers one after another, the last again and again; keeps in `asked` what it was asked."""

    def __init__(self, *answers: Reply | AskingError | object) -> None:
        self._answers = deque(answers or ({},))
        self.asked: list[Request] = []

    async def ask(self, request: Request) -> Reply:
        """What is no Reply and no error is the JSON of an answer with status 200."""
        self.asked.append(request)
        answer = self._answers.popleft() if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, AskingError):
            raise answer
        return answer if isinstance(answer, Reply) else Reply(200, json.dumps(answer).encode())

    async def close(self) -> None:
        """Nothing is open."""


@dataclass(frozen=True, slots=True)
class Got:
    """A question as it came; names of headers in lower case."""

    target: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(slots=True)
class FakeService:
    """A server on a free port of this machine. Each question gets the next act, the last again and again.

    `got` holds what was asked, `sent` how many bytes an endless act got rid of.
    """

    acts: deque[Act] = field(default_factory=deque)
    got: list[Got] = field(default_factory=list)
    sent: int = 0
    tls: SSLContext | None = None
    _server: asyncio.Server | None = None
    _open: dict[asyncio.StreamWriter, "asyncio.Task[None] | None"] = field(default_factory=dict)

    @property
    def port(self) -> int:
        return int(self._server.sockets[0].getsockname()[1]) if self._server else 0

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"

    def says(self, *acts: Act) -> None:
        self.acts = deque(acts)

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self.tls)
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._server is not None:
            self._server.close()
        tasks = [task for task in self._open.values() if task is not None]
        for writer in self._open:
            writer.transport.abort()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open[writer] = asyncio.current_task()
        with suppress(OSError, EOFError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            pairs = (line.partition(":") for line in head[1:] if line)
            headers = {name.lower(): value.strip() for name, _, value in pairs}
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            self.got.append(Got(head[0].split()[1], headers, body))
            await (self.acts.popleft() if len(self.acts) > 1 else self.acts[0])(writer)
            await writer.drain()
        writer.close()
        del self._open[writer]

    def endless(self, beginning: bytes, piece: bytes) -> Act:
        """Goes on until the other side hangs up."""

        async def act(writer: asyncio.StreamWriter) -> None:
            writer.write(beginning)
            while not writer.is_closing():
                writer.write(piece)
                await writer.drain()
                self.sent += len(piece)

        return act


def reply(body: object = b"", status: int = 200, headers: Mapping[str, str] = MappingProxyType({})) -> Act:
    """A whole answer; what is not bytes is sent as JSON."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status} Said", f"Content-Length: {len(content)}", *(f"{k}: {v}" for k, v in headers.items())]
    return raw("\r\n".join(lines).encode() + b"\r\n\r\n" + content)


def raw(content: bytes) -> Act:
    """These bytes, and the end of the connection."""

    async def act(writer: asyncio.StreamWriter) -> None:
        writer.write(content)

    return act


def stalled(content: bytes = b"") -> Act:
    """These bytes, and then silence until the other side hangs up."""

    async def act(writer: asyncio.StreamWriter) -> None:
        writer.write(content)
        await writer.drain()
        await writer.wait_closed()

    return act


_: type[Outbound] = Canned
