"""A broker, a ledger and the one who keeps them alike: members with devices, keys, and the relay's own stream at the broker."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random

from relay.bus import Bus
from relay.channels.mqtt import dynsec
from relay.channels.mqtt.access import ADMIN, CONTROL, RESPONSE, STREAM
from relay.channels.mqtt.bootstrap import Access
from relay.channels.mqtt.dynsec_file import DynsecFile
from relay.channels.mqtt.provision import Draws, Ledger, Provision
from relay.channels.mqtt.turn import Always
from relay.compose.broker import CHANGES
from relay.core.change import AddKey, Erase, RevokeTokens
from relay.core.device import SALT_BYTES, AddDevice, Device, DropDevices, hashed
from relay.core.member import Member
from relay.core.staff import Key, Token, TokenKind
from relay.ports import Paging
from relay.stores.sqlite import SqliteStore
from relay.testing.clock import ManualClock, drawn_tokens
from tests.servers.mosquitto import Mosquitto
from tests.servers.mqtt_client import V5, Client, Hello, Refused
from tests.stores.conftest import World

PATIENCE = 20.0  # seconds until a test that waits gives up


def no_salts() -> bytes:
    return b"s" * SALT_BYTES


@dataclass
class Town:
    """`broker` as it is shipped; `world` to fill the ledger; `provision` at work."""

    broker: Mosquitto
    store: SqliteStore
    bus: Bus
    world: World
    file: DynsecFile | None = None
    provision: Provision = field(init=False)
    secrets: dict[str, str] = field(default_factory=dict)
    _task: asyncio.Task[None] | None = None
    _open: list[Client] = field(default_factory=list)
    _secret = staticmethod(drawn_tokens("devices"))

    def __post_init__(self) -> None:
        self.provision = self._new()
        for change in CHANGES:
            self.bus.on(change, self._heard)

    def _new(self) -> Provision:
        port, secret = self.broker.port, self.broker.secret
        access = Access("127.0.0.1", port, secret(ADMIN), secret(STREAM), secret())
        draws = Draws(self.world.ids, no_salts, Random(1))
        return Provision(Ledger(self.store, self.world.clock, Always()), access, self.file, draws)

    def _heard(self, change: object, outcome: object) -> None:
        self.provision.heard(change, outcome)

    # ------------------------------------------------------------------------------------------------- the relay's side

    async def start(self) -> None:
        self._task = asyncio.create_task(self.provision.run())
        await self.compared()

    async def compared(self) -> None:
        """Returns when the broker is there and has what it shall have."""
        await self.provision.until(lambda: self.provision.is_even, PATIENCE)

    async def asked_for_restart(self) -> None:
        await self.provision.until(lambda: self.provision.waits_for_restart, PATIENCE)

    async def lose_broker(self) -> None:
        """Kill -9; returns when the relay has noticed."""
        self.broker.kill()
        await self.provision.until(lambda: self.provision.why_away is not None, PATIENCE)

    async def restart_broker(self) -> None:
        """As an operator does; returns when all is as it shall be."""
        self.broker.stop()
        await self.provision.until(lambda: self.provision.why_away is not None, PATIENCE)
        self.broker.start()
        await self.compared()

    async def stop(self) -> None:
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def begin_anew(self) -> None:
        """As a relay that is started again: nothing in memory is left."""
        await self.stop()
        self.provision = self._new()
        await self.start()

    async def is_up_after_beginning_anew(self) -> bool:
        """Whether the broker has outlived it."""
        await self.stop()
        self.provision = self._new()
        self._task = asyncio.create_task(self.provision.run())
        await self.provision.until(lambda: self.provision.is_even or not self.broker.is_up, PATIENCE)
        return self.broker.is_up

    async def close(self) -> None:
        for client in self._open:
            await client.drop()
        await self.stop()

    async def by_hand(self, *commands: dynsec.Command) -> list[dynsec.Plain]:
        """As an operator with the administrator's secret; what the broker answers."""
        client = await self.connect(Hello("by-hand", ADMIN, self.broker.secret(ADMIN)))
        assert await client.subscribe(RESPONSE) == 1
        marks = [str(number) for number in range(len(commands))]
        await client.publish(CONTROL, dynsec.request(commands, marks))
        ((_, answer),) = await client.heard()
        return list(dynsec.answers(answer).values())

    # ---------------------------------------------------------------------------------------------------------- people

    async def member(self) -> Member:
        found = await self.store.community("bad")
        return await self.world.member(found or await self.world.community())

    async def device(self, member: Member, name: str = "phone", *, is_made: bool = True, waits: bool = True) -> Device:
        """In the ledger, and at the broker if `is_made`, when this returns if it `waits`."""
        return await self._device(member.id, name, TokenKind.MEMBER, is_made=is_made, waits=waits)

    async def key(self) -> Device:
        now = self.world.clock.now()
        key = Key(self.world.ids(), "shop", ("posts:write",), "eva", now)
        await self.store.commit(AddKey(key, Token(self.world.ids(), TokenKind.KEY, f"digest of {key.id}", key.id, now)))
        return await self._device(key.id, "", TokenKind.KEY, is_made=True)

    async def _device(self, subject: str, name: str, kind: TokenKind, *, is_made: bool, waits: bool = True) -> Device:
        secret = self._secret()
        device = Device(self.world.ids(), kind, subject, name, hashed(secret, no_salts()), self.world.clock.now())
        if is_made:
            device = replace(device, sealed=self.provision.seal(secret, device.id))
        await self.store.commit(AddDevice(device))
        self.secrets[device.user] = secret
        if is_made and waits:
            await self.provision.settled(subject)
        return device

    async def revoke(self, device: Device) -> None:
        await self.store.commit(RevokeTokens(device.kind, device.subject, self.world.clock.now(), device.name))

    async def forget_devices(self) -> None:
        """The ledger is an older copy, that knows of none."""
        page = await self.store.devices(self.world.clock.now(), Paging())
        await self.store.commit(DropDevices(tuple(device.id for device in page.items)))

    async def erase(self, member: Member) -> None:
        await self.store.commit(Erase(member.n, member.id, self.world.clock.now()))

    # ------------------------------------------------------------------------------------------------ who comes to it

    def hello(self, device: Device, version: int = V5, *, clean: bool = True, expiry: int = 0) -> Hello:
        """With its own credential."""
        return Hello(device.user, device.user, self.secrets[device.user], version, clean, expiry)

    async def connect(self, hello: Hello) -> Client:
        """Ended with the test. Raises Refused."""
        client = await Client.open(self.broker.port, hello)
        self._open.append(client)
        return client

    async def lets_in(self, device: Device) -> bool:
        try:
            await self.connect(self.hello(device))
        except Refused:
            return False
        return True

    async def stream(self) -> Client:
        """The relay's own, subscribed to all that members and systems send."""
        client = await self.connect(Hello(STREAM, STREAM, self.broker.secret(STREAM)))
        assert [await client.subscribe(topic) for topic in ("relay/v1/m/+/up", "relay/v1/c/+/+/posts")] == [1, 1]
        return client


def up(device: Device) -> str:
    return f"relay/v1/m/{device.subject}/up"


def down(device: Device) -> str:
    return f"relay/v1/m/{device.subject}/down"


@asynccontextmanager
async def town(broker: Mosquitto, folder: Path, *, has_file: bool = True) -> AsyncIterator[Town]:
    """With the provisioning at work."""
    bus = Bus()
    store = await SqliteStore.open(folder / "relay.db", bus.announce)
    here = Town(broker, store, bus, World(store, clock=ManualClock()), DynsecFile(broker.dynsec_file) if has_file else None)
    try:
        await here.start()
        yield here
    finally:
        await here.close()
        await store.close()
