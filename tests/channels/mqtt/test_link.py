"""The link against a real broker: nothing counts as sent that was denied, nothing is lost that was not settled."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import aiomqtt
import pytest

from relay.channels.mqtt import link as link_module
from relay.channels.mqtt.gathered import CHUNK
from relay.channels.mqtt.link import Client, Link, LinkError, Terms
from relay.channels.mqtt.parcel import Arrival, Fate
from relay.channels.mqtt.selftest import check_library
from relay.channels.mqtt.topics import FILTERS, down
from relay.channels.mqtt.visit import purge
from tests.channels.mqtt.rig import within
from tests.servers.plain_broker import RELAY, SECRET, PlainBroker, running

ACK_AT_ONCE = 500  # messages that the broker has, and nobody has looked at

CONNACK = bytes.fromhex("2003000000")
TAKEN_OVER = bytes.fromhex("e0028e00")  # a DISCONNECT that says so


@dataclass
class Ear:
    """Writes down what the link tells."""

    link: Link
    arrivals: asyncio.Queue[Arrival] = field(default_factory=asyncio.Queue)
    comings: asyncio.Queue[None] = field(default_factory=asyncio.Queue)
    goings: asyncio.Queue[None] = field(default_factory=asyncio.Queue)
    room: asyncio.Event = field(default_factory=asyncio.Event)

    def arrived(self, arrival: Arrival) -> None:
        self.arrivals.put_nowait(arrival)

    def came(self) -> None:
        self.comings.put_nowait(None)

    def went(self) -> None:
        self.goings.put_nowait(None)

    def has_room(self) -> None:
        self.room.set()

    async def room_for(self, count: int) -> None:
        while self.link.room < count:
            self.room.clear()
            await self.room.wait()

    async def publish(self, topic: str, payload: bytes = b"x") -> Fate:
        fate: asyncio.Future[Fate] = asyncio.get_running_loop().create_future()
        assert self.link.publish(topic, payload, fate.set_result)
        return await within(fate)


def terms(broker: PlainBroker) -> Terms:
    return Terms("127.0.0.1", broker.port, RELAY, FILTERS, RELAY, SECRET)


@asynccontextmanager
async def linked(broker: PlainBroker) -> AsyncIterator[Ear]:
    """A link that is connected."""
    link = Link(terms(broker), Random(1))
    ear = link.handler = Ear(link)
    task = asyncio.create_task(link.run())
    try:
        await within(ear.comings.get())
        yield ear
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@asynccontextmanager
async def member(broker: PlainBroker, name: str, secret: str, **more: object) -> AsyncIterator[aiomqtt.Client]:
    user = f"{name}.phone"
    options: dict[str, object] = {"protocol": aiomqtt.ProtocolVersion.V5, **more}
    async with aiomqtt.Client("127.0.0.1", broker.port, username=user, password=secret, identifier=user, **options) as client:  # type: ignore[arg-type]
        yield client


async def test_the_installed_library_has_what_the_link_rests_on() -> None:
    check_library()


class Hasty(Client):
    """Acknowledges what arrives by itself."""

    def __init__(self, *given: Any) -> None:  # noqa: ANN401  as of Client
        super().__init__(*given)
        self.library.manual_ack_set(on=False)


class Mute(Client):
    """Acknowledges nothing."""

    def acknowledge(self, mid: int) -> None:
        """Nothing happens."""


class Cheerful(Client):
    """Takes every PUBACK for a good one."""

    def _on_publish(self, client: object, userdata: object, mid: int, *_: object) -> None:
        self._answered(mid, 0)


class Forgetful(Client):
    """Does not look at what a CONNACK says."""

    def _on_connect(self, *_: object) -> None:
        """Nothing happens."""


class Older(Client):
    """Its library has no such function."""

    def send(self, topic: str, payload: bytes, properties: object = None) -> int | None:
        return self.library.publish_at_once(topic, payload)  # type: ignore[attr-defined,no-any-return]


@pytest.mark.parametrize(
    ("kind", "what"),
    [
        (Hasty, "acknowledged before it was handled"),
        (Mute, "acknowledges nothing"),
        (Cheerful, "reason code of a PUBACK"),
        (Forgetful, "what a CONNACK says"),
        (Older, "publish_at_once"),
    ],
)
async def test_a_library_that_lost_it_is_named(kind: type[Client], what: str) -> None:
    with pytest.raises(LinkError, match=what):
        check_library(kind)


async def test_what_is_published_ends_in_what_the_broker_says(broker: PlainBroker) -> None:
    secret = broker.allow_member("ada")

    async with linked(broker) as ear:
        unheard = await ear.publish(down("ada"))
        async with member(broker, "ada", secret) as ada:
            await ada.subscribe(down("ada"), 1)
            heard = await ear.publish(down("ada"), b"hello")
            message = await within(anext(aiter(ada.messages)))
        denied = await ear.publish("somewhere/else")

    assert [unheard, heard, denied] == [Fate.NOBODY, Fate.SENT, Fate.DENIED]
    assert (message.payload, message.qos, message.retain) == (b"hello", 1, False)


async def test_what_was_not_settled_comes_again_and_what_was_does_not(broker: PlainBroker) -> None:
    secret = broker.allow_member("ada")
    async with linked(broker):
        pass  # the session is there
    async with member(broker, "ada", secret) as ada:
        for number in range(ACK_AT_ONCE):
            await ada.publish("relay/v1/m/ada/up", b"%d" % number, qos=1)

    async with linked(broker) as ear:
        first = [await within(ear.arrivals.get()) for _ in range(ACK_AT_ONCE)]
        for arrival in first[:200]:
            ear.link.settle(arrival)
        await ear.publish(down("ada"))  # what goes out behind the acknowledgements has arrived behind them
    async with linked(broker) as ear:
        again = [await within(ear.arrivals.get()) for _ in range(ACK_AT_ONCE - 200)]

    assert [arrival.payload for arrival in first] == [b"%d" % number for number in range(ACK_AT_ONCE)]
    assert [arrival.payload for arrival in again] == [b"%d" % number for number in range(200, ACK_AT_ONCE)]


async def test_acknowledgements_go_out_in_the_order_of_arrival(broker: PlainBroker) -> None:
    secret = broker.allow_member("ada")
    async with linked(broker) as ear:
        async with member(broker, "ada", secret) as ada:
            for number in range(3):
                await ada.publish("relay/v1/m/ada/up", b"%d" % number, qos=1)
        first, second, third = [await within(ear.arrivals.get()) for _ in range(3)]
        ear.link.settle(third)
        ear.link.settle(second)
        await ear.publish(down("ada"))
    async with linked(broker) as ear:
        again = [await within(ear.arrivals.get()) for _ in range(3)]

    assert [arrival.payload for arrival in again] == [b"0", b"1", b"2"]
    assert not first.is_handled


async def test_it_comes_back_to_a_broker_that_was_killed_and_one_that_lost_its_disk(broker: PlainBroker) -> None:
    secret = broker.allow_member("ada")

    async with linked(broker) as ear:
        lost: asyncio.Future[Fate] = asyncio.get_running_loop().create_future()
        broker.pause()
        ear.link.publish(down("ada"), b"x", lost.set_result)
        broker.kill()
        fate = await within(lost)
        await within(ear.goings.get())
        why = ear.link.why_away
        broker.start()
        await within(ear.comings.get())
        broker.kill()
        broker.lose_disk()
        broker.start()
        await within(ear.comings.get())
        async with member(broker, "ada", secret) as ada:
            await ada.publish("relay/v1/m/ada/up", b"again", qos=1)
        arrival = await within(ear.arrivals.get())

    assert fate is Fate.LOST
    assert why is not None
    assert arrival.payload == b"again"


async def test_a_broker_that_refuses_the_relay_is_named(broker: PlainBroker) -> None:
    link = Link(Terms("127.0.0.1", broker.port, RELAY, FILTERS, RELAY, "wrong"), Random(1))

    why = await within(link._stay())  # noqa: SLF001 - one connection alone

    assert "refuses the relay" in why
    assert link.is_refused


async def test_a_broker_that_gives_no_qos_1_is_named(require: Callable[[str], Path], tmp_path: Path) -> None:
    with running(require, tmp_path / "poor", "max_qos 0") as broker:
        link = Link(terms(broker), Random(1))

        why = await within(link._stay())  # noqa: SLF001 - one connection alone

    assert "relay/v1/m/+/up with QoS 1" in why
    assert not link.is_refused


async def test_who_takes_over_the_session_is_named_and_nothing_connects_out_of_turn(broker: PlainBroker) -> None:
    turn = [True]
    link = Link(terms(broker), Random(1), lambda: turn[0])
    ear = link.handler = Ear(link)
    task = asyncio.create_task(link.run())
    await within(ear.comings.get())
    turn[0] = False

    async with linked(broker) as other:
        await within(ear.goings.get())
        await asyncio.sleep(0)
        why = link.why_away
        fate = await other.publish(down("ada"))
        assert other.goings.empty()
    task.cancel()

    assert why in {"another took over the session", "the connection to the broker was lost"}  # older brokers do not say it
    assert fate is Fate.NOBODY


async def test_a_purged_session_holds_nothing(broker: PlainBroker) -> None:
    secret = broker.allow_member("ada")
    async with linked(broker):
        pass
    async with member(broker, "ada", secret) as ada:
        await ada.publish("relay/v1/m/ada/up", b"old", qos=1)

    await purge(terms(broker))

    async with linked(broker) as ear, member(broker, "ada", secret) as ada:
        await ada.publish("relay/v1/m/ada/up", b"new", qos=1)
        arrival = await within(ear.arrivals.get())
    assert arrival.payload == b"new"


async def test_no_more_is_under_way_than_the_broker_asks_for(require: Callable[[str], Path], tmp_path: Path) -> None:
    with running(require, tmp_path / "small", "max_inflight_messages 5") as broker:
        async with linked(broker) as ear:
            fates: list[Fate] = []
            taken = [ear.link.publish(down("ada"), b"x", fates.append) for _ in range(7)]
            await within(ear.room_for(5))

    assert taken == [True] * 5 + [False] * 2
    assert len(fates) == 5


async def test_what_is_larger_than_the_broker_takes_is_denied_and_ends_no_connection(
    require: Callable[[str], Path], tmp_path: Path
) -> None:
    with running(require, tmp_path / "tight", "max_packet_size 2000") as broker:
        secret = broker.allow_member("ada")
        async with linked(broker) as ear, member(broker, "ada", secret) as ada:
            await ada.subscribe(down("ada"), 1)
            room = 2000 - link_module.size_of(down("ada"), b"")
            fates = [await ear.publish(down("ada"), b"z" * size) for size in (room + 1, room, 1)]
            connections = ear.link.connections

    assert fates == [Fate.DENIED, Fate.SENT, Fate.SENT]
    assert connections == 1


async def test_a_connection_that_ends_right_behind_its_beginning_is_noticed() -> None:
    """As when another takes over: all that the broker says may come in one read."""
    come = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(CONNACK + TAKEN_OVER)
        await writer.drain()
        writer.close()
        come.set()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        link = Link(Terms("127.0.0.1", server.sockets[0].getsockname()[1], RELAY, ()), Random(1))
        why = await within(link._stay())  # noqa: SLF001 - one connection alone

    assert come.is_set()
    assert why == "another took over the session"


async def test_a_message_of_any_size_is_read_whole_and_one_beyond_the_limit_stays_away(broker: PlainBroker) -> None:
    secret = broker.allow_member("ada")
    sizes = [0, 1, 100, CHUNK - 1, CHUNK, 3 * CHUNK + 7, 500_000]

    async with linked(broker) as ear:
        async with member(broker, "ada", secret) as ada:
            for size in (*sizes, link_module.LARGEST_PACKET + 1, 3):
                await ada.publish("relay/v1/m/ada/up", b"z" * size, qos=1)
        found = [len((await within(ear.arrivals.get())).payload) for _ in range(len(sizes) + 1)]

    assert found == [*sizes, 3]


async def test_a_link_that_is_ended_while_it_connects_ends_also_when_that_fails() -> None:
    came: asyncio.Future[asyncio.StreamWriter] = asyncio.get_running_loop().create_future()
    server = await asyncio.start_server(lambda _, writer: came.set_result(writer), "127.0.0.1")
    port = server.sockets[0].getsockname()[1]
    task = asyncio.create_task(Link(Terms("127.0.0.1", port, "x", ()), Random(1)).run())
    silent = await within(came)

    task.cancel()
    silent.close()
    server.close()

    with pytest.raises(asyncio.CancelledError):
        await within(task)
