"""Posts of company systems through the broker: a receipt after the commit, a problem otherwise, never two posts of one."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiomqtt
import pytest
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from tests.e2e.client import Frame
from tests.e2e.mqtt_device import V5, V311
from tests.e2e.mqtt_town import Town, broker, town
from tests.e2e.server import within

__all__ = ["broker", "town"]

PATIENCE = 20.0  # seconds until a test that waits gives up


@dataclass
class System:
    """A company system with its key, connected."""

    client: aiomqtt.Client
    topic: str
    version: aiomqtt.ProtocolVersion

    async def post(self, body: object, mark: str | None = None, **asked: Any) -> aiomqtt.Message:  # noqa: ANN401  properties
        """Publishes, and returns what comes back."""
        payload = body if isinstance(body, bytes) else json.dumps(body)
        await self.client.publish(f"{self.topic}/posts", payload, qos=1, properties=self._properties(mark, asked))
        async with within(PATIENCE, "an answer"):
            return await anext(aiter(self.client.messages))

    def _properties(self, mark: str | None, asked: dict[str, Any]) -> Properties | None:
        if self.version is not V5:
            return None
        properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
        if mark is not None:
            properties.UserProperty = [("idempotency-key", mark)]
        for name, value in asked.items():
            setattr(properties, name, value)
        return properties


@asynccontextmanager
async def system(
    town: Town, scopes: tuple[str, ...] = ("posts:write",), version: aiomqtt.ProtocolVersion = V5, slug: str = "pool"
) -> AsyncIterator[System]:
    key = await town.cast.owner.want(201, "POST", "/v1/keys", {"name": "Till", "scopes": list(scopes)})
    topic = f"relay/v1/c/{slug}/{key['id']}"
    secret = town.broker.allow(
        key["id"], f"topic write {topic}/posts", f"topic read {topic}/receipts", f"topic read {topic}/receipts/#"
    )
    async with aiomqtt.Client(
        "127.0.0.1", town.broker.port, identifier=key["id"], username=key["id"], password=secret, protocol=version
    ) as client:
        await client.subscribe(f"{topic}/receipts/#", qos=1)
        yield System(client, topic, version)


def frame(message: aiomqtt.Message) -> Frame:
    found: Frame = json.loads(message.payload)
    return found


async def posts(town: Town) -> list[Frame]:
    return [post async for post in town.cast.owner.all("/v1/communities/pool/posts")]


@pytest.mark.parametrize("version", [V5, V311], ids=["mqtt 5", "mqtt 3.1.1"])
async def test_a_post_reaches_everybody_and_its_receipt_comes_after_it_is_stored(
    town: Town, version: aiomqtt.ProtocolVersion
) -> None:
    ada = await town.device()

    async with system(town, version=version) as till:
        receipt = frame(await till.post({"text": "Fresh bread", "idempotency_key": "b1"}))
        item = await ada.item(1)

    (post,) = await posts(town)
    assert (receipt["type"], receipt["idempotency_key"]) == ("receipt", "b1")
    assert receipt["post"]["id"] == post["id"] == item["id"]
    assert (receipt["post"]["audience"], receipt["post"]["counts"]["planned"]) == (1, 1)


async def test_the_same_key_gives_the_same_receipt_and_another_post_under_it_a_problem(town: Town) -> None:
    async with system(town) as till:
        first, again = [frame(await till.post({"text": "Fresh bread"}, "b1")) for _ in range(2)]
        other = frame(await till.post({"text": "Old bread"}, "b1"))
        neither = frame(await till.post({"text": "No key"}))

    assert first == again
    assert [each["type"] for each in (other, neither)] == ["problem", "problem"]
    assert (other["problem"]["status"], other["idempotency_key"]) == (422, "b1")
    assert (neither["problem"]["status"], neither["idempotency_key"]) == (422, None)
    assert len(await posts(town)) == 1


async def test_correlation_and_a_response_topic_of_ones_own_are_honoured(town: Town) -> None:
    async with system(town) as till:
        own = await till.post({"text": "One"}, "1", CorrelationData=b"\x01\x02", ResponseTopic=f"{till.topic}/receipts/line-7")
        foreign = await till.post({"text": "Two"}, "2", CorrelationData=b"\x03", ResponseTopic="relay/v1/m/somebody/down")
        broad = await till.post({"text": "Three"}, "3", ResponseTopic=f"{till.topic}/receipts/#")

    assert str(own.topic) == f"{till.topic}/receipts/line-7"
    assert [str(each.topic) for each in (foreign, broad)] == [f"{till.topic}/receipts"] * 2
    assert [each.properties.CorrelationData for each in (own, foreign)] == [b"\x01\x02", b"\x03"]  # type: ignore[union-attr]


async def test_a_key_that_asks_for_an_answer_larger_than_the_broker_takes_stops_nobody(town: Town) -> None:
    ada = await town.device()

    async with system(town) as till:
        long = f"{till.topic}/receipts/{'x' * 65_000}"
        topic = await till.post({"text": "One"}, "1", ResponseTopic=long, CorrelationData=b"y" * 1024)
        refused = await till.post({"text": "Two"}, "2", ResponseTopic=long, CorrelationData=b"y" * 4000)
        key = frame(await till.post({"text": "Three"}, '"' * 60_000))
        names = frame(await till.post({"text": "Four", **{f"{number}\x01": 1 for number in range(3000)}}, "4"))
        await ada.item(1)

    assert str(topic.topic) == f"{till.topic}/receipts"
    assert frame(refused)["problem"]["status"] == 413
    assert [each["problem"]["status"] for each in (key, names)] == [422, 422]
    assert key["idempotency_key"] is None
    assert [post["text"] for post in await posts(town)] == ["One"]
    assert "broker away" not in town.server.log.read_text()


async def test_what_is_no_post_is_a_problem(town: Town) -> None:
    bodies = {
        "empty": (b"", 422),
        "no JSON": (b"{", 422),
        "no text": ({"text": ""}, 422),
        "unknown field": ({"text": "x", "who": "?"}, 422),
        "too large": (b"z" * 65_537, 413),
        "not yet": ({"text": "x", "segment": "s"}, 422),
    }

    async with system(town) as till:
        answers = {name: frame(await till.post(body, name)) for name, (body, _) in bodies.items()}

    problems = {name: (answer["type"], answer["problem"]["status"]) for name, answer in answers.items()}
    assert problems == {name: ("problem", status) for name, (_, status) in bodies.items()}
    assert await posts(town) == []


async def test_a_key_without_the_scope_a_revoked_one_and_an_unknown_one_post_nothing(town: Town) -> None:
    async with system(town, scopes=("posts:read",)) as reader, system(town) as till, system(town, slug="nowhere") as lost:
        denied = frame(await reader.post({"text": "x"}, "1"))
        missing = frame(await lost.post({"text": "x"}, "1"))
        await till.post({"text": "good"}, "1")
        await town.cast.owner.want(204, "DELETE", f"/v1/keys/{till.topic.rpartition('/')[2]}")
        revoked = frame(await till.post({"text": "x"}, "2"))
    stranger = town.broker.allow("nobody", "topic write relay/v1/c/pool/nobody/posts")
    async with aiomqtt.Client(
        "127.0.0.1", town.broker.port, identifier="nobody", username="nobody", password=stranger, protocol=V5
    ) as client:
        await client.publish("relay/v1/c/pool/nobody/posts", b'{"text":"x","idempotency_key":"1"}', qos=1)
        await town.until_metric('relay_mqtt_refused{reason="stranger"}', 1)

    assert [each["type"] for each in (denied, missing, revoked)] == ["problem"] * 3
    assert [each["problem"]["status"] for each in (denied, missing, revoked)] == [403, 404, 401]
    assert [post["text"] for post in await posts(town)] == ["good"]


async def test_a_post_whose_relay_dies_before_it_acknowledged_is_posted_once(town: Town) -> None:
    async with system(town) as till:
        await till.post({"text": "first"}, "0")
        await town.server.kill()
        for number in range(1, 21):
            await till.client.publish(
                f"{till.topic}/posts", json.dumps({"text": str(number), "idempotency_key": f"{number}"}), qos=1
            )
        await town.server.start()
        await town.until_metric("relay_mqtt_in", 3)
        await town.server.kill()
        await town.server.start()
        receipts: dict[str, set[str]] = {}
        async with within(PATIENCE, "a receipt for each"):
            while len(receipts) < 20:
                answer = frame(await anext(aiter(till.client.messages)))
                receipts.setdefault(answer["idempotency_key"], set()).add(answer["post"]["id"])

    assert {len(ids) for ids in receipts.values()} == {1}
    assert sorted(post["text"] for post in await posts(town)) == sorted(["first", *map(str, range(1, 21))])
