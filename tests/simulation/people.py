"""Members and staff: each asks until there is an answer, and finds out at once when what was promised is not so."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import orjson

from relay.core.community import Community
from relay.core.errors import Busy, Conflict, RelayError, SignedOut, TooMany, Unavailable
from relay.core.identity import token_digest
from relay.core.member import Address
from relay.core.post import Button, Draft
from relay.core.staff import Actor, Role
from relay.flows.enrol import Newcomer
from relay.flows.receive import Reply
from relay.ports import Also, SignedIn
from relay.web.idempotency import Attempt
from tests.simulation.device import Device, Lost
from tests.simulation.ledger import OneMember
from tests.simulation.life import Life
from tests.simulation.world import AGAIN, World

STAFF = tuple(Actor(name, name.title(), Role.MANAGER) for name in ("eva", "jan"))
PATIENCE = 6  # times that somebody asks again after "it does not fit the present state", until they give up


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a caller keeps of an answer: an id."""

    id: str


@dataclass(slots=True, eq=False)
class Person:
    """A member: what they said, and what the relay told them of it."""

    facts: OneMember
    token: str
    devices: list[Device]
    said: int = 0
    accepted: dict[str, str] = field(default_factory=dict)

    @property
    def is_gone(self) -> bool:
        return self.facts.is_erased

    def change_token(self, token: str) -> None:
        """The one before stops working."""
        self.token = token
        for device in self.devices:
            device.token, device.is_refused = token, False


