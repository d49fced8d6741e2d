"""Sessions that outlive a connection: whoever owns one, lost it or comes after them gets what is theirs and nothing else."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from relay.channels.mqtt import dynsec
from relay.channels.mqtt.access import Role, role_of
from relay.core.device import Device
from relay.core.member import Member
from tests.channels.mqtt.test_matrix import MATRIX
from tests.channels.mqtt.town import Town, down, town
from tests.servers.mosquitto import Mosquitto
from tests.servers.mqtt_client import V5, V311, Client, Hello, Refused

ITEM: Final = b"for the victim alone"
KEPT: Final = 3600  # seconds that a session is kept


@dataclass
class Stage:
    """A victim with a phone, and the relay's stream."""

    here: Town
    version: int
    member: Member
    phone: Device
    stream: Client

    def hello(self, device: Device, *, clean: bool = False) -> Hello:
        return self.here.hello(device, self.version, clean=clean, expiry=KEPT)

    async def leave_with_an_item(self) -> None:
        """The phone subscribes and goes offline, and something comes for it."""
        client = await self.here.connect(self.hello(self.phone))
        assert await client.subscribe(down(self.phone)) == 1
        await client.drop()
        await self.stream.publish(down(self.phone), ITEM)

    async def come(self, device: Device) -> Client:
        """With all that its session holds."""
        client = await self.here.connect(self.hello(device))
        await client.ping()
        return client

    async def is_refused(self, hello: Hello) -> bool:
        try:
            await self.here.connect(hello)
        except Refused:
            return True
        return False


async def stale_session(stage: Stage) -> None:
    stranger = await stage.here.device(await stage.here.member())
    own = stage.hello(stranger)
    await stage.leave_with_an_item()

    refused = await stage.is_refused(Hello(stage.phone.user, own.user, own.password, own.version, clean=False, expiry=KEPT))
    first = await stage.come(stage.phone)
    second = await stage.come(stage.phone)

    assert refused
    assert (first.had_session, first.received) == (True, [(down(stage.phone), ITEM)])
    assert second.received == []


async def reused_id(stage: Stage) -> None:
    await stage.leave_with_an_item()
    await stage.here.erase(stage.member)
    await stage.here.provision.purged()

    await stage.here.by_hand(dynsec.create_role(role_of(stage.phone)), dynsec.create_device(stage.phone, "another secret"))
    stage.here.secrets[stage.phone.user] = "another secret"
    heir = await stage.come(stage.phone)

    assert (heir.had_session, heir.received) == (False, [])


async def revoked_while_offline(stage: Stage) -> None:
    await stage.leave_with_an_item()

    await stage.here.revoke(stage.phone)
    await stage.here.provision.purged()
    refused = [await stage.is_refused(stage.hello(stage.phone, clean=clean)) for clean in (True, False)]

    assert refused == [True, True]
    stage.here.broker.stop()  # writes its sessions down
    assert ITEM not in b"".join(path.read_bytes() for path in (stage.here.broker.folder / "state").iterdir())


async def replaced_credential(stage: Stage) -> None:
    old = stage.hello(stage.phone)
    await stage.leave_with_an_item()

    new = await stage.here.device(stage.member)
    refused = await stage.is_refused(old)
    client = await stage.come(new)

    assert refused
    assert (client.had_session, client.received) == (False, [])


async def role_change(stage: Stage) -> None:
    await stage.leave_with_an_item()
    await (await stage.come(stage.phone)).drop()

    await stage.here.by_hand(dynsec.set_rules(Role(role_of(stage.phone).name, ())))
    await stage.stream.publish(down(stage.phone), b"after the change")
    client = await stage.come(stage.phone)
    await stage.stream.publish(down(stage.phone), b"while it is here")
    await client.ping()

    assert client.received == []


async def overlapping_subscriptions(stage: Stage) -> None:
    client = await stage.come(stage.phone)
    granted = [await client.subscribe(down(stage.phone), qos) for qos in (0, 1, 1)]

    await stage.stream.publish(down(stage.phone), ITEM)
    await client.ping()

    assert granted == [0, 1, 1]
    assert client.received == [(down(stage.phone), ITEM)]


async def clean_start(stage: Stage) -> None:
    desk = await stage.here.device(stage.member, "desk")
    await stage.leave_with_an_item()

    await stage.here.connect(stage.hello(desk, clean=True))
    phone = await stage.come(stage.phone)

    assert (phone.had_session, phone.received) == (True, [(down(stage.phone), ITEM)])


async def unsubscribing(stage: Stage) -> None:
    stranger = await stage.here.device(await stage.here.member())
    phone = await stage.come(stage.phone)
    await phone.subscribe(down(stage.phone))

    await (await stage.come(stranger)).unsubscribe(down(stage.phone))
    await stage.stream.publish(down(stage.phone), ITEM)
    await phone.ping()

    assert phone.received == [(down(stage.phone), ITEM)]


STORIES: Final[dict[str, Callable[[Stage], Awaitable[None]]]] = {
    story.__name__: story
    for story in (
        stale_session,
        reused_id,
        revoked_while_offline,
        replaced_credential,
        role_change,
        overlapping_subscriptions,
        clean_start,
        unsubscribing,
    )
}


@pytest.fixture
async def here(mosquitto: Mosquitto, tmp_path: Path) -> AsyncIterator[Town]:
    async with town(mosquitto, tmp_path) as found:
        yield found


@pytest.mark.parametrize("version", [V311, V5])
@pytest.mark.parametrize("story", MATRIX["stories"])
async def test_every_story_ends_as_the_table_says(here: Town, story: str, version: int) -> None:
    member = await here.member()
    stage = Stage(here, version, member, await here.device(member), await here.stream())

    await STORIES[story](stage)


def test_every_story_is_in_the_table() -> None:
    assert set(STORIES) == set(MATRIX["stories"])
