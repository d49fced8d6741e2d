"""The members' stream on the web: the hello that signs a connection in, and what members say on it."""

from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from random import Random

from aiohttp import web
from pydantic import BaseModel, Field

from relay.channels.web import render
from relay.channels.web.frames import BROKEN, POLICY, RESTART, TOO_SLOW
from relay.channels.web.hub import Hub
from relay.channels.web.session import REVOKED, Presence, Session, Silent
from relay.channels.web.socket import SIGN_IN, Socket, Sweeper
from relay.channels.web.upgrade import upgrade
from relay.core.errors import Invalid, RelayError, TooMany, Unavailable
from relay.core.identity import token_digest
from relay.core.rate import Buckets, Rate
from relay.ports import Clock, SignedIn

INBOX = 32  # frames a connection may send ahead of their answers
SILENT = 2048  # connections that may be open without having signed in, all addresses together
FAULTS = 20  # bad frames until the connection is ended
SOONEST_MS, LATEST_MS = 200, 5000  # after a restart members come back spread over this time

Say = Callable[[SignedIn, render.Send], Awaitable[bytes]]
Tap = Callable[[SignedIn, render.Press], Awaitable[bytes]]


class StreamSettings(BaseModel, extra="forbid"):
    """The members' WebSocket."""

    slim: bool = Field(default=True, description="hold idle connections in 2 kB each; false keeps aiohttp's own, larger ones")
    ping_seconds: float = Field(
        20, ge=0.1, description="without a word from a member: after twice as long the relay asks, after three times it lets go"
    )
    send_burst: float = Field(30, gt=0, description="messages a member may send at once")
    send_per_second: float = Field(2, gt=0, description="messages a second a member may send after that")


@dataclass(frozen=True, slots=True)
class Doors:
    """What members' frames lead to, as frames that answer them; app.py connects them with the flows."""

    say: Say
    tap: Tap


