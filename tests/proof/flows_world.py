"""One example's community in a universe of flows: what members call, what staff do, and connections without a network."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from relay.channels.web import frames
from relay.channels.web.socket import Socket
from relay.core.case import CaseState, Finding, Ruling
from relay.core.community import Community
from relay.core.errors import Denied, RelayError, SignedOut, TooMany, Unavailable
from relay.core.identity import token_digest
from relay.core.member import Member
from relay.core.post import Button, Draft
from relay.core.problem import problem
from relay.core.staff import Actor, Role
from relay.core.thread import Thread, ThreadEdit, ThreadState
from relay.flows.enrol import Newcomer
from relay.flows.receive import Reply
from relay.ports import Paging, SignedIn, ThreadFilter
from relay.web.desk import item_view, me_view
from relay.web.views import dumps
from tests.proof import acts
from tests.proof.acts import Act, Who
from tests.proof.ear import Ear
from tests.proof.flows import Universe, actor
from tests.proof.knowledge import Knowledge
from tests.proof.play import DEVICES, Request
from tests.proof.plugins import learned_from_high

EVA = Actor("eva", "Eva", Role.MANAGER)
JAN = Actor("jan", "Jan", Role.MANAGER)
ALL = Paging(limit=1000)
OF_HIGH = learned_from_high()  # in use where HIGH is
NAMES = ("Bad am See", "Bad am Meer", "{name}")


class Pipe(asyncio.Transport):
    """Carries what the relay writes to an ear, at once."""

    def __init__(self, ear: "WiredEar") -> None:
        super().__init__()
        self._ear = ear
        self._closing = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self._ear.take_bytes(bytes(data))

    def is_closing(self) -> bool:
        return self._closing

    def get_write_buffer_size(self) -> int:
        return 0

    def close(self) -> None:
        if not self._closing:
            self._closing = True
            self._ear.socket.connection_lost(None)
            self._ear.closed(None)

    def abort(self) -> None:
        self.close()


class WiredEar(Ear):
    """A connection's other end: takes WebSocket frames apart, answers a close."""

    def __init__(self, who: Who, known: Knowledge) -> None:
        super().__init__(known)
        self.who = who
        self.socket: Socket

    def take_bytes(self, data: bytes) -> None:
        while data:
            size, start = data[1], 2
            if size > 125:
                start = 4 if size == 126 else 10
                size = int.from_bytes(data[2:start])
            opcode, payload, data = data[0] & 0xF, data[start : start + size], data[start + size :]
            if opcode == frames.TEXT:
                self.text(payload)
            elif opcode == frames.CLOSE:
                self.closed(frames.closing_code(payload))
                asyncio.get_running_loop().call_soon(self.say, frames.CLOSE, payload)

    def say(self, opcode: int, payload: bytes) -> None:
        size = len(payload)
        length = bytes((0x80 | size,)) if size < 126 else b"\xfe" + size.to_bytes(2)
        self.socket.feed(bytes((0x80 | opcode,)) + length + bytes(4) + payload)


