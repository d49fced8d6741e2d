"""A town whose members are on MQTT: a relay, a broker, and everybody's devices; fixtures for the tests of them."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import aiomqtt
import pytest

from tests.e2e.cast import Cast
from tests.e2e.conftest import unlimited
from tests.e2e.mqtt_device import V5, Device
from tests.e2e.server import Server, within
from tests.servers.plain_broker import PlainBroker, in_memory

WORDS_ALONE = {"RELAY_PLUGINS__WORDS": "{}"}  # a crowd of one machine says much at once, and nearly the same
MOST = "max_packet_size 69632"  # as it is shipped
START_S = 30.0  # until a relay is ready beside a broker and a crowd; the promise is held elsewhere


@dataclass
class Town:
    """A relay, a broker, and who is there."""

    server: Server
    broker: PlainBroker
    cast: Cast
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)

    async def member(self) -> tuple[str, str]:
        """Id and secret of a new one who is on nothing yet."""
        body = {"consent": {"source": "desk", "text_version": "1"}}
        found = await self.cast.owner.want(201, "POST", "/v1/communities/pool/members", body)
        return found["id"], self.broker.allow_member(found["id"])

    async def members(self, count: int) -> list[tuple[str, str]]:
        """The same for many."""
        body = {"consent": {"source": "desk", "text_version": "1"}}
        path = "/v1/communities/pool/members"
        found = await asyncio.gather(*(self.cast.owner.want(201, "POST", path, body) for _ in range(count)))
        ids = [each["id"] for each in found]
        return list(zip(ids, self.broker.allow_members(ids), strict=True))

    async def device(self, version: aiomqtt.ProtocolVersion = V5) -> Device:
        """A new member's device, connected."""
        member, secret = await self.member()
        device = Device(self.broker.port, member, secret, self.cast.heard, version=version)
        self.start(device)
        await device.connected()
        return device

    def start(self, device: Device) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(device.run(), name=device.user)
        self._tasks.append(task)
        return task

    async def stop(self, *tasks: asyncio.Task[None]) -> None:
        for task in tasks or self._tasks:
            task.cancel()
        await asyncio.gather(*(tasks or self._tasks), return_exceptions=True)

    async def metric(self, name: str) -> float:
        """Its value now, 0 before there is one; labels belong to the name."""
        async with self.cast.http.get(self.server.url + "/metrics") as answer:
            lines = (await answer.text()).splitlines()
        return next((float(line.rpartition(" ")[2]) for line in lines if line.startswith(f"{name} ")), 0.0)

    async def until_metric(self, name: str, value: float) -> None:
        """It is that much, or none when 0 is waited for."""
        async with within(20, f"{name} is {value}"):
            while (found := await self.metric(name)) < value or (found and not value):
                pass


@pytest.fixture
def broker(require: Callable[[str], Path]) -> Iterator[PlainBroker]:
    with in_memory(require, MOST) as server:
        yield server


@pytest.fixture
async def town(
    tmp_path: Path, engine: Mapping[str, str], http: aiohttp.ClientSession, broker: PlainBroker
) -> AsyncIterator[Town]:
    server = Server(tmp_path / "data", {**engine, **broker.settings, **WORDS_ALONE, **unlimited("staff", "member", "visitor")})
    server.ready_s = START_S
    try:
        await server.start()
        async with Cast(http, server) as cast:
            await cast.found("pool")
            town = Town(server, broker, cast)
            await town.until_metric("relay_mqtt_connected", 1)
            yield town
            await town.stop()
    finally:
        await server.kill()
