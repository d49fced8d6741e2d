"""The crowd: members on real WebSockets, who acknowledge what they get, remember it, and answer."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from time import perf_counter

import aiohttp
import orjson

from relay.cli.demo.api import Json

PAUSE = 0.2  # seconds before a lost connection is made again
LOSSES = 20  # lost connections until a member gives up
AT_ONCE = 64  # connections that are being made
LATER = {429, 503}
KNOCKS = 120  # tries to connect, a second or so each
BACKOFF = 0.5  # seconds before a message is sent again that the relay asked to send later
REVOKED = {4401, 4403}
WELCOME = 30.0  # seconds that a hello may wait for its answer


@dataclass(slots=True)
class Person:
    """One member. `said` are their messages by client_id; `accepted` the ids the relay gave them."""

    id: str
    token: str
    items: list[Json] = field(default_factory=list)
    said: dict[str, str] = field(default_factory=dict)
    accepted: dict[str, str] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    repeated: int = 0
    seq: int = 0
    socket: aiohttp.ClientWebSocketResponse | None = None
    answers: dict[str, asyncio.Future[Json]] = field(default_factory=dict)


@dataclass(slots=True)
class Crowd:
    """All of them. `heard(person, item)` is called for each item the first time it comes."""

    http: aiohttp.ClientSession
    url: str
    heard: Callable[[Person, Json], None] = lambda _person, _item: None
    people: list[Person] = field(default_factory=list)
    losses: int = 0
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)

    async def connect(self, people: Sequence[Person], welcomed: Callable[[], None]) -> None:
        """Open everybody's stream."""
        self.people = list(people)
        turns = asyncio.Semaphore(AT_ONCE)

        async def one(person: Person) -> None:
            async with turns:
                await self._open(person)
            welcomed()
            self._tasks.append(asyncio.create_task(self._listen(person), name="member"))

        async with asyncio.TaskGroup() as group:
            for person in people:
                group.create_task(one(person))

    async def close(self) -> None:
        """Leave."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(person.socket.close() for person in self.people if person.socket), return_exceptions=True)

    async def say(self, person: Person, client_id: str, text: str, in_reply_to: str) -> float:
        """Send one message until it is accepted or refused for good; returns when it was first sent."""
        person.said[client_id] = text
        began = perf_counter()
        frame = {"type": "send", "client_id": client_id, "text": text, "in_reply_to": in_reply_to}
        while True:
            answer = await self._ask(person, client_id, frame)
            if answer["type"] == "accepted":
                person.accepted[client_id] = answer["id"]
                return began
            if answer["problem"]["status"] not in LATER:
                person.refused[client_id] = answer["problem"]["detail"]
                return began
            await asyncio.sleep(BACKOFF)

    async def _ask(self, person: Person, client_id: str, frame: Json) -> Json:
        """Send a frame and wait for its answer, on another connection if this one is lost meanwhile."""
        answer: asyncio.Future[Json] = asyncio.get_running_loop().create_future()
        person.answers[client_id] = answer
        try:
            while True:
                if person.socket is not None and not person.socket.closed:
                    await _send(person.socket, frame)
                done, _ = await asyncio.wait({answer}, timeout=5)
                if done:
                    return answer.result()
        finally:
            del person.answers[client_id]

    async def _open(self, person: Person) -> None:
        socket = await self._knock()
        await _send(socket, {"type": "hello", "token": person.token, "after": person.seq})
        first = await socket.receive(timeout=WELCOME)
        if first.type is not aiohttp.WSMsgType.TEXT or orjson.loads(first.data)["type"] != "welcome":
            raise aiohttp.ClientConnectionError(f"no welcome but {first.type.name}")
        person.socket = socket

    async def _knock(self) -> aiohttp.ClientWebSocketResponse:
        """A connection, as soon as the relay takes one more from this address."""
        for _ in range(KNOCKS):
            try:
                return await self.http.ws_connect(f"{self.url}/v1/me/stream", max_msg_size=0)
            except aiohttp.WSServerHandshakeError as error:
                if error.status not in LATER:
                    raise
                await asyncio.sleep(float(error.headers.get("Retry-After", "1") if error.headers else 1))
        raise aiohttp.ClientConnectionError("the relay takes no more connections from here")

    async def _listen(self, person: Person) -> None:
        """Take what comes, and connect again when the connection is lost."""
        for _ in range(LOSSES):
            socket = person.socket
            if socket is None:
                return
            async for message in socket:
                if message.type is aiohttp.WSMsgType.TEXT:
                    await self._take(person, socket, orjson.loads(message.data))
            if socket.close_code in REVOKED:
                return
            self.losses += 1
            await asyncio.sleep(PAUSE)
            try:
                await self._open(person)
            except aiohttp.ClientError:
                continue

    async def _take(self, person: Person, socket: aiohttp.ClientWebSocketResponse, frame: Json) -> None:
        if frame["type"] == "item":
            if frame["seq"] <= person.seq:
                person.repeated += 1
                return
            person.items.append(frame)
            person.seq = frame["seq"]
            self.heard(person, frame)
            await _send(socket, {"type": "ack", "seq": person.seq})
        elif (answer := person.answers.get(frame.get("client_id", ""))) is not None and not answer.done():
            answer.set_result(frame)


async def _send(socket: aiohttp.ClientWebSocketResponse, frame: Json) -> None:
    """A frame to a connection that may be lost; what matters is sent again on the next one."""
    try:
        await socket.send_str(orjson.dumps(frame).decode())
    except (ConnectionError, aiohttp.ClientError):
        return