class People:
    """Everybody outside the relay. Texts are marks: each is said once, by one person."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.draw = world.draw
        self.oracle = world.oracle
        self.communities: list[Community] = []
        self.members: list[Person] = []
        self.answered: dict[str, str] = {}
        """By Idempotency-Key: the id that was answered."""
        self._keys = 0
        self._numbers = 0

    # ------------------------------------------------------------------------------------------------------ callers

    async def signed(self, life: Life, token: str) -> SignedIn:
        """As the web's door does it. Raises SignedOut."""
        signed = await life.store.signed_in(token_digest(token), self.world.clock.now())
        if signed is None:
            raise SignedOut
        return signed

    async def once(self, by: Actor, work: Callable[[Life, Also[Any]], Awaitable[str]]) -> str:
        """Staff's request under an Idempotency-Key, repeated until it is answered; the id in the answer."""
        self._keys += 1
        key = f"key {self._keys}"
        refused = 0
        while True:
            try:
                id_ = await self.world.call(lambda life: self._remembered(life, by, key, work))
            except (Lost, Unavailable, Busy, TooMany):
                await asyncio.sleep(self.draw.choice(AGAIN))
            except Conflict:
                refused += 1
                if refused == PATIENCE:
                    raise
                await asyncio.sleep(self.draw.choice(AGAIN))
            else:
                self._is_kept(key, by, id_)
                if self.world.fates.happens(0.1):
                    continue
                return id_

    async def _remembered(self, life: Life, by: Actor, key: str, work: Callable[[Life, Also[Any]], Awaitable[str]]) -> str:
        attempt = Attempt(by.id, key, f"fingerprint of {key}", 202, ())
        earlier = await life.repeats.begin(attempt)
        if earlier is not None:
            return str(orjson.loads(earlier.body)["id"])
        try:
            return await work(life, attempt.also(self.world.clock, _receipt))
        finally:
            life.repeats.end(attempt)

    def _is_kept(self, key: str, by: Actor, id_: str) -> None:
        """Durable before acknowledged, and the same for ever."""
        if (by.id, key) not in self.oracle.remembered:
            self.world.turns.wrong(f"{key} was answered before its answer was stored")
        if self.answered.setdefault(key, id_) != id_:
            self.world.turns.wrong(f"{key} was answered with {self.answered[key]} and with {id_}")

    # ------------------------------------------------------------------------------------------------ who they are

    async def found(self, slug: str) -> None:
        made = Community(f"community-{slug}", slug, slug.title(), self.world.clock.now())
        with suppress(Conflict):
            await self.world.insist(lambda life: life.govern.found(STAFF[0], made))
        community = await self.world.insist(lambda life: life.store.community(slug))
        assert community is not None
        self.communities.append(community)

    async def enrol(self, community: Community) -> None:
        """Somebody opts in; some are reached on a platform, or on two."""
        self._numbers += 1
        number = self._numbers
        channels = self.draw.choice(((), ("push",), ("push",), ("mail", "push"), ("push", "mail")))
        newcomer = Newcomer(
            "counter", "3", name=f"name:{number}:", addresses=tuple(Address(each, f"{each}:{number}:") for each in channels)
        )
        try:
            welcome = await self.world.call(lambda life: life.enrol.add(STAFF[0], community, newcomer))
        except (Lost, RelayError):
            return  # whether they are in or not, nobody has their token
        facts = self.oracle.ledger.member_of(welcome.member.id)
        if facts is None:
            self.world.turns.wrong(f"{welcome.member.id} was welcomed before they were stored")
            return
        devices = [Device(10 * number + n, facts, welcome.token, self.world.turns, self.draw) for n in range(2)]
        self.members.append(Person(facts, welcome.token, devices))

    # -------------------------------------------------------------------------------------------------- what they say

    async def say(self, person: Person, text: str, in_reply_to: str | None) -> None:
        """Again and again under one client_id, by whatever way is open, until it is accepted or refused."""
        person.said += 1
        client_id = f"c{person.said}"
        while not person.is_gone:
            with suppress(Lost, Unavailable, TooMany):
                id_ = await self._said(person, client_id, text, in_reply_to)
                if id_ is None:
                    return
                self._is_stored(person, client_id, id_)
                if not self.world.fates.happens(0.2):
                    return
            await asyncio.sleep(self.draw.choice(AGAIN))

    async def _said(self, person: Person, client_id: str, text: str, in_reply_to: str | None) -> str | None:
        """The id it is stored under; None when it is refused."""
        device = self.draw.choice(person.devices)
        if device.is_connected and client_id not in device.sent and self.draw.random() < 0.6:
            frame = {"type": "send", "client_id": client_id, "text": text}
            answer = await device.send(frame if in_reply_to is None else {**frame, "in_reply_to": in_reply_to})
            if answer["type"] == "accepted":
                return str(answer["id"])
            if answer["problem"]["status"] in (429, 503):
                raise Unavailable
            return None
        channel = self.draw.choice(("web", *(each.channel for each in person.facts.addresses)))
        reply = Reply(text, channel, client_id, in_reply_to)
        try:
            return await self.world.call(lambda life: self._received(life, person, reply))
        except (Unavailable, TooMany):
            raise
        except RelayError:
            return None

    async def _received(self, life: Life, person: Person, reply: Reply) -> str:
        signed = await self.signed(life, person.token)
        stored = await life.receive.reply(signed, reply)
        if reply.channel != "web":
            await life.attempt.heard(signed.member.n, reply.channel)
        return stored.id

    def _is_stored(self, person: Person, client_id: str, id_: str) -> None:
        if id_ not in self.oracle.talks.messages and not person.is_gone:
            self.world.turns.wrong(f"{id_} of member {person.facts.n} was accepted before it was stored")
        if person.accepted.setdefault(client_id, id_) != id_:
            self.world.turns.wrong(f"{client_id} was accepted as {person.accepted[client_id]} and as {id_}")

    async def ask(self, person: Person, work: Callable[[Life, SignedIn], Awaitable[object]]) -> None:
        """A member's call that need not be repeated: whatever comes of it is right."""

        async def asked(life: Life) -> None:
            await work(life, await self.signed(life, person.token))

        with suppress(Lost, RelayError):
            await self.world.call(asked)

    async def renew(self, person: Person) -> None:
        """Staff hand out another token, which takes the place of the one before; if the answer is lost, nobody has it."""

        async def renew(life: Life) -> None:
            if (member := await life.store.member(person.facts.id)) is not None:
                person.change_token(await life.enrol.token(STAFF[0], member, ""))

        await self.do(renew)

    # ------------------------------------------------------------------------------------------------------ staff

    async def publish(self, community: Community, text: str, draft: dict[str, Any]) -> None:
        buttons = (Button("y", "Yes"), Button("n", "No"))

        async def work(life: Life, also: Also[Any]) -> str:
            return (await life.publish.post(community, Draft(text, buttons=buttons, **draft), STAFF[0], also)).id

        with suppress(RelayError):
            id_ = await self.once(STAFF[0], work)
            if self.oracle.ledger.post_of(id_) is None:
                self.world.turns.wrong(f"post {id_} was accepted before it was stored")

    async def erase(self, person: Person) -> None:
        """Whoever is told that somebody is erased can rely on it, whatever copy of the database comes back."""

        async def erase(life: Life) -> bool:
            member = await life.store.member(person.facts.id)
            if member is not None:
                await life.enrol.erase(STAFF[0].id, member)
            return member is not None

        with suppress(Lost, RelayError):
            if await self.world.call(erase) and person.facts.id not in {each.member for each in self.world.listed}:
                self.world.turns.wrong(f"member {person.facts.n} is said to be erased, and is not on the list")

    async def tell(self, work: Callable[[Life, Also[Any]], Awaitable[str]], by: Actor) -> None:
        """An answer, or the first word to a member."""
        with suppress(RelayError):
            id_ = await self.once(by, work)
            if id_ in self.oracle.talks.messages or id_ in self.oracle.talks.forgotten:
                return
            self.world.turns.wrong(f"{id_} was answered before it was stored")

    async def do(self, work: Callable[[Life], Any]) -> None:
        """What staff do that need not be repeated."""
        with suppress(Lost, RelayError):
            await self.world.call(work)


def _receipt(made: Any) -> Receipt:  # noqa: ANN401  posts, messages, states of cases
    return Receipt(getattr(made, "id", str(made)))
