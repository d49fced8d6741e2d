"""The staff's WebSocket: what was committed, as it happens, to each reader what their role may read.

Readers share one ring of events and each holds a place in it, so that a slow one costs nothing until the ring has passed them.
"""

import asyncio
from dataclasses import dataclass, field
from typing import Literal

import structlog
from aiohttp import WSMsgType, web
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from relay.bus import Bus, Missed
from relay.core.change import AddCommunity, AddToken, Erase, Released, ReleasePost, RemoveStaff, RevokeKey, RevokeTokens
from relay.core.errors import Denied, RelayError, SignedOut, Unavailable
from relay.core.session import EndSession
from relay.core.staff import Actor, Role, Token, TokenKind
from relay.flows.govern import Govern
from relay.web.auth import Credential, Gate
from relay.web.events import TOLD, Event, progress
from relay.web.ring import Ring
from relay.web.route import Route
from relay.web.views import dumps

HELLO = 5.0  # seconds from the handshake to the first frame
PING = 20.0  # seconds between pings; half of it for the answer
GRACE = 0.5  # seconds to close in good manners; revoked readers are gone within one
MAX_FRAME = 4096  # bytes; readers say hello and ping, and nothing more
TURN = 64  # frames until others get the loop
PROGRESS = 0.25  # seconds between two events about the same post

NORMAL, POLICY, BROKEN, RESTART, TOO_SLOW = 1000, 1008, 1011, 1012, 1013
SIGN_IN, REVOKED = 4401, 4403
_DRAFTS = frozenset({"7", "8"})  # versions before RFC 6455, which aiohttp takes as well

log = structlog.get_logger(__name__)


class StaffHello(BaseModel):
    """The first frame of a reader."""

    model_config = ConfigDict(extra="forbid", strict=True)

    type: Literal["hello"]
    token: str | None = Field(None, min_length=16, max_length=200)
    after: str | None = Field(None, min_length=1, max_length=80)


class Ping(BaseModel):
    """Asks whether the connection is alive; browsers tell scripts nothing of the pings of WebSockets."""

    model_config = ConfigDict(extra="forbid", strict=True)

    type: Literal["ping"]


@dataclass(frozen=True, slots=True)
class Pong:
    """It is."""

    type: Literal["pong"]


@dataclass(frozen=True, slots=True)
class Person:
    """Who reads; a key has no role."""

    id: str
    name: str
    role: Role | None


@dataclass(frozen=True, slots=True)
class StaffWelcome:
    """The answer to a good hello; `position` is that of the last event there is."""

    type: Literal["welcome"]
    staff: Person
    position: str


@dataclass(frozen=True, slots=True)
class Reset:
    """The stream cannot go on where it was asked to: read the lists again, and go on from `position`."""

    type: Literal["reset"]
    position: str


class Ended(Exception):
    """The connection ends with this code."""

    def __init__(self, code: int, why: str) -> None:
        super().__init__(why)
        self.code = code
        self.why = why


@dataclass(slots=True, eq=False)
class Reader:
    """One connection of somebody who is signed in, by which token; `place` is the last event they have got."""

    actor: Actor
    token: Token
    place: int
    more: asyncio.Event = field(default_factory=asyncio.Event)
    over: asyncio.Future[Ended] = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    def end(self, code: int, why: str) -> None:
        if not self.over.done():
            self.over.set_result(Ended(code, why))


