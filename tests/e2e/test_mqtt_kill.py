"""kill -9 of the broker, which comes back with its data or empty, and of the relay, both ways: nothing lost, nothing twice."""

import asyncio
import json
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from random import Random

import aiohttp
import aiomqtt

from tests.e2e.client import Json
from tests.e2e.mqtt_device import V5, V311, Device
from tests.e2e.mqtt_town import Town, broker, town
from tests.e2e.server import within

__all__ = ["broker", "town"]

END_S = 120.0  # until everything has arrived after the last kill
UNHANDLED = 500  # replies that the broker acknowledged and the relay never saw
WRITERS = 20
DEVICES, POSTS = (50, 200), (100, 500)  # quick, long: 5,000 and 100,000 deliveries
REPLIES = (300, 5000)
KILLS = (2, 20)  # of each
WHICH = ("broker", "empty broker", "relay")
ACCEPTED = 202


async def crowd(town: Town, count: int) -> list[Device]:
    """Devices of so many members, connected, every third with MQTT 3.1.1."""
    found = [
        Device(town.broker.port, member, secret, town.cast.heard, version=V311 if number % 3 == 0 else V5)
        for number, (member, secret) in enumerate(await town.members(count))
    ]
    for device in found:
        town.start(device)
    for device in found:
        await device.connected()
    return found


async def strike(town: Town, which: str) -> None:
    """One of three ends, and comes back."""
    match which:
        case "relay":
            await town.server.kill()
            await town.server.start()
        case _:
            town.broker.kill()
            if which == "empty broker":
                town.broker.lose_disk()
            town.broker.start()


async def post_all(town: Town, numbers: range) -> None:
    """Each until it is accepted."""
    for number in numbers:
        status = 0
        while status != ACCEPTED:
            await town.server.up.wait()
            with suppress(aiohttp.ClientError, OSError):
                body = {"text": str(number)}
                status = (await town.cast.owner.ask("POST", "/v1/communities/pool/posts", body, key=f"p{number}")).status


def part(of: int, number: int, parts: int) -> range:
    return range(number * of // parts, (number + 1) * of // parts)


async def test_kills_lose_nothing_and_repeat_nothing(town: Town, seed: int, size: Callable[[int, int], int]) -> None:
    random = Random(seed)
    posts, replies, ends = size(*POSTS), size(*REPLIES), list(WHICH * size(*KILLS))
    random.shuffle(ends)
    devices = await crowd(town, size(*DEVICES))
    said = Counter(devices[number % len(devices)].member for number in range(replies))
    talk = []

    def heard() -> int:
        return sum(len(device.items) for device in devices)

    for kill, which in enumerate(ends):
        ours, theirs = part(posts, kill, len(ends)), part(replies, kill, len(ends))
        talk.append(asyncio.create_task(post_all(town, ours)))
        talk += [asyncio.create_task(devices[each % len(devices)].send(f"r{each}", f"reply {each}")) for each in theirs]
        goal = random.randrange(heard(), len(devices) * ours.stop + theirs.stop)  # of what can have come until now
        await town.cast.heard.until(lambda goal=goal: heard() > goal, END_S)  # type: ignore[misc]
        await strike(town, which)
    await asyncio.gather(*talk)
    expected = {device.member: posts + said[device.member] for device in devices}
    await town.cast.heard.until(
        lambda: all(device.is_quiet and len(device.items) >= expected[device.member] for device in devices), END_S
    )

    assert [fault for device in devices for fault in device.faults] == []
    for device in devices:
        assert [item["seq"] for item in device.items] == list(range(1, expected[device.member] + 1))
        texts = Counter(item["text"] for item in device.items if item["from"]["role"] == "company")
        assert texts == Counter(map(str, range(posts)))
    assert await _stored(town) == Counter(f"reply {number}" for number in range(replies))
    await _delivered(town, posts, len(devices))


async def _stored(town: Town) -> Counter[str]:
    """The texts of all replies."""
    threads: list[Json] = await town.cast.threads("pool")
    return Counter(message["text"] for thread in threads for message in thread["messages"])


async def _delivered(town: Town, posts: int, members: int) -> None:
    """The ledger says what the devices say."""
    found = [post async for post in town.cast.owner.all("/v1/communities/pool/posts")]
    assert len(found) == posts
    for post in found:
        await town.cast.owner.until(f"/v1/posts/{post['id']}", lambda seen: seen["counts"]["delivered"] == members)


async def test_replies_that_the_broker_acknowledged_before_anybody_saw_them_are_not_lost(town: Town) -> None:
    people = await town.members(WRITERS)
    await town.server.kill()

    async def write(member: str, secret: str) -> None:
        user = f"{member}.phone"
        async with aiomqtt.Client(
            "127.0.0.1", town.broker.port, identifier=user, username=user, password=secret, protocol=V5
        ) as client:
            for number in range(UNHANDLED // WRITERS):
                frame = {"type": "send", "client_id": str(number), "text": f"{member} {number}"}
                await client.publish(f"relay/v1/m/{member}/up", json.dumps(frame), qos=1)

    await asyncio.gather(*(write(member, secret) for member, secret in people))
    await town.server.start()
    await town.until_metric("relay_mqtt_in", UNHANDLED // 4)
    await town.server.kill()  # in the middle of them
    await town.server.start()
    async with within(END_S, "all of them are stored"):
        while sum((found := await _stored(town)).values()) < UNHANDLED:
            pass

    assert found == Counter({f"{member} {number}": 1 for member, _ in people for number in range(UNHANDLED // WRITERS)})


async def test_the_relay_sends_again_by_itself_what_a_broker_lost(town: Town) -> None:
    ada = await town.device()
    await town.cast.post("pool", "One")
    await ada.item(1)
    await town.stop()  # the broker keeps her session
    town.broker.stop()
    town.broker.remember()
    town.broker.start()
    await town.cast.post("pool", "Two")
    await town.until_metric("relay_mqtt_out", 2)

    town.broker.kill()
    town.broker.go_back()
    town.broker.start()
    await town.until_metric("relay_mqtt_resent", 1)
    quiet = {"identifier": ada.user, "username": ada.user, "password": ada.secret, "protocol": V311, "clean_session": False}
    async with aiomqtt.Client("127.0.0.1", town.broker.port, **quiet) as client, within(END_S, "what was lost"):  # type: ignore[arg-type]
        message = await anext(aiter(client.messages))

    assert json.loads(message.payload)["text"] == "Two"


async def test_a_broker_whose_disk_is_full_keeps_nothing_and_the_relay_all(town: Town) -> None:
    ada = await town.device()
    await town.cast.post("pool", "before")
    await ada.item(1)

    town.broker.fill_disk()
    await town.cast.post("pool", "meanwhile")
    await ada.send("1", "also meanwhile")
    town.broker.kill()
    town.broker.free_disk()
    await town.cast.post("pool", "while it is gone")
    town.broker.start()
    await asyncio.gather(ada.item(4), ada.answered("1"))

    assert {item["text"] for item in ada.items} == {"before", "meanwhile", "also meanwhile", "while it is gone"}
    assert ada.faults == []
    assert await _stored(town) == Counter({"also meanwhile": 1})