@dataclass(slots=True)
class Streams:
    """Handles all members' WebSockets; what goes out to them is the hub's work.

    `has_room`: whether one more may open. `connected` are those that are signed in.
    """

    hub: Hub
    clock: Clock
    random: Random
    doors: Doors
    settings: StreamSettings
    sweeper: Sweeper
    has_room: Callable[[], bool] = lambda: True
    _silent: Silent = field(default_factory=Silent)
    sends: Buckets = field(init=False)
    connected: int = 0

    def __post_init__(self) -> None:
        self.sends = Buckets(Rate(self.settings.send_burst, self.settings.send_per_second))

    async def handle(self, request: web.Request, secret: str = "") -> web.StreamResponse:
        """The route of the stream; who calls it has looked at the Origin, above all where `secret` comes from a cookie.

        Raises Unavailable where there is no room.
        """
        if not self.has_room():
            raise Unavailable("There is no room for another stream.", retry_after=1)
        handler = _Page(self, secret) if secret else self
        return await upgrade(request, handler, self.sweeper, slim=self.settings.slim)

    def opened(self, socket: Socket) -> None:
        """A connection that has said nothing yet; its hello is awaited by the sweeper.

        Past the bound the address with most of them makes room, first the one who has been silent for longest.
        """
        socket.session = Session(socket)
        self._silent.add(socket)
        if len(self._silent) > SILENT:
            oldest = self._silent.pop_oldest_of_fullest()
            oldest.close(TOO_SLOW, "no hello", render.bye("no hello", self._retry_ms()))

    def closed(self, socket: Socket, _code: int) -> None:
        """Forgets the connection."""
        session: Session = socket.session
        self._silent.discard(socket)
        if session.digest:
            self.connected -= 1
            self.hub.leave(session)

    def received(self, socket: Socket, text: bytes) -> None:
        """Acknowledgements and a page's pings are taken at once; everything else is answered in the order it came."""
        session: Session = socket.session
        seq = render.quick_ack(text)
        if seq is not None and session.digest:
            self._acknowledge(session, delivered=seq, read=0)
            return
        if text == render.PING and session.is_page and session.digest:
            socket.send(render.PONG)
            return
        try:
            said = render.said(text)
        except Invalid as error:
            self._refuse(session, render.client_id_of(text), error)
            return
        match said:
            case render.Ack() if session.digest:
                self._acknowledge(session, delivered=said.seq, read=0)
            case render.Read() if session.digest:
                self._acknowledge(session, delivered=said.seq, read=said.seq)
            case _:
                self._queue(session, said)

    def _queue(self, session: Session, said: render.Said) -> None:
        if session.inbox is None:
            session.inbox = deque((said,))
            self.hub.start(self._work(session), "frames")
        elif len(session.inbox) < INBOX:
            session.inbox.append(said)
        else:
            self._refuse(session, _client_id(said), TooMany("Too many frames ahead of their answers.", retry_after=1))

    async def _work(self, session: Session) -> None:
        """Answers frames one after the other; an error that nobody foresaw ends the connection, and the member comes back."""
        inbox = session.inbox
        try:
            while inbox:
                said = inbox[0]
                try:
                    await self._obey(session, said)
                except RelayError as error:
                    self._refuse(session, _client_id(said), error)
                inbox.popleft()
            session.inbox = None
        except Exception:
            session.socket.close(BROKEN, "internal error", render.bye("internal error", SOONEST_MS))
            raise

    def _refuse(self, session: Session, client_id: str | None, error: RelayError) -> None:
        session.faults += isinstance(error, Invalid)
        if isinstance(error, Unavailable) and not (session.digest and client_id):
            session.socket.close(RESTART, "unavailable", render.bye(error.detail, self._retry_ms()))
        elif not session.digest:
            session.socket.close(SIGN_IN, "no valid hello", render.bye(error.detail, 0))
        elif session.faults > FAULTS:
            session.socket.close(POLICY, "too many bad frames", render.bye("too many bad frames", 0))
        else:
            session.socket.send(render.refused(client_id, error))

    async def _obey(self, session: Session, said: render.Said) -> None:
        if isinstance(said, render.Hello) == bool(session.digest):
            raise Invalid("A connection starts with one hello.")
        match said:
            case render.Hello():
                await self._hello(session, said)
            case render.Ack():
                self._acknowledge(session, delivered=said.seq, read=0)
            case render.Read():
                self._acknowledge(session, delivered=said.seq, read=said.seq)
            case render.Send() | render.Press():
                await self._say(session, said)

    async def _hello(self, session: Session, hello: render.Hello) -> None:
        socket, store = session.socket, self.hub.store
        digest = token_digest(hello.token or session.secret)
        session.secret = ""
        signed = await store.signed_in(digest, self.clock.now())
        if signed is None:
            socket.close(SIGN_IN, "sign in", render.bye("the token is not valid", 0))
            return
        if hello.after > signed.cursors.last:
            reason = f"there is no item {hello.after}, the last one is {signed.cursors.last}: start again from 0"
            socket.close(POLICY, "no such item", render.bye(reason, 0))
            return
        if not socket.is_open:
            return
        self._silent.discard(socket)
        session.digest, session.device = digest, signed.device
        session.sent = session.acked = max(hello.after, signed.cursors.first - 1)
        self.hub.enter(session, self._presence(signed), signed.community.name)
        self.connected += 1
        socket.admit()
        socket.send(render.welcome(signed))
        if session.acked > signed.cursors.delivered:
            self.hub.acknowledge(session, delivered=session.acked, read=0)
        again = await store.signed_in(digest, self.clock.now())  # what happened before it was here was told to nobody
        if again is None:
            socket.close(REVOKED, "revoked", render.bye("revoked", 0))
        elif again.cursors.last > session.sent:
            self.hub.fill(session)

    def _presence(self, signed: SignedIn) -> Presence:
        member = signed.member
        cursors = signed.cursors
        return self.hub.find(member.n) or Presence(
            member.n, member.id, member.community, delivered=cursors.delivered, read=cursors.read
        )

    def _acknowledge(self, session: Session, *, delivered: int, read: int) -> None:
        """Takes an acknowledgement of what this connection was sent, and refuses any other."""
        if delivered > session.sent:
            self._refuse(session, None, Invalid(f"Item {delivered} was not sent on this connection."))
        else:
            self.hub.acknowledge(session, delivered=delivered, read=read)

    async def _say(self, session: Session, said: render.Send | render.Press) -> None:
        self.sends.take(session.presence.member_id, self.clock.monotonic())
        signed = await self.hub.store.signed_in(session.digest, self.clock.now())
        if signed is None:
            session.socket.close(REVOKED, "revoked", render.bye("revoked", 0))
            return
        answer = self.doors.say(signed, said) if isinstance(said, render.Send) else self.doors.tap(signed, said)
        session.socket.send_together(await answer)

    def held(self) -> int:
        """Connections that aiohttp does not know any more."""
        return len(self.sweeper) if self.settings.slim else 0

    def send_away(self, _missed: object = None, _outcome: object = None) -> None:
        """Says goodbye to everybody, with a moment of their own for coming back: they begin where they were."""
        for socket in self.sweeper:
            socket.close(RESTART, "restart", render.bye("restart", self._retry_ms()))

    async def close(self) -> None:
        """Sends everybody away, and ends all work."""
        self.send_away()
        await self.hub.close()

    def _retry_ms(self) -> int:
        """When to come back: a moment of their own for each, so that they do not come at once."""
        return self.random.randrange(SOONEST_MS, LATEST_MS)


@dataclass(frozen=True, slots=True)
class _Page:
    """The same for a page, whose cookie signs its connection in."""

    streams: Streams
    secret: str

    def opened(self, socket: Socket) -> None:
        self.streams.opened(socket)
        socket.session.secret, socket.session.is_page = self.secret, True

    def received(self, socket: Socket, text: bytes) -> None:
        self.streams.received(socket, text)

    def closed(self, socket: Socket, code: int) -> None:
        self.streams.closed(socket, code)


def _client_id(said: render.Said) -> str | None:
    """The sender's mark, on frames that have one."""
    return said.client_id if isinstance(said, render.Send | render.Press) else None