@dataclass(slots=True)
class FlowsWorld:
    """Members act on their own behalf; staff's acts about HIGH draw their ids apart from those about LOW."""

    universe: Universe
    community: Community
    posts: list[str] = field(default_factory=list)
    tokens: dict[tuple[Who, int], str] = field(default_factory=dict)
    members: dict[Who, Member] = field(default_factory=dict)

    @classmethod
    async def found(cls, universe: Universe, example: int) -> "FlowsWorld":
        universe.begin(example)
        slug = f"e{example}"
        made = Community(id=f"community-{slug}", slug=slug, name=NAMES[0], created_at=universe.clock.now())
        await universe.govern.found(EVA, made)
        stored = await universe.store.community(slug)
        assert stored is not None
        return cls(universe, stored)

    @property
    def slug(self) -> str:
        return self.community.slug

    async def join(self, who: Who) -> None:
        actor.set(f"staff about {who}")
        welcome = await self.universe.enrol.add(EVA, self.community, Newcomer("counter", "1"))
        stored = await self.universe.store.member(welcome.member.id)
        assert stored is not None
        self.members[who] = stored
        self.tokens[who, 0] = welcome.token
        if who is Who.HIGH:
            self.universe.judging[self.slug] = OF_HIGH
        self.tokens[who, 1] = await self.universe.enrol.token(EVA, stored, DEVICES[1])

    # ------------------------------------------------------------------------------------------------- connections

    async def connect(self, who: Who, device: int, after: int, known: Knowledge) -> Ear:
        ear = WiredEar(who, known)
        streams = self.universe.streams
        ear.socket = Socket(Pipe(ear), streams, streams.sweeper)
        ear.socket.begin()
        ear.seen = after
        await self.send(ear, orjson.dumps({"type": "hello", "token": self.tokens[who, device], "after": after}))
        await ear.until(lambda: ear.answers > 0)
        return ear

    async def drop(self, ear: Ear) -> None:
        assert isinstance(ear, WiredEar)
        if ear.is_open:
            ear.say(frames.CLOSE, frames.NORMAL.to_bytes(2))

    async def send(self, ear: Ear, frame: bytes) -> None:
        assert isinstance(ear, WiredEar)
        actor.set(ear.who)
        ear.say(frames.TEXT, frame)

    async def settled(self, ears: Mapping[Who, list[Ear]]) -> None:
        """Posts are released, second looks taken, and every connection has what its member's stream holds."""
        while await self.universe.deliver.turn():
            pass
        while await self.universe.check.turn():
            pass
        await self.universe.deliver.flush()
        for who, own in ears.items():
            last = (await self.universe.store.of(self.members[who].n).cursors()).last
            for ear in own:
                await ear.until(lambda ear=ear, last=last: ear.seen >= last)  # type: ignore[misc]

    # -------------------------------------------------------------------------------------------------- members' calls

    async def call(self, who: Who, device: int, request: Request) -> tuple[str, Mapping[str, Any]]:
        actor.set(who)
        try:
            answer = dumps(await self._answered(self.tokens[who, device], request))
        except RelayError as error:
            retry_after = error.retry_after if isinstance(error, TooMany | Unavailable) else None
            return f"{orjson.dumps(problem(error)).decode()} {retry_after}", {}
        shown = orjson.loads(answer)
        return answer.decode(), shown if isinstance(shown, dict) else {}

    async def _answered(self, token: str, request: Request) -> object:
        signed = await self.universe.store.signed_in(token_digest(token), self.universe.clock.now())
        if signed is None:
            raise SignedOut
        own = self.universe.store.of(signed.member.n)
        match request.method, request.path:
            case "GET", "/v1/me":
                return me_view(signed)
            case "GET", "/v1/me/items":
                return {"items": [item_view(item) for item in await own.items(0, 1000)]}
            case "GET", "/v1/me/export":
                return await own.export()
            case "DELETE", "/v1/me":
                await self.universe.enrol.erase(signed.member.id, signed.member)
            case "POST", path:
                return await self._written(signed, path.rpartition("/")[2], dict(request.body or {}))
            case _:
                raise Denied
        return None

    async def _written(self, signed: SignedIn, verb: str, body: dict[str, Any]) -> object:
        universe = self.universe
        match verb:
            case "messages":
                reply = Reply(body["text"], "web", body["client_id"], body.get("in_reply_to"))
                stored = await universe.receive.reply(signed, reply)
                return {"id": stored.id, "at": stored.at}
            case "appeals":
                return {"state": (await universe.review.appeal(signed, body["case"], body["text"])).word}
            case "press":
                await universe.receive.press(signed, body["post"], body["button"])
            case "leave":
                await universe.enrol.leave(signed)
            case "ack" | "read":
                read = body["seq"] if verb == "read" else 0
                await universe.deliver.acknowledge(signed, delivered=body["seq"], read=read)
        return None

    # --------------------------------------------------------------------------------------------------------- staff

    async def staff(self, who: Who, act: Act) -> None:
        """What staff are refused is their own business; what they do reaches the member all the same."""
        actor.set(f"staff about {who}")
        try:
            if isinstance(act, acts.Publish | acts.Rename | acts.Tick):
                await self._for_all(act)
            elif (member := await self.universe.store.member(self.members[who].id)) is not None:
                await self._about(who, member, act)
        except RelayError:
            return

    async def _for_all(self, act: acts.ForAll) -> None:
        universe = self.universe
        match act:
            case acts.Publish(text, buttons):
                shown = tuple(Button(acts.BUTTONS[n], acts.BUTTONS[n]) for n in range(buttons))
                post = await universe.publish.post(self.community, Draft(acts.TEXTS[text], buttons=shown), EVA)
                self.posts.append(post.id)
            case acts.Rename(n):
                await universe.govern.edit(EVA, self.community, {"name": NAMES[n], "imprint": f"imprint {n}"})
            case acts.Tick(seconds):
                universe.clock.pass_(seconds)

    async def _about(self, who: Who, member: Member, act: Act) -> None:
        universe = self.universe
        match act:
            case acts.Answer(k, text, note):
                thread = await self._thread(member, k)
                if thread is None:
                    await universe.answer.write_first(EVA, member, acts.TEXTS[text])
                else:
                    await (universe.answer.note if note else universe.answer.send)(EVA, thread, acts.TEXTS[text])
            case acts.Decide(k, reject):
                await self._decide(member, k, Ruling.REJECT if reject else Ruling.DELIVER)
            case acts.Close(k):
                if thread := await self._thread(member, k):
                    await universe.answer.edit(EVA, thread, thread.version, ThreadEdit(state=ThreadState.CLOSED))
            case acts.NewToken(device):
                self.tokens[who, device] = await universe.enrol.token(EVA, member, DEVICES[device])
            case acts.Revoke(device):
                await universe.enrol.revoke(EVA, member, None if device is None else DEVICES[device])
            case acts.Erase():
                await universe.enrol.erase(EVA.id, member)

    async def _thread(self, member: Member, k: int) -> Thread | None:
        page = await self.universe.store.threads(self.community.n, ThreadFilter(), ALL)
        own = [thread for thread in page.items if thread.member == member.n]
        return own[k] if k < len(own) else None

    async def _decide(self, member: Member, k: int, ruling: Ruling) -> None:
        """Of the cases that are there with HIGH and without: equal acts of staff are what the promise takes for given."""
        page = await self.universe.store.cases(self.community.n, None, ALL)
        own = [view for view in page.items if view.member == member.n and any(not seen.across for seen in view.signals)]
        if k < len(own):
            view = own[-1 - k]
            by = JAN if view.case.state is CaseState.APPEALED else EVA
            await self.universe.review.decide(by, view, Finding(ruling, "rude"))
