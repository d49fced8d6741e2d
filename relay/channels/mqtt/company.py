"""Posts of company systems: the body is that of the HTTP call, the answer a receipt or a problem on the key's own topic."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import orjson

from relay.channels.mqtt.frames import LARGEST
from relay.channels.mqtt.parcel import Arrival, Reply
from relay.channels.mqtt.topics import FromCompany
from relay.core.errors import RelayError
from relay.core.problem import problem

IDEMPOTENCY = "idempotency-key"  # the user property of MQTT 5
MAX_KEY = 255  # characters
MAX_ASKED = 1024  # bytes of a response topic, and of correlation data: the answer repeats both
FIELD = "idempotency_key"  # in the body, for who has no such properties

Publish = Callable[[FromCompany, bytes, str | None], Awaitable[bytes]]
"""A post under its idempotency key; gives it as JSON. Raises RelayError, Stranger when there is no such key."""


@dataclass(frozen=True, slots=True)
class Posted:
    """The post is on stable storage; sent again under the same idempotency key, it gets the same answer."""

    type: Literal["receipt"]
    idempotency_key: str
    post: object


@dataclass(frozen=True, slots=True)
class NotPosted:
    """Nothing was posted; `idempotency_key` is null where none could be read."""

    type: Literal["problem"]
    idempotency_key: str | None
    problem: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Receipt:
    """What goes out, and where."""

    topic: str
    payload: bytes
    correlation: bytes | None


@dataclass(frozen=True, slots=True)
class Company:
    """Obeys one post after the other."""

    publish: Publish

    async def obey(self, sender: FromCompany, arrival: Arrival) -> Receipt:
        """After the commit. Raises as `publish`."""
        mark = mark_of(arrival)
        post = await self.publish(sender, arrival.payload, mark)
        payload = orjson.dumps(Posted("receipt", mark or "", orjson.Fragment(post)))
        return Receipt(answers_to(sender, arrival.reply), payload, arrival.reply.correlation)


def refusal(sender: FromCompany, arrival: Arrival, error: RelayError) -> Receipt:
    """Nothing was posted."""
    mark, asked = mark_of(arrival), arrival.reply.correlation
    frame = NotPosted("problem", mark if mark and len(mark) <= MAX_KEY else None, problem(error))
    return Receipt(answers_to(sender, arrival.reply), orjson.dumps(frame), None if is_too_long(arrival.reply) else asked)


def is_too_long(reply: Reply) -> bool:
    """Whether an answer cannot carry what it shall be known by."""
    return len(reply.correlation or b"") > MAX_ASKED


def mark_of(arrival: Arrival) -> str | None:
    """The idempotency key: the property of MQTT 5, else the field of the same name."""
    found = next((value for name, value in arrival.user if name.lower() == IDEMPOTENCY), None)
    if found is not None or len(arrival.payload) > LARGEST:
        return found
    try:
        body = orjson.loads(arrival.payload)
    except orjson.JSONDecodeError:
        return None
    field = body.get(FIELD) if isinstance(body, dict) else None
    return field if isinstance(field, str) else None


def answers_to(sender: FromCompany, reply: Reply) -> str:
    """The topic that was asked for, where it is one of the key's own and not too long; else its receipts."""
    own, asked = sender.receipts, reply.topic or ""
    is_own = asked.startswith(f"{own}/") and len(asked.encode()) <= MAX_ASKED and "+" not in asked and "#" not in asked
    return asked if is_own else own
