"""Credentials for MQTT from the first call to the last trace: a real relay, mosquitto as the relay ships it, on each engine."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import aiohttp
import pytest

from tests.e2e.cast import Cast
from tests.e2e.client import MemberClient
from tests.e2e.conftest import Relay
from tests.e2e.server import within
from tests.servers.mosquitto import Mosquitto
from tests.servers.mqtt_client import Client, Hello, Refused

PROMISED = 1.0  # seconds until a revoked device is out


@dataclass
class Town:
    """A relay at its broker, and a member."""

    broker: Mosquitto
    cast: Cast
    member: MemberClient
    opened: list[Client] = field(default_factory=list)

    async def token(self, **more: object) -> str:
        answer = await self.cast.owner.want(201, "POST", self.tokens, {"kind": "mqtt", "device": "phone", **more})
        return str(answer["token"])

    @property
    def tokens(self) -> str:
        return f"/v1/members/{self.member.id}/tokens"

    @property
    def down(self) -> str:
        return f"relay/v1/m/{self.member.id}/down"

    async def connect(self, secret: str, device: str = "phone") -> Client:
        user = f"{self.member.id}.{device}"
        client = await self.come(Hello(user, user, secret, clean=False, expiry=3600))
        assert await client.subscribe(self.down) == 1
        return client

    async def come(self, hello: Hello) -> Client:
        """Ended with the test."""
        client = await Client.open(self.broker.port, hello)
        self.opened.append(client)
        return client


@pytest.fixture
async def town(start_relay: Relay, http: aiohttp.ClientSession, mosquitto: Mosquitto) -> AsyncIterator[Town]:
    server = await start_relay(**mosquitto.settings)
    async with Cast(http, server) as cast:
        await cast.found("pool")
        async with within(20, "the relay's stream is at the broker"):
            while "relay_mqtt_connected 1.0" not in await (await http.get(server.url + "/metrics")).text():
                pass
        town = Town(mosquitto, cast, await cast.enrol("pool"))
        yield town
        for client in town.opened:
            await client.drop()


async def test_a_device_with_its_secret_gets_the_members_stream(town: Town) -> None:
    client = await town.connect(await town.token())

    await client.publish(f"relay/v1/m/{town.member.id}/up", b'{"type":"resume","after":0}')
    await town.cast.post("pool", "The water is warm.")

    ((topic, payload),) = await client.heard()
    assert (topic, json.loads(payload)["text"]) == (town.down, "The water is warm.")


async def test_a_secret_is_shown_once(town: Town) -> None:
    body = {"kind": "mqtt", "device": "phone"}
    first = await town.cast.owner.want(201, "POST", town.tokens, body, key="once")

    second = await town.cast.owner.want(201, "POST", town.tokens, body, key="once")

    assert len(first["token"]) >= 26
    assert second == {**first, "token": None}
    await town.connect(first["token"])


async def test_a_device_needs_a_name_that_fits_into_a_user_name(town: Town) -> None:
    names = ("", "Phone", "a" * 21, "a_b")

    answers = [await town.cast.owner.want(422, "POST", town.tokens, {"kind": "mqtt", "device": name}) for name in names]

    assert [answer["errors"][0]["loc"] for answer in answers] == [["body", "device"]] * len(names)


async def test_a_device_that_staff_end_is_out_within_a_second(town: Town) -> None:
    secret = await town.token()
    client = await town.connect(secret)

    await town.cast.owner.want(204, "DELETE", f"{town.tokens}?device=phone")
    await asyncio.wait_for(client.ended.wait(), PROMISED)

    with pytest.raises(Refused):
        await town.connect(secret)


async def test_an_erasure_is_confirmed_when_the_broker_has_nothing_of_theirs(town: Town) -> None:
    client = await town.connect(await town.token())
    await client.publish(f"relay/v1/m/{town.member.id}/up", b'{"type":"resume","after":0}')
    await client.drop()
    await town.cast.post("pool", "Waits in the queue of who is away.")

    await town.cast.owner.want(204, "DELETE", f"/v1/members/{town.member.id}")
    await town.cast.owner.until(f"/v1/members/{town.member.id}/erasure", lambda erasure: erasure["confirmed_at"] is not None)

    assert town.member.id not in town.broker.dynsec_file.read_text()
    town.broker.stop()
    kept = b"".join(path.read_bytes() for path in (town.broker.folder / "state").iterdir())
    assert town.member.id.encode() not in kept


async def test_a_key_that_may_post_does_so_with_its_token(town: Town) -> None:
    key = await town.cast.owner.want(201, "POST", "/v1/keys", {"name": "shop", "scopes": ["posts:write"]})
    client = await town.come(Hello(key["id"], key["id"], key["token"]))
    topic = f"relay/v1/c/pool/{key['id']}"

    subscribed = await client.subscribe(f"{topic}/receipts")
    await client.publish(f"{topic}/posts", b'{"text": "New towels.", "idempotency_key": "1"}')
    ((_, receipt),) = await client.heard()
    await town.cast.owner.want(204, "DELETE", f"/v1/keys/{key['id']}")
    await asyncio.wait_for(client.ended.wait(), PROMISED)

    assert (subscribed, json.loads(receipt)["type"]) == (1, "receipt")


async def test_a_key_that_may_not_post_is_nobody_at_the_broker(town: Town) -> None:
    key = await town.cast.owner.want(201, "POST", "/v1/keys", {"name": "shop", "scopes": ["posts:read"]})

    with pytest.raises(Refused):
        await town.come(Hello(key["id"], key["id"], key["token"]))
