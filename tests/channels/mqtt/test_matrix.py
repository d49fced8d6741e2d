"""Every shape of topic, will and client id x who comes x version, on a real mosquitto as shipped, against the table in git.

After each step the relay's stream and the victims are asked: nobody got what is not theirs, nobody said what is not theirs to
say, and the victims are still there and hear what is for them, once.
"""

import tomllib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Final

import pytest

from relay.core.device import Device
from tests.channels.mqtt.town import Town, down, town, up
from tests.servers.mosquitto import Mosquitto
from tests.servers.mqtt_client import CUT, V5, V311, Client, Hello, Refused, Will

MATRIX: Final = tomllib.loads(Path(__file__).with_name("matrix.toml").read_text("utf-8"))
COLUMNS: Final = MATRIX["columns"].split()
SHAPES: Final[Mapping[str, Mapping[str, str]]] = {
    act: rows for act, rows in MATRIX.items() if act not in {"columns", "stories"}
}
LEAST: Final = 40  # shapes
NOBODY: Final = Hello("intruder", "intruder", "a guess")
REFUSED_FROM: Final = 0x80

ALLOWED, REFUSED, ENDED = "allowed", "refused", "ended"


@dataclass
class Stage:
    """A victim's device and a victim's key, the relay's stream, and who comes to disturb them."""

    here: Town
    version: int
    phone: Device = field(init=False)
    key: Device = field(init=False)
    stream: Client = field(init=False)
    device: Client = field(init=False)
    system: Client = field(init=False)
    hellos: dict[str, Hello] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)
    _marks: "count[int]" = field(default_factory=count)

    async def set(self) -> None:
        here = self.here
        victim, other = await here.member(), await here.member()
        phone, desk, stranger = await here.device(victim), await here.device(victim, "desk"), await here.device(other)
        self.phone, self.key, acting = phone, await here.key(), await here.key()
        devices = {"own": desk, "other": stranger, "key": acting}
        self.hellos = {name: here.hello(device, self.version) for name, device in devices.items()}
        self.hellos["nobody"] = Hello(NOBODY.client_id, NOBODY.user, NOBODY.password, self.version)
        self.ids = {name: device.subject for name, device in devices.items()} | {"nobody": "nobody"}
        self.stream = await here.stream()
        self.device = await here.connect(here.hello(phone, self.version))
        self.system = await here.connect(here.hello(self.key, self.version))
        assert await self.device.subscribe(down(phone)) == 1
        assert await self.system.subscribe(self.receipts) == 1

    @property
    def receipts(self) -> str:
        return f"relay/v1/c/bad/{self.key.subject}/receipts"

    def topic(self, shape: str, column: str) -> str:
        """What stands in braces, filled in."""
        victim = self.phone.subject
        names = {"victim": victim, "VICTIM": victim.upper(), "device": self.phone.user, "me": self.ids[column]}
        return shape.format(**names, key=self.key.subject, LONG="x" * 60_000)

    def mark(self) -> bytes:
        return f"mark {next(self._marks)} of {self.version}".encode()

    def permitted(self, column: str, topic: str) -> bool:
        """Whether who acts may hear it."""
        own = {"own": down(self.phone), "key": f"relay/v1/c/bad/{self.ids['key']}/receipts"}
        return topic == own.get(column)

    async def wrongs(self, column: str, intruder: Client | None) -> list[str]:
        """What is not as it was before, and what came where it does not belong."""
        for_device, for_system, said = self.mark(), self.mark(), self.mark()
        await self.stream.publish(down(self.phone), for_device)
        await self.stream.publish(self.receipts, for_system)
        await self.device.publish(up(self.phone), said)
        for each in (self.stream, self.device, self.system, *([intruder] if intruder else [])):
            await each.ping()
        found = [f"{name} was disturbed" for name, each in self.victims.items() if each.ended.is_set()]
        came = intruder.received if intruder else []
        found += [f"leaked {topic}" for topic, _ in came if not self.permitted(column, topic)]
        found += self._heard("device", self.device, [(down(self.phone), for_device)])
        found += self._heard("system", self.system, [(self.receipts, for_system)])
        found += self._heard("stream", self.stream, [(up(self.phone), said)])
        return found

    @property
    def victims(self) -> dict[str, Client]:
        return {"device": self.device, "system": self.system, "stream": self.stream}

    def _heard(self, name: str, client: Client, expected: list[tuple[str, bytes]]) -> list[str]:
        heard = list(client.received)
        client.received.clear()
        return [] if heard == expected else [f"{name} heard {heard} instead of {expected}"]

    async def reached(self, payload: bytes) -> bool:
        """Whether it came to anybody; takes it away."""
        found = False
        for each in self.victims.values():
            await each.ping()
            found |= any(said == payload for _, said in each.received)
            each.received[:] = [pair for pair in each.received if pair[1] != payload]
        return found


