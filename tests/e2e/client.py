"""The other side of the wire: HTTP as one caller, and a member on a WebSocket who comes back after every interruption."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random
from typing import Any

import aiohttp

from tests.e2e.server import Server, within

LIMIT = 20.0  # seconds before a wait counts as a failure
PAUSE = 0.01  # seconds between two questions: whoever asks takes no processor from the relay
PATIENCE = 20  # connections in a row that may end without a welcome
SIGN_IN, REVOKED = 4401, 4403  # closes after which nobody comes back

Frame = dict[str, Any]
Json = Any
"""What an answer holds; its shape is the contract's."""


class Signal:
    """Says that something was heard; whoever waits looks again whether it was what they waited for."""

    def __init__(self) -> None:
        self.count = 0
        self._event = asyncio.Event()

    def fire(self) -> None:
        self.count += 1
        self._event.set()

    async def until(self, is_so: Callable[[], bool], limit: float = LIMIT) -> None:
        async with within(limit, f"what {is_so.__qualname__} waits for"):
            while not is_so():
                self._event.clear()
                await self._event.wait()


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP response, whole."""

    status: int
    headers: str
    raw: bytes

    @property
    def json(self) -> Json:
        return json.loads(self.raw)


@dataclass(slots=True)
class Api:
    """HTTP as one caller; `seen` keeps every byte that was answered."""

    http: aiohttp.ClientSession
    server: Server
    token: str | None = None
    seen: bytearray = field(default_factory=bytearray)

    async def ask(self, method: str, path: str, body: object = None, *, key: str | None = None, **headers: str) -> Answer:
        """Whatever comes back. Raises aiohttp.ClientError or OSError when nothing does."""
        if self.token is not None:
            headers["Authorization"] = f"Bearer {self.token}"
        if key is not None:
            headers["Idempotency-Key"] = key
        url = self.server.url + path
        async with self.http.request(method, url, json=body, headers=headers, allow_redirects=False) as response:
            raw = await response.read()
            lines = "\r\n".join(f"{name}: {value}" for name, value in response.headers.items())
            self.seen += lines.encode() + b"\r\n\r\n" + raw
            return Answer(response.status, lines, raw)

    async def want(self, status: int, method: str, path: str, body: object = None, *, key: str | None = None) -> Json:
        """The JSON of an answer that has this status."""
        answer = await self.ask(method, path, body, key=key)
        assert answer.status == status, (method, path, answer.status, answer.raw)
        return answer.json if answer.raw else None

    async def get(self, path: str) -> Json:
        return await self.want(200, "GET", path)

    async def until(self, path: str, is_so: Callable[[Json], bool]) -> Json:
        """Ask again until the answer is as expected."""
        async with within(LIMIT, f"{path} answers as expected"):
            while not is_so(answer := await self.get(path)):  # noqa: ASYNC110 - another process has no event
                await asyncio.sleep(PAUSE)
        return answer

    async def all(self, path: str) -> AsyncIterator[Json]:
        """Every item of a list, page by page."""
        sign = "&" if "?" in path else "?"
        after = ""
        while True:
            page = await self.get(f"{path}{sign}limit=200{after}")
            for item in page["items"]:
                yield item
            if page["next"] is None:
                return
            after = f"&after={page['next']}"


class MemberClient:
    """Applies each seq once, acknowledges it, resends what has no answer yet, and keeps every byte it ever got.

    What the contract forbids (a gap, an item that changed, an accepted message that is gone) is written to `faults`.
    `rewind`: come back with an `after` that lies up to so many items before the last one.
    """

    def __init__(self, api: Api, heard: Signal, member: Frame, *, rewind: int = 0, random: Random | None = None) -> None:
        self.api = api
        self.heard = heard
        self.id: str = member["id"]
        self.pseudonym: str = member["pseudonym"]
        self.items: list[Frame] = []
        self.posts: list[str] = []
        self.welcome: Frame | None = None
        self.welcomes = 0
        self.answers: dict[str, Frame] = {}
        self.byes: list[Frame] = []
        self.closes: list[int] = []
        self.faults: list[str] = []
        self.frames = bytearray()
        self._raw: list[str] = []
        self._pending: dict[str, Frame] = {}
        self._promised: set[str] = set()
        self._due: frozenset[str] = frozenset()
        self._rewind = rewind
        self._random = random or Random(0)
        self._socket: aiohttp.ClientWebSocketResponse | None = None

    @property
    def seen(self) -> bytes:
        """All bytes of frames, HTTP bodies and headers."""
        return bytes(self.frames + self.api.seen)

    @property
    def is_quiet(self) -> bool:
        """Whether everything said was answered, and everything accepted has come back as an item."""
        return not self._pending and not self._promised

    @property
    def unanswered(self) -> int:
        """How many messages and presses have no answer yet."""
        return len(self._pending)

    async def run(self) -> None:
        """Stays connected until the relay says that it is over; start it as a task."""
        in_vain = was = 0
        while not (self.closes and self.closes[-1] in {SIGN_IN, REVOKED}):
            await self.api.server.up.wait()
            with suppress(aiohttp.ClientError, OSError):
                await self._stay()
            self.welcome, was, in_vain = None, self.welcomes, 0 if self.welcomes > was else in_vain + 1
            if in_vain > PATIENCE:
                self._fault(await self.api.server.why_gone() or "the relay is up and does not let me in")
                return

    async def send(self, client_id: str, text: str, in_reply_to: str | None = None) -> None:
        """Say something, now and after every reconnect, until it is answered."""
        await self._say({"type": "send", "client_id": client_id, "text": text, "in_reply_to": in_reply_to})

    async def press(self, client_id: str, post: str, button: str) -> None:
        await self._say({"type": "press", "client_id": client_id, "post": post, "button": button})

    async def answered(self, client_id: str) -> Frame:
        await self.heard.until(lambda: client_id in self.answers)
        return self.answers[client_id]

    async def item(self, seq: int) -> Frame:
        await self.heard.until(lambda: len(self.items) >= seq)
        return self.items[seq - 1]

    async def connected(self) -> Frame:
        await self.heard.until(lambda: self.welcome is not None)
        assert self.welcome is not None
        return self.welcome

    async def frame(self, frame: Frame) -> None:
        """Send a frame as it is, once; lost when there is no connection."""
        if self._socket is not None:
            with suppress(aiohttp.ClientError, OSError):
                await self._socket.send_str(json.dumps(frame))

    async def hang_up(self) -> None:
        """Lose the connection; `run` comes back by itself."""
        if self._socket is not None:
            await self._socket.close()

    async def _stay(self) -> None:
        after = max(0, len(self.items) - self._random.randint(0, self._rewind))
        url = self.api.server.url + "/v1/me/stream"
        async with self.api.http.ws_connect(url, max_msg_size=0) as socket:
            await socket.send_str(json.dumps({"type": "hello", "token": self.api.token, "after": after}))
            async for message in socket:
                if message.type is not aiohttp.WSMsgType.TEXT:
                    break
                self.frames += message.data.encode()
                await self._take(socket, json.loads(message.data), message.data)
                self.heard.fire()
            self._socket = None
            self.closes.append(socket.close_code or 0)
            self.heard.fire()

    async def _take(self, socket: aiohttp.ClientWebSocketResponse, frame: Frame, raw: str) -> None:
        match frame["type"]:
            case "welcome":
                await self._begin(socket, frame)
            case "item":
                self._apply(frame, raw)
                await self.frame({"type": "ack", "seq": frame["seq"]})
            case "accepted":
                self._accepted(frame)
            case "refused":
                self._answered(frame)
            case "bye":
                self.byes.append(frame)
            case other:
                self._fault(f"unknown frame {other}")

    async def _begin(self, socket: aiohttp.ClientWebSocketResponse, frame: Frame) -> None:
        self.welcome = frame
        self.welcomes += 1
        self._socket = socket
        self._due = frozenset(self._promised)
        self._catch_up()
        for pending in tuple(self._pending.values()):
            await self.frame(pending)

    def _apply(self, item: Frame, raw: str) -> None:
        seq = item["seq"]
        if seq <= len(self.items):
            if raw != self._raw[seq - 1]:
                self._fault(f"item {seq} has changed from {self._raw[seq - 1]} to {raw}")
            return
        if seq != len(self.items) + 1:
            self._fault(f"item {seq} came after item {len(self.items)}")
        self.items.append(item)
        self._raw.append(raw)
        if item["kind"] == "post":
            self.posts.append(item["id"])
        self._promised.discard(item["id"])
        self._catch_up()

    def _catch_up(self) -> None:
        """At the end of what a connection began with, everything that was accepted before it must have come."""
        assert self.welcome is not None
        if len(self.items) >= self.welcome["last_seq"] and (lost := self._due & self._promised):
            self._fault(f"accepted and not in the stream: {sorted(lost)}")

    def _accepted(self, frame: Frame) -> None:
        """The message's own item may have come before this, or comes after."""
        if self._answered(frame)["type"] == "send" and all(item["id"] != frame["id"] for item in self.items):
            self._promised.add(frame["id"])

    def _answered(self, frame: Frame) -> Frame:
        client_id = frame["client_id"]
        self.answers[client_id] = frame
        return self._pending.pop(client_id, {"type": "none"})

    async def _say(self, frame: Frame) -> None:
        self._pending[frame["client_id"]] = frame
        await self.frame(frame)

    def _fault(self, what: str) -> None:
        self.faults.append(f"{self.id}: {what}")
        self.heard.fire()
