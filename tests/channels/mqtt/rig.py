"""The channel in this process, with a real broker and a real store; whose turn it is and when the store answers, it is told."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, TypeVar, cast

from relay.bus import Bus
from relay.channels.mqtt.channel import Channel
from relay.channels.mqtt.company import Company
from relay.channels.mqtt.figures import Figures
from relay.channels.mqtt.inbox import Inbox
from relay.channels.mqtt.lines import Lines
from relay.channels.mqtt.link import Link, Terms
from relay.channels.mqtt.members import Doors, Members
from relay.channels.mqtt.outbox import Outbox
from relay.channels.mqtt.topics import FILTERS, FromCompany
from relay.channels.web.hub import Hub
from relay.channels.web.listen import Listener
from relay.channels.web.render import Accepted
from relay.core.change import Reached
from relay.core.community import Community
from relay.core.member import Member
from relay.core.rate import Buckets, Rate
from relay.ports import SignedIn, Store
from relay.stores.sqlite import SqliteStore
from tests.e2e.client import Signal
from tests.e2e.mqtt_device import Device
from tests.servers.plain_broker import RELAY, SECRET, PlainBroker
from tests.stores.conftest import World

PATIENCE = 20.0  # seconds; a test that waits longer has failed

T = TypeVar("T")


async def within(waiting: Awaitable[T]) -> T:
    try:
        async with asyncio.timeout(PATIENCE):
            return await waiting
    except TimeoutError:
        raise AssertionError("waited in vain") from None


class Gated:
    """A store of which single calls can be held up: `hold`, then `go` when they may go on."""

    def __init__(self, store: SqliteStore) -> None:
        self._store = store
        self._gates: dict[str, asyncio.Event] = {}
        self._came: dict[str, asyncio.Event] = {}

    def hold(self, name: str) -> asyncio.Event:
        """What it returns is set when such a call has come."""
        self._gates[name] = asyncio.Event()
        self._came[name] = asyncio.Event()
        return self._came[name]

    def go(self, name: str) -> None:
        self._gates.pop(name).set()

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  whatever the store has
        found, gate = getattr(self._store, name), self._gates.get(name)
        if gate is None:
            return found

        async def later(*given: Any) -> Any:  # noqa: ANN401
            self._came[name].set()
            await gate.wait()
            return await found(*given)

        return later


@dataclass
class Turns:
    """Whose turn it is; `is_kept` says that this process renews it."""

    ours: asyncio.Event = field(default_factory=asyncio.Event)
    over: asyncio.Event = field(default_factory=asyncio.Event)
    is_kept: asyncio.Event = field(default_factory=asyncio.Event)

    def give(self) -> None:
        self.over.clear()
        self.is_kept.clear()
        self.ours.set()

    def take(self) -> None:
        self.ours.clear()
        self.over.set()

    def is_sure(self) -> bool:
        return self.ours.is_set()

    async def wait(self) -> None:
        await self.ours.wait()

    async def keep(self) -> None:
        self.is_kept.set()
        await self.over.wait()

    async def end(self) -> None:
        """Nobody waits for it."""


@dataclass
class Rig:
    """`is_deaf`: it does not hear of what is committed."""

    broker: PlainBroker
    world: World
    gated: Gated
    community: Community
    channel: Channel
    turns: Turns
    heard: Signal = field(default_factory=Signal)
    is_deaf: bool = False
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)

    @property
    def hub(self) -> Hub:
        return self.channel.lines.hub

    async def speak(self) -> None:
        """It is its turn; returns when it is connected."""
        self.turns.give()
        await self.until(lambda: self.channel.link.why_away is None)

    async def be_silent(self) -> None:
        """It is another's turn; returns when it has noticed."""
        self.turns.take()
        await self.until(lambda: not self.channel.is_ours)

    async def device(self, member: Member | None = None) -> Device:
        """A member's, connected."""
        member = member or await self.world.member(self.community)
        device = Device(self.broker.port, member.id, self.broker.allow_member(member.id), self.heard)
        self._tasks.append(asyncio.create_task(device.run()))
        await device.connected()
        return device

    async def until(self, is_so: Callable[[], bool]) -> None:
        """It is, after what others do meanwhile."""

        async def look() -> None:
            while not is_so():  # noqa: ASYNC110 - nobody tells it
                await asyncio.sleep(0)

        await within(look())

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


async def _say(_: SignedIn, said: Any) -> Accepted:  # noqa: ANN401
    raise NotImplementedError


async def _post(_sender: FromCompany, _raw: bytes, _mark: str | None) -> bytes:
    return b"{}"


@asynccontextmanager
async def rig(broker: PlainBroker, folder: Path) -> AsyncIterator[Rig]:
    """The channel runs; it is not its turn yet."""
    bus = Bus()
    here: list[Rig] = []

    def announce(changes: Any, outcomes: Any) -> None:  # noqa: ANN401
        if not (here and here[0].is_deaf):
            bus.announce(changes, outcomes)

    store = await SqliteStore.open(folder / "relay.db", announce)
    world = World(store)
    await world.start_run()
    gated = Gated(store)
    asked = cast("Store", gated)
    turns = Turns()
    hub = Hub(asked, _reached)
    Listener(hub, bus)
    link = Link(Terms("127.0.0.1", broker.port, RELAY, FILTERS, RELAY, SECRET), Random(1), turns.is_sure)
    figures = Figures()
    outbox = Outbox(link, figures, wait=0.01)
    lines = Lines(asked, hub, outbox)
    members = Members(asked, world.clock, lines, Doors(_say, _say), Buckets(Rate(10, 1)))
    inbox = link.handler = Inbox(link, outbox, lines, members, Company(_post), figures, lambda: False)
    channel = Channel(link, lines, inbox, turns)
    found = Rig(broker, world, gated, await world.community(), channel, turns)
    here.append(found)
    found._tasks += [asyncio.create_task(channel.run()), asyncio.create_task(hub.run())]  # noqa: SLF001
    try:
        yield found
    finally:
        await found.stop()
        await hub.close()
        await store.close()


def _reached(_: Reached) -> None:
    """How far members are is nobody's business here."""