@dataclass
class Step:
    """One try: who acts, with what hello, on what topic."""

    stage: Stage
    hello: Hello
    topic: str
    payload: bytes
    client: Client | None = None

    async def come(self, hello: Hello | None = None) -> Client:
        """Raises Refused."""
        self.client = await self.stage.here.connect(hello or self.hello)
        return self.client

    async def outcome(self, code: int) -> str:
        """Of something that was said: what came of it counts, since 3.1.1 tells nobody that it was denied."""
        if code == CUT:
            return ENDED
        is_there = await self.stage.reached(self.payload)
        return ALLOWED if is_there else REFUSED


async def subscribe(step: Step) -> str:
    code = await (await step.come()).subscribe(step.topic)
    return ENDED if code == CUT else REFUSED if code >= REFUSED_FROM else ALLOWED


async def publish(step: Step) -> str:
    return await step.outcome(await (await step.come()).publish(step.topic, step.payload))


async def retain(step: Step) -> str:
    return await step.outcome(await (await step.come()).publish(step.topic, step.payload, retain=True))


async def alias(step: Step) -> str:
    """The second one says the alias alone."""
    client = await step.come()
    code = await client.publish(step.topic, step.payload, alias=1)
    if step.stage.version == V5 and code != CUT:
        await client.publish("", step.payload, alias=1)
    return await step.outcome(code)


async def will(step: Step, *, retain: bool = False) -> str:
    said = Will(step.topic, step.payload, retain)
    hello = step.hello
    client = await step.come(Hello(hello.client_id, hello.user, hello.password, hello.version, will=said))
    await client.drop()
    after = await step.come()  # the same client id: the broker is through with the one before
    await after.ping()
    return await step.outcome(0)


async def retained_will(step: Step) -> str:
    return await will(step, retain=True)


async def take_over(step: Step) -> str:
    hello = step.hello
    await step.come(Hello(step.topic, hello.user, hello.password, hello.version))
    return ALLOWED


ACTS: Final[dict[str, Callable[[Step], Awaitable[str]]]] = {
    act.__name__: act for act in (subscribe, publish, retain, alias, will, retained_will, take_over)
}


@pytest.fixture
async def here(mosquitto: Mosquitto, tmp_path: Path) -> AsyncIterator[Town]:
    async with town(mosquitto, tmp_path) as found:
        yield found


def test_there_are_enough_shapes_and_none_is_without_an_act() -> None:
    assert sum(map(len, SHAPES.values())) + len(MATRIX["stories"]) >= LEAST
    assert set(SHAPES) == set(ACTS)


@pytest.mark.parametrize("version", [V311, V5])
@pytest.mark.parametrize("act", SHAPES)
async def test_every_shape_ends_as_the_table_says(here: Town, act: str, version: int) -> None:
    stage = Stage(here, version)
    await stage.set()
    wrong = []

    for shape, row in SHAPES[act].items():
        for column, expected in zip(COLUMNS, row.split(), strict=True):
            step = Step(stage, stage.hellos[column], stage.topic(shape, column), stage.mark())
            try:
                found = await ACTS[act](step)
            except Refused:
                found = REFUSED
            wrong += [f"{act} {shape} by {column}: {found}, not {expected}"] * (found != expected)
            wrong += [f"{act} {shape} by {column}: {each}" for each in await stage.wrongs(column, step.client)]
            if step.client is not None:
                await step.client.close()

    assert wrong == []
