"""Two relays on one PostgreSQL and one broker: one speaks to the broker, and another within ten seconds when that one ends."""

import os
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest

from tests.e2e.cast import Cast
from tests.e2e.client import LIMIT
from tests.e2e.conftest import unlimited
from tests.e2e.mqtt_device import V5, V311, Device
from tests.e2e.mqtt_town import START_S, WORDS_ALONE, Town, broker
from tests.e2e.server import Server, within
from tests.servers.plain_broker import PlainBroker
from tests.servers.postgres import Postgres

__all__ = ["broker"]

TAKEOVER_S = 10.0  # promised
MEMBERS, POSTS, REPLIES = 10, 30, 60
ACCEPTED, BUSY = 202, 503


@dataclass
class Two:
    """`speaker` and `other` see the same town; `speaker` is the one that holds the lease at the start."""

    speaker: Town
    other: Town
    devices: list[Device]

    async def speaks(self, town: Town) -> None:
        """Returns when that relay is connected to the broker."""
        await town.until_metric("relay_mqtt_connected", 1)

    async def say_much(self, towns: tuple[Town, ...], numbers: range) -> None:
        """Posts at these relays in turn, replies of all devices."""
        for number in numbers:
            await self._post(towns[number % len(towns)], f"post {number}")
            for step in range(REPLIES // POSTS):
                mark = number * (REPLIES // POSTS) + step
                await self.devices[mark % MEMBERS].send(f"r{mark}", f"reply {mark}")

    async def _post(self, town: Town, text: str) -> None:
        """Once, though it may be refused: a relay that is paused in a commit keeps its rows locked for a while."""
        async with within(LIMIT, f"{text} is accepted"):
            path, status = "/v1/communities/pool/posts", BUSY
            while status == BUSY:
                status = (await town.cast.owner.ask("POST", path, {"text": text}, key=text)).status
        assert status == ACCEPTED

    def took(self, since: float) -> float:
        """Seconds from then until the other one was at the broker, whatever was said to it on the way."""
        return self.other.server.said_at("broker reached") - since

    async def all_arrived(self) -> None:
        wanted = POSTS + REPLIES // MEMBERS
        heard = self.devices[0].heard
        await heard.until(lambda: all(device.is_quiet and len(device.items) >= wanted for device in self.devices), 60)

        assert [fault for device in self.devices for fault in device.faults] == []
        assert {len(device.items) for device in self.devices} == {wanted}
        for device in self.devices:
            posts = [item["text"] for item in device.items if item["from"]["role"] == "company"]
            own = [item["text"] for item in device.items if item["from"]["role"] == "self"]
            assert sorted(posts) == sorted(f"post {number}" for number in range(POSTS))
            assert own == sorted(own, key=lambda text: int(text.split()[1]))
        threads = await self.other.cast.threads("pool")
        found = Counter(message["text"] for thread in threads for message in thread["messages"])
        assert found == Counter(f"reply {number}" for number in range(REPLIES))


@pytest.fixture
async def two(postgres: Postgres, broker: PlainBroker, tmp_path: Path, http: aiohttp.ClientSession) -> AsyncIterator[Two]:
    url = await postgres.database()
    async with AsyncExitStack() as stack:
        towns = []
        for name in ("first", "second"):
            (tmp_path / name).mkdir()
            environment = {"RELAY_STORE__URL": url, **broker.settings, **WORDS_ALONE, **unlimited("staff", "member", "visitor")}
            server = Server(tmp_path / name / "data", environment)
            server.ready_s = START_S
            stack.push_async_callback(server.kill)
            await server.start()
            towns.append(Town(server, broker, await stack.enter_async_context(Cast(http, server))))
        first, second = towns
        second.cast.heard = first.cast.heard
        await first.cast.found("pool")
        await first.until_metric("relay_mqtt_connected", 1)
        people = await first.members(MEMBERS)
        devices = [
            Device(broker.port, member, secret, first.cast.heard, version=V311 if number % 2 else V5)
            for number, (member, secret) in enumerate(people)
        ]
        for device in devices:
            first.start(device)
        for device in devices:
            await device.connected()
        yield Two(first, second, devices)
        await first.stop()
    await postgres.give_back(url)


async def test_one_of_two_speaks_to_the_broker_and_brings_what_both_release(two: Two) -> None:
    await two.say_much((two.speaker, two.other), range(POSTS))
    await two.all_arrived()

    assert await two.other.metric("relay_mqtt_connected") == 0
    assert await two.other.metric("relay_mqtt_in") == 0


@pytest.mark.alone
async def test_a_killed_speaker_is_followed_within_ten_seconds_and_nothing_is_lost(two: Two) -> None:
    await two.say_much((two.speaker, two.other), range(POSTS // 3))
    killed_at = time.time()
    await two.speaker.server.kill()
    await two.say_much((two.other,), range(POSTS // 3, POSTS))
    await two.speaks(two.other)
    await two.all_arrived()

    assert two.took(killed_at) < TAKEOVER_S


@pytest.mark.alone
async def test_a_speaker_that_stops_gives_way_at_once(two: Two) -> None:
    await two.say_much((two.speaker, two.other), range(POSTS // 2))
    await two.speaker.server.stop()
    stopped_at = time.time()
    await two.speaks(two.other)
    await two.say_much((two.other,), range(POSTS // 2, POSTS))
    await two.all_arrived()

    assert two.took(stopped_at) < TAKEOVER_S / 2


@pytest.mark.alone
async def test_a_paused_speaker_is_fenced_off_when_it_goes_on(two: Two) -> None:
    await two.say_much((two.speaker, two.other), range(POSTS // 3))
    paused_at = time.time()
    os.kill(two.speaker.server.pid, signal.SIGSTOP)
    try:
        await two.say_much((two.other,), range(POSTS // 3, 2 * POSTS // 3))
        await two.speaks(two.other)
    finally:
        os.kill(two.speaker.server.pid, signal.SIGCONT)
    await two.speaker.until_metric("relay_mqtt_members", 0)
    before = await two.other.metric("relay_mqtt_connected")
    await two.say_much((two.speaker, two.other), range(2 * POSTS // 3, POSTS))
    await two.all_arrived()

    assert two.took(paused_at) < TAKEOVER_S
    assert before == 1
    assert await two.speaker.metric("relay_mqtt_connected") == 0
    assert two.other.server.log.read_text().count("broker away") == 0
