"""The AsyncAPI document is valid, names what there is, and the frames are what it says."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from pydantic_asyncapi.v3 import AsyncAPI

from relay.channels.mqtt import topics
from relay.channels.mqtt.company import refusal
from relay.channels.mqtt.frames import said as said_over_mqtt
from relay.channels.mqtt.parcel import Arrival
from relay.channels.web import render
from relay.compose.asyncapi import FRAMES, WAYS, document
from relay.core.errors import Invalid, TooMany
from relay.core.thread import Stored
from tests.web.conftest import Relay

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def fits(frame: bytes, name: str) -> bool:
    found = document()
    schema = found["components"]["messages"][name]["payload"]
    return bool(Draft202012Validator({**schema, "components": found["components"]}).is_valid(orjson.loads(frame)))


def references(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(found := value.get("$ref"), str):
            yield found
        for inner in value.values():
            yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def test_it_is_an_asyncapi_document() -> None:
    AsyncAPI.model_validate(document())


def test_every_reference_leads_somewhere() -> None:
    found = document()
    for reference in references(found):
        place: Any = found
        for part in reference.removeprefix("#/").split("/"):
            place = place[part]


def test_every_schema_is_one() -> None:
    for schema in document()["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


def test_every_frame_has_its_place_and_every_parameter_its_meaning() -> None:
    placed = {name for way in WAYS for name in (*way.said, *way.told)}

    assert placed == {"event", *(frame.name for frame in FRAMES)}
    for channel in document()["channels"].values():
        assert set(channel.get("parameters", {})) == set(re.findall(r"{(\w+)}", channel["address"]))


def test_its_topics_are_those_that_the_relay_subscribes_to() -> None:
    patterns = {re.sub(r"{\w+}", "+", way.address) for way in WAYS if way.where == "broker" and way.said}

    assert patterns == set(topics.FILTERS)


def test_what_the_relay_says_fits() -> None:
    stored = Stored("a" * 26, NOW, "")

    assert fits(orjson.dumps(render.acceptance("1", stored.id, stored.at)), "accepted")
    assert fits(orjson.dumps(render.refusal(None, TooMany(retry_after=1))), "refused")
    assert fits(orjson.dumps(render.Bye("bye", "restart", 100)), "bye")
    arrival = Arrival("relay/v1/c/pool/key/posts", b"{}")
    assert fits(refusal(topics.FromCompany("pool", "key"), arrival, Invalid("No.")).payload, "not_posted")
    assert not fits(b'{"type":"accepted"}', "accepted")


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("resume", b'{"type":"resume","after":3}', b'{"type":"resume","after":-1}'),
        ("ack", b'{"type":"ack","seq":3}', b'{"type":"ack"}'),
        ("read", b'{"type":"read","seq":3}', b'{"type":"read","seq":"3"}'),
        ("send", b'{"type":"send","client_id":"1","text":"x"}', b'{"type":"send","client_id":"","text":"x"}'),
        ("press", b'{"type":"press","client_id":"1","post":"p","button":"b"}', b'{"type":"press","client_id":"1"}'),
    ],
)
def test_what_a_member_says_fits_where_the_relay_takes_it(name: str, good: bytes, bad: bytes) -> None:
    assert said_over_mqtt(good).type == name
    assert fits(good, name)
    assert not fits(bad, name)
    with pytest.raises(Invalid):
        said_over_mqtt(bad)


async def test_it_is_served_and_its_page_names_every_frame(relay: Relay) -> None:
    served = await relay.nobody("GET", "/asyncapi.json")
    text = (await relay.nobody("GET", "/docs/mqtt")).raw.decode()

    assert served.body == document()
    assert [frame.name for frame in FRAMES if f"<code>{frame.name}</code>" not in text] == []
