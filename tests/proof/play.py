"""Plays a program in a world and writes down what LOW sees of it; the same player for flows and for the real surface."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import orjson

from tests.proof import acts
from tests.proof.acts import Act, Ask, Program, Ref, Step, Who
from tests.proof.ear import Ear
from tests.proof.knowledge import UNKNOWN, Knowledge

DEVICES = ("", "phone")
MEMBERS = (Who.LOW, Who.HIGH)
BEYOND = b'{"type": "ack", "seq": 9007199254740991}'
"""A good acknowledgement has no answer; this one is refused, and so tells that the one before it was taken."""
ASKS = {
    Ask.ME: ("GET", "/v1/me"),
    Ask.ITEMS: ("GET", "/v1/me/items"),
    Ask.EXPORT: ("GET", "/v1/me/export"),
    Ask.LEAVE: ("POST", "/v1/me/leave"),
    Ask.ERASE: ("DELETE", "/v1/me"),
    Ask.STAFF_PAGE: ("GET", "/v1/audit"),
    Ask.OWN_PAGE: ("GET", "/c/{slug}"),
    Ask.OWN_SETTINGS: ("GET", "/c/{slug}/you"),
}
LAST_LOOKS: tuple[Act, ...] = (
    acts.NewToken(0),
    acts.NewToken(1),
    acts.Connect(1, 10**6),
    acts.Connect(0, 10**6),
    *(acts.Call(0, ask) for ask in (Ask.ME, Ask.ITEMS, Ask.EXPORT, Ask.OWN_PAGE, Ask.OWN_SETTINGS)),
)

Guesses = dict[int, str | int]
"""What LOW takes for an id of HIGH's, by step; a post, which is there in either world, by its place in the order of posts."""


@dataclass(frozen=True, slots=True)
class Request:
    """One call of a member, as HTTP has it."""

    method: str
    path: str
    body: Mapping[str, Any] | None = None
    key: str | None = None


class World(Protocol):
    """A relay with one fresh community; `who` names its members."""

    @property
    def slug(self) -> str: ...
    @property
    def posts(self) -> list[str]: ...
    async def join(self, who: Who) -> None: ...
    async def connect(self, who: Who, device: int, after: int, known: Knowledge) -> Ear: ...
    async def drop(self, ear: Ear) -> None: ...
    async def send(self, ear: Ear, frame: bytes) -> None: ...
    async def call(self, who: Who, device: int, request: Request) -> tuple[str, Mapping[str, Any]]: ...
    async def staff(self, who: Who, act: Act) -> None: ...
    async def settled(self, ears: Mapping[Who, list[Ear]]) -> None: ...


@dataclass(slots=True)
class Party:
    """A member at the keyboard."""

    known: Knowledge = field(default_factory=Knowledge)
    ears: dict[int, Ear] = field(default_factory=dict)
    seen: dict[int, int] = field(default_factory=dict)

    def newest(self) -> int:
        """The highest seq that any device saw."""
        return max([0, *self.seen.values(), *(ear.seen for ear in self.ears.values())])


