"""AsyncAPI 3 of all that goes over WebSockets and MQTT, made from the models that check and write the frames."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from pydantic import TypeAdapter

import relay
from relay.channels.mqtt import company, frames
from relay.channels.web import render
from relay.compose.mqtt import PostByMqtt
from relay.web import desk, live
from relay.web.events import NAMES
from relay.web.openapi import PROBLEM
from relay.web.views import PostView

Json = dict[str, Any]
_REF: Final = "#/components/schemas/{model}"


@dataclass(frozen=True, slots=True)
class Frame:
    """One message: the model that checks it where it comes in, or that it is written from."""

    name: str
    title: str
    model: type[Any]
    is_said: bool = False


@dataclass(frozen=True, slots=True)
class Way:
    """A channel: `said` comes to the relay, `told` goes out; `where` is the server that it is on."""

    name: str
    title: str
    address: str
    where: str
    description: str
    said: tuple[str, ...] = ()
    told: tuple[str, ...] = ()
    parameters: tuple[tuple[str, str], ...] = ()


FRAMES: Final = (
    Frame("hello", "Signs a connection in", render.Hello, is_said=True),
    Frame("resume", "A device is there", frames.Resume, is_said=True),
    Frame("ack", "Items arrived", render.Ack, is_said=True),
    Frame("read", "Items were shown", render.Read, is_said=True),
    Frame("send", "A message to the team", render.Send, is_said=True),
    Frame("press", "An answer button", render.Press, is_said=True),
    Frame("welcome", "The connection is signed in", render.Welcome),
    Frame("item", "An item of the stream", desk.ItemFrame),
    Frame("accepted", "It is stored", render.Accepted),
    Frame("refused", "It was not taken", render.Refused),
    Frame("bye", "The connection ends", render.Bye),
    Frame("staff_hello", "Signs a reader in", live.StaffHello, is_said=True),
    Frame("staff_welcome", "The reader is signed in", live.StaffWelcome),
    Frame("ping", "Asks whether the connection is alive", live.Ping, is_said=True),
    Frame("pong", "It is", live.Pong),
    Frame("reset", "Read the lists again", live.Reset),
    Frame("post", "A post to everybody", PostByMqtt, is_said=True),
    Frame("receipt", "The post is stored", company.Posted),
    Frame("not_posted", "The post was not taken", company.NotPosted),
)
_MEMBER: Final = (("member", "The member's id."),)
_KEY: Final = (("slug", "The community's slug."), ("key", "The id of a key that holds posts:write."))
WAYS: Final = (
    Way("members_stream", "Members' WebSocket", "/v1/me/stream", "relay",
        "First frame, within 5 s: `hello`. Then `welcome`, and an `item` for each seq behind `after`. Close codes: 4401 sign "
        "in, 4403 revoked, 1009 too large, 1012 restart, 1013 too slow.",
        ("hello", "ack", "read", "send", "press"), ("welcome", "item", "accepted", "refused", "bye")),
    Way("member_up", "Members over MQTT, to the relay", "relay/v1/m/{member}/up", "broker",
        "QoS 1, never retained, at most 64 KiB. After connecting and subscribing send `resume`, and again every few minutes: a "
        "broker that lost its data may have lost it. The topic alone says who speaks. A PUBACK says that the broker has it; "
        "stored is what `accepted` names, so send again what got no answer in 30 s, under the same client_id.",
        ("resume", "ack", "read", "send", "press"), (), _MEMBER),
    Way("member_down", "Members over MQTT, from the relay", "relay/v1/m/{member}/down", "broker",
        "QoS 1. All devices of a member hear the same. Apply each seq once, acknowledge again what comes again, and at a gap "
        "send `resume` with the last seq you have. At most 128 items are on their way without an `ack`.",
        (), ("item", "accepted", "refused"), _MEMBER),
    Way("company_posts", "Posts of company systems over MQTT", "relay/v1/c/{slug}/{key}/posts", "broker",
        "QoS 1, never retained. Every post has an idempotency key, since over MQTT a message may come twice: the user property "
        "`idempotency-key`, or the field.",
        ("post",), (), _KEY),
    Way("company_receipts", "What became of them", "relay/v1/c/{slug}/{key}/receipts", "broker",
        "After the commit. A response topic below this one is honoured, any other is not; correlation data come back.",
        (), ("receipt", "not_posted"), _KEY),
    Way("staff_stream", "Staff's WebSocket", "/v1/staff/stream", "relay",
        "First frame, within 5 s: `hello`; the token may stand in the Authorization header, or in the cookie of a browser. "
        "With `after` the stream goes on behind that position; `reset` says that it cannot. "
        "A `ping` is answered by `pong`, for those who cannot see the pings of WebSockets; nothing else is expected.",
        ("staff_hello", "ping"), ("staff_welcome", "event", "reset", "pong")),
)  # fmt: skip


def document() -> Json:
    """The whole of it, as plain values."""
    schemas, messages = _schemas()
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Four Eyes",
            "version": relay.__version__,
            "description": "What goes over WebSockets and MQTT between a relay and its members, staff and company systems.",
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": {
            "relay": {"host": "127.0.0.1:8080", "protocol": "ws", "description": "The relay itself; wss behind TLS."},
            "broker": {
                "host": "127.0.0.1:1883",
                "protocol": "mqtt",
                "protocolVersion": "5.0",
                "description": "The broker that `mqtt.url` names; 3.1.1 is accepted, and mqtts with TLS.",
            },
        },
        "channels": {way.name: _channel(way) for way in WAYS},
        "operations": {name: operation for way in WAYS for name, operation in _operations(way)},
        "components": {"messages": messages, "schemas": schemas},
    }


def _channel(way: Way) -> Json:
    made: Json = {
        "address": way.address,
        "title": way.title,
        "description": way.description,
        "servers": [{"$ref": f"#/servers/{way.where}"}],
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in (*way.said, *way.told)},
    }
    if way.parameters:
        made["parameters"] = {name: {"description": text} for name, text in way.parameters}
    return made


def _operations(way: Way) -> list[tuple[str, Json]]:
    """As the relay does them: it receives what is said, and sends what is told."""
    found = []
    for action, names in (("receive", way.said), ("send", way.told)):
        if names:
            messages = [{"$ref": f"#/channels/{way.name}/messages/{name}"} for name in names]
            operation: Json = {"action": action, "channel": {"$ref": f"#/channels/{way.name}"}, "messages": messages}
            if way.where == "broker":
                operation["bindings"] = {"mqtt": {"qos": 1, "retain": False}}
            found.append((f"{action}_{way.name}", operation))
    return found


def _schemas() -> tuple[Json, Json]:
    """Schemas by name, and the messages that point to them."""
    adapters: Sequence[Any] = [
        *((frame.name, "validation" if frame.is_said else "serialization", TypeAdapter(frame.model)) for frame in FRAMES),
        ("PostView", "serialization", TypeAdapter(PostView)),
    ]
    found, rest = TypeAdapter.json_schemas(adapters, ref_template=_REF)
    schemas: Json = {**rest.get("$defs", {}), "Problem": PROBLEM, "Event": _event()}
    messages: Json = {"event": _message("event", "Something was committed", schemas["Event"], "Event")}
    for frame in FRAMES:
        schema = found[frame.name, "validation" if frame.is_said else "serialization"]
        name = schema["$ref"].rpartition("/")[2] if "$ref" in schema else frame.model.__name__
        schemas.setdefault(name, schema)
        messages[frame.name] = _message(frame.name, frame.title, schemas[name], name)
    _point(schemas)
    return schemas, messages


def _point(schemas: Json) -> None:
    """Core values that are written as they are have no model here: their place names the schema that has."""
    for schema in schemas.values():
        properties = schema.get("properties", {})
        if "problem" in properties:
            properties["problem"] = {"$ref": _REF.format(model="Problem")}
    posted = schemas[company.Posted.__name__]["properties"]
    posted["post"] = {"$ref": _REF.format(model="PostView")}


def _message(name: str, title: str, schema: Json, model: str) -> Json:
    return {
        "name": name,
        "title": title,
        "summary": " ".join(schema.get("description", title).split()),
        "contentType": "application/json",
        "payload": {"$ref": _REF.format(model=model)},
    }


def _event() -> Json:
    """What follows depends on the event, and stands in the reference of the staff stream."""
    return {
        "type": "object",
        "description": " ".join(f"`{name}`: {what}" for name, what in NAMES.items()),
        "required": ["type", "position", "event"],
        "properties": {
            "type": {"const": "event"},
            "position": {"type": "string"},
            "community": {"type": ["string", "null"]},
            "event": {"enum": list(NAMES)},
        },
    }