class Live:
    """Listens to the bus, keeps the ring, feeds the readers."""

    def __init__(self, gate: Gate, govern: Govern, ring: Ring, size: int) -> None:
        self._gate = gate
        self._clock = gate.clock
        self._govern = govern
        self._ring = ring
        self._size = size
        self._readers: set[Reader] = set()
        self._slugs: dict[int, str] = {}
        self._progress: dict[str, tuple[int, float]] = {}
        self._has_missed = False

    def __len__(self) -> int:
        return len(self._readers)

    async def start(self) -> None:
        self._slugs |= {community.n: community.slug for community in await self._gate.store.communities()}

    def stop(self) -> None:
        """Readers come back to the next process."""
        for reader in self._readers:
            reader.end(RESTART, "restart")

    # ------------------------------------------------------------------------------------------- what was committed

    def listen(self, bus: Bus) -> None:
        bus.on(Missed, self._missed)
        bus.on(AddCommunity, self._founded)
        bus.on(Erase, self._erased)  # before its event is told
        for change in TOLD:
            bus.on(change, self._committed)
        bus.on(ReleasePost, self._released)
        bus.on(RemoveStaff, lambda change, _: self._cut(change.id))
        bus.on(RevokeKey, lambda change, _: self._cut(change.id))
        bus.on(EndSession, lambda change, _: self._cut(change.staff, token=change.id))
        bus.on(RevokeTokens, lambda change, _: self._cut(change.subject, change.kind))
        bus.on(AddToken, lambda change, _: self._cut(change.token.subject, change.token.kind))

    def _missed(self, _: Missed, __: object) -> None:
        """Positions from before lead nowhere now: who comes back reads the lists again."""
        self._has_missed = True
        self._ring.begin_anew()
        self.stop()

    def _founded(self, change: AddCommunity, n: int) -> None:
        self._slugs[n] = change.community.slug

    def _erased(self, change: Erase, _: object) -> None:
        self._ring.erase(change.member)

    def _committed(self, change: object, outcome: object) -> None:
        self._tell(*TOLD[type(change)](change, outcome))

    def _tell(self, *events: Event) -> None:
        for event in events:
            self._ring.append(event, self._slugs.get(event.community))
        for reader in self._readers:
            if self._ring.head - reader.place > self._size:
                reader.end(TOO_SLOW, "too slow")
            reader.more.set()

    def _released(self, change: ReleasePost, outcome: Released) -> None:
        """At most four a second of a post, and its last."""
        gathered, told_at = self._progress.get(change.post.id, (0, 0.0))
        gathered += len(outcome.seqs)
        now = self._clock.monotonic()
        if outcome.finished:
            self._progress.pop(change.post.id, None)
        elif now - told_at < PROGRESS:
            self._progress[change.post.id] = gathered, told_at
            return
        else:
            self._progress[change.post.id] = 0, now
        self._tell(progress(change.post.id, gathered, finished=outcome.finished))

    def _cut(self, subject: str, kind: TokenKind | None = None, token: str | None = None) -> None:
        """All of one person or key, or of them those who came by such a token, or by this one."""
        for reader in self._readers:
            by = reader.token
            if reader.actor.id == subject and kind in {None, by.kind} and token in {None, by.id}:
                reader.end(REVOKED, "revoked")

    # ------------------------------------------------------------------------------------------------ a connection

    async def serve(self, request: web.Request, route: Route) -> web.StreamResponse:
        """Reads the hello, then writes events until somebody ends it. Raises SignedOut, Denied for a wrong header."""
        given = self._given(request)
        if given is not None and not given.is_cookie:
            await self._signed_in(given, route, request)
        elif "Authorization" in request.headers:
            raise SignedOut
        if self._has_missed:
            self._has_missed = False
            await self.start()
        socket = await _opened(request)
        reader = None
        try:
            hello = await self._hello(socket)
            given = Credential(hello.token) if hello.token else given or Credential("")
            actor, token = await self._admitted(given, route, request)
            reader = Reader(actor, token, self._ring.head)
            self._readers.add(reader)
            await self._admitted(given, route, request)  # a revocation between the first look and the list cuts nobody
            await self._govern.looked(actor.id, "stream.read", [actor.id])
            end = await self._feed_until_over(socket, reader, hello.after)
        except Ended as early:
            end = early
        except Exception:
            await _close(socket, request, Ended(BROKEN, "internal error"))  # a problem in HTTP would be no frame
            raise
        finally:
            if reader is not None:
                self._readers.discard(reader)
        await _close(socket, request, end)
        return socket

    def _given(self, request: web.Request) -> Credential | None:
        """What the handshake brings; the cookie of a page that is not ours is left aside, since its hello may bring a token."""
        try:
            return self._gate.credential(request)
        except Denied:
            return None

    async def _signed_in(self, given: Credential, route: Route, request: web.Request) -> tuple[Actor, Token]:
        found = await self._gate.actor_of(given)
        if found is None:
            self._gate.failed(request)
            raise SignedOut
        if not route.admits(found[0]):
            raise Denied
        return found

    async def _hello(self, socket: web.WebSocketResponse) -> StaffHello:
        try:
            async with asyncio.timeout(HELLO):
                message = await socket.receive()
            return StaffHello.model_validate_json(message.data if message.type is WSMsgType.TEXT else "")
        except (TimeoutError, ValidationError):
            raise Ended(SIGN_IN, "no hello") from None

    async def _admitted(self, given: Credential, route: Route, request: web.Request) -> tuple[Actor, Token]:
        try:
            return await self._signed_in(given, route, request)
        except Denied:
            raise Ended(REVOKED, "not allowed") from None
        except Unavailable:  # nobody has been found signed out
            raise Ended(RESTART, "unavailable") from None
        except RelayError:
            raise Ended(SIGN_IN, "sign in") from None

    async def _feed_until_over(self, socket: web.WebSocketResponse, reader: Reader, resume: str | None) -> Ended:
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._over(reader), name="staff stream over")
                group.create_task(self._listen(socket), name="staff stream in")
                group.create_task(self._feed(socket, reader, resume), name="staff stream out")
        except* (Ended, ConnectionError) as ends:
            found = next((end for end in ends.exceptions if isinstance(end, Ended)), Ended(NORMAL, ""))
        else:
            found = Ended(NORMAL, "")
        return found

    async def _over(self, reader: Reader) -> None:
        ends = reader.token.expires_at
        left = None if ends is None else (ends - self._clock.now()).total_seconds()
        try:
            async with asyncio.timeout(left):
                raise await reader.over
        except TimeoutError:
            raise Ended(SIGN_IN, "expired") from None

    async def _listen(self, socket: web.WebSocketResponse) -> None:
        """Readers have nothing to say but ping; a close or a broken frame ends it."""
        while True:
            message = await socket.receive()
            if message.type not in {WSMsgType.TEXT, WSMsgType.BINARY}:
                raise Ended(socket.close_code or NORMAL, "")
            try:
                Ping.model_validate_json(message.data)
            except ValidationError:
                raise Ended(POLICY, "nothing but ping is expected after hello") from None
            await _send(socket, dumps(Pong("pong")))

    async def _feed(self, socket: web.WebSocketResponse, reader: Reader, resume: str | None) -> None:
        place = reader.place if resume is None else self._ring.resumed(resume)
        actor = reader.actor
        head = self._ring.position(reader.place if place is None else place)
        await _send(socket, dumps(StaffWelcome("welcome", Person(actor.id, actor.name, actor.role), head)))
        if place is None:
            await _send(socket, dumps(Reset("reset", head)))
        else:
            reader.place = place
        while True:
            reader.more.clear()
            await self._catch_up(socket, reader)
            await reader.more.wait()

    async def _catch_up(self, socket: web.WebSocketResponse, reader: Reader) -> None:
        while reader.place < self._ring.head:
            entry = self._ring.at(reader.place + 1)
            if entry is None:
                raise Ended(TOO_SLOW, "too slow")
            reader.place += 1
            if (frame := entry.frame(reader.actor)) is not None:
                await _send(socket, frame)
            if not reader.place % TURN:
                await asyncio.sleep(0)


async def _opened(request: web.Request) -> web.WebSocketResponse:
    """Raises `web.HTTPException` when this is no good handshake."""
    if request.headers.get("Sec-WebSocket-Version") in _DRAFTS:
        raise web.HTTPUpgradeRequired(headers={"Sec-WebSocket-Version": "13"})
    socket = web.WebSocketResponse(compress=False, heartbeat=PING, timeout=GRACE, max_msg_size=MAX_FRAME, autoclose=False)
    try:
        await socket.prepare(request)
    except ValueError:  # a key that is not ASCII
        raise web.HTTPBadRequest from None
    return socket


async def _send(socket: web.WebSocketResponse, frame: bytes) -> None:
    await socket.send_frame(frame, WSMsgType.TEXT)


async def _close(socket: web.WebSocketResponse, request: web.Request, end: Ended) -> None:
    """The code is on its way at once; whoever does not answer is cut off."""
    try:
        async with asyncio.timeout(GRACE):
            await socket.close(code=end.code, message=end.why.encode())
    except (TimeoutError, ConnectionError):
        if request.transport is not None:
            request.transport.abort()