class Player:
    """One program in one world.

    `guesses` are written where HIGH is, and read where HIGH is not. `broken` names the acts that
    neither succeeded nor were refused.
    """

    def __init__(self, world: World, program: Program, guesses: Guesses, *, with_high: bool) -> None:
        self._world = world
        self._program = program
        self._guesses = guesses
        self._with_high = with_high
        self._parties = {who: Party() for who in MEMBERS if with_high or who is Who.LOW}
        self._view: list[str] = []
        self.broken: list[str] = []

    async def play(self) -> list[str]:
        """LOW's view, in order."""
        for who in (Who.HIGH, Who.LOW) if self._program.high_first else (Who.LOW, Who.HIGH):
            if who in self._parties:
                await self._world.join(who)
                await self._do(-1, Step(who, acts.Connect(0, 0)))
        await self._settle()
        beside: list[asyncio.Task[None]] = []
        for number, step in enumerate(self._program.steps):
            if step.who is Who.HIGH and not self._with_high:
                continue
            doing = asyncio.create_task(self._do(number, step))
            if step.beside:
                beside.append(doing)
            else:
                await asyncio.gather(doing, *beside)
                beside = []
                await self._settle()
        await asyncio.gather(*beside)
        await self._end()
        return self._view

    async def _end(self) -> None:
        """Whatever was changed behind LOW's back shows now: all items again, by each way, and the export."""
        for act in LAST_LOOKS:
            await self._do(-1, Step(Who.LOW, act))
            await self._settle()
        for party in self._parties.values():
            for ear in party.ears.values():
                await self._world.drop(ear)

    async def _settle(self) -> None:
        """Everything that is on its way has arrived."""
        parties = self._parties.items()
        await self._world.settled({who: [ear for ear in party.ears.values() if ear.is_open] for who, party in parties})
        low = self._parties[Who.LOW]
        for device, ear in sorted(low.ears.items()):
            self._view += [f"device {device}: {line}" for line in ear.take()]

    async def _do(self, number: int, step: Step) -> None:
        """What breaks is no answer to anybody; LOW sees that something did."""
        try:
            await self._done(number, step)
        except AssertionError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever a fault brings about
            self.broken.append(f"{step}: {error!r}")
            if step.who is not Who.HIGH:
                self._view.append(f"broken: {type(error).__name__}")

    async def _done(self, number: int, step: Step) -> None:
        match step.act:
            case acts.Call() | acts.Write() | acts.PressCall() | acts.AckCall() | acts.AppealCall():
                answer, shown = await self._world.call(step.who, step.act.device, self._request(number, step.who, step.act))
                self._parties[step.who].known.learn(shown)
                if step.who is Who.LOW:
                    self._view.append(f"answer: {answer}")
            case acts.Connect():
                await self._connect(step.who, step.act)
            case acts.Drop() | acts.Say() | acts.Flood() | acts.Press() | acts.Ack() | acts.Junk():
                ear = self._parties[step.who].ears.get(step.act.device)
                if ear is not None and ear.is_open:
                    await self._utter(number, step.who, step.act, ear)
            case _:
                await self._world.staff(step.who, step.act)

    async def _connect(self, who: Who, act: acts.Connect) -> None:
        party = self._parties[who]
        old = party.ears.get(act.device)
        if old is not None:
            await self._leave(who, act.device, old)
        after = max(0, party.seen.get(act.device, 0) - act.back)
        party.ears[act.device] = await self._world.connect(who, act.device, after, party.known)

    async def _leave(self, who: Who, device: int, ear: Ear) -> None:
        party = self._parties[who]
        party.seen[device] = max(party.seen.get(device, 0), ear.seen)
        if who is Who.LOW:
            self._view += [f"device {device}: {line}" for line in ear.take()]
        await self._world.drop(ear)
        ear.take()

    async def _utter(self, number: int, who: Who, act: Act, ear: Ear) -> None:
        match act:
            case acts.Drop(device):
                await self._leave(who, device, ear)
            case acts.Say(_, mark, text, answers):
                await self._ask(ear, self._sending(self._own(acts.MARKS[mark]), text, self._named(number, who, answers)))
            case acts.Flood(_, text, count):
                for n in range(count):
                    await self._ask(ear, self._sending(self._own(f"{number}.{n}"), text, None))
            case acts.Press(_, mark, post, button):
                named = self._named(number, who, post)
                mine = self._own(acts.MARKS[mark])
                frame = {"type": "press", "client_id": mine, "post": named, "button": acts.BUTTONS[button]}
                await self._ask(ear, orjson.dumps(frame))
            case acts.Ack(_, back, read):
                seq = max(0, ear.seen - back)
                acknowledged = orjson.dumps({"type": "read" if read else "ack", "seq": seq})
                await self._ask(ear, acknowledged, BEYOND, answers=1 + (seq > ear.seen))
            case acts.Junk(_, n):
                await self._ask(ear, acts.JUNK[n])

    async def _ask(self, ear: Ear, *frames: bytes, answers: int = 1) -> None:
        """Sends and waits for so many answers."""
        expected = ear.answers + answers
        for frame in frames:
            await self._world.send(ear, frame)
        await ear.until(lambda: ear.answers >= expected)

    def _sending(self, mark: str, text: int, answers: str | None) -> bytes:
        return orjson.dumps({"type": "send", "client_id": mark, "text": acts.TEXTS[text], "in_reply_to": answers})

    def _request(self, number: int, who: Who, act: Act) -> Request:
        match act:
            case acts.Call(_, ask):
                return Request(*ASKS[ask])
            case acts.Write(_, mark, text, answers, key):
                body = {"client_id": self._own(acts.MARKS[mark]), "text": acts.TEXTS[text]}
                if answers is not None:
                    body["in_reply_to"] = self._named(number, who, answers) or UNKNOWN
                return Request("POST", "/v1/me/messages", body, self._key(key))
            case acts.PressCall(_, post, button, key):
                body = {"post": self._named(number, who, post) or UNKNOWN, "button": acts.BUTTONS[button]}
                return Request("POST", "/v1/me/press", body, self._key(key))
            case acts.AppealCall(_, case, key):
                body = {"case": self._named(number, who, case) or UNKNOWN, "text": "Please look again"}
                return Request("POST", "/v1/me/appeals", body, self._key(key))
            case acts.AckCall(_, back, read):
                seq = max(0, self._parties[who].newest() - back)
                return Request("POST", "/v1/me/read" if read else "/v1/me/ack", {"seq": seq})
        raise AssertionError(act)

    def _own(self, mark: str) -> str:
        """A mark that no example before has used: only there do two members clash for the first time."""
        return f"{mark}-{self._world.slug}"

    def _key(self, key: int) -> str | None:
        drawn = acts.KEYS[key]
        return None if drawn is None else self._own(drawn)

    def _named(self, number: int, who: Who, ref: Ref | None) -> str | None:
        """The id that a member writes; LOW's guess at an id of HIGH's is the same where there is no HIGH."""
        if ref is None:
            return None
        if ref.of not in acts.THEIRS:
            return self._parties[who].known.find(ref)
        if who is Who.HIGH:
            return self._parties[Who.LOW].known.find(ref)
        posts = self._world.posts
        if self._with_high:
            guessed = self._parties[Who.HIGH].known.find(ref)
            self._guesses[number] = posts.index(guessed) if guessed in posts else guessed
        guess = self._guesses[number]
        return posts[guess] if isinstance(guess, int) else guess
