"""What the members' stream says: frames as bytes, what all share encoded once, and the frames members send checked."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal, NamedTuple, TypeVar

import orjson
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from relay.channels.web import frames
from relay.core.errors import Invalid, RelayError
from relay.core.identity import MAX_CLIENT_ID, checked_client_id
from relay.core.moment import rfc3339
from relay.core.post import Post
from relay.core.problem import problem
from relay.core.stream import Item, ItemKind, Sender, wire
from relay.core.thread import Stored
from relay.ports import SignedIn
from relay.wording import faults_in

F = TypeVar("F")
ClientId = Annotated[str, Field(min_length=1, max_length=MAX_CLIENT_ID), AfterValidator(checked_client_id)]
MAX_SEQ = 2**53 - 1  # what every JSON reader keeps exact
_ACK = b'{"type":"ack","seq":'
PING = b'{"type":"ping"}'
PONG = frames.text(b'{"type":"pong"}')
"""A page asks whether its line is alive, and hears that it is; browsers tell scripts nothing of the pings of WebSockets."""


class _Frame(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Hello(_Frame):
    """The first frame of a connection; a page leaves out the token, which its cookie holds."""

    type: Literal["hello"]
    token: str = Field("", max_length=256)
    after: int = Field(0, ge=0, le=MAX_SEQ)


class Ack(_Frame):
    """Everything up to `seq` arrived."""

    type: Literal["ack"]
    seq: int = Field(ge=0, le=MAX_SEQ)


class Read(_Frame):
    """Everything up to `seq` was shown."""

    type: Literal["read"]
    seq: int = Field(ge=0, le=MAX_SEQ)


class Send(_Frame):
    """A message of the member."""

    type: Literal["send"]
    client_id: ClientId
    text: str
    in_reply_to: str | None = None


class Press(_Frame):
    """An answer button."""

    type: Literal["press"]
    client_id: ClientId
    post: str
    button: str


Said = Hello | Ack | Read | Send | Press
_SAID: TypeAdapter[Said] = TypeAdapter(Annotated[Said, Field(discriminator="type")])


def said(text: bytes) -> Said:
    """The member's frame. Raises Invalid."""
    return checked(text, _SAID)


def checked(text: bytes, models: TypeAdapter[F]) -> F:
    """A frame as one of these. Raises Invalid, whose faults name places and repeat no value that came in."""
    try:
        return models.validate_python(orjson.loads(text))
    except orjson.JSONDecodeError:
        raise Invalid("The frame is not valid JSON.") from None
    except ValidationError as error:
        raise Invalid("The frame is not valid.", faults_in(error)) from None


def quick_ack(text: bytes) -> int | None:
    """The seq of an acknowledgement in its usual spelling; None sends the frame the long way."""
    if (
        text.startswith(_ACK)
        and text[-1:] == b"}"
        and (digits := text[len(_ACK) : -1]).isdigit()
        and len(digits) < len(str(MAX_SEQ))
    ):
        return int(digits)
    return None


def client_id_of(text: bytes) -> str | None:
    """The client_id of a frame that is refused, if one can be read in it."""
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    found = value.get("client_id") if isinstance(value, dict) else None
    return found if isinstance(found, str) and len(found) <= MAX_CLIENT_ID else None


MomentText = Annotated[str, Field(json_schema_extra={"format": "date-time"})]


@dataclass(frozen=True, slots=True)
class Self:
    """Who the reader is."""

    id: str
    pseudonym: str


@dataclass(frozen=True, slots=True)
class Whose:
    """The community whose items they are."""

    slug: str
    name: str
    imprint: str


@dataclass(frozen=True, slots=True)
class Welcome:
    """The answer to a good hello: items from `first_seq` to `last_seq` can be had."""

    type: Literal["welcome"]
    member: Self
    community: Whose
    first_seq: int
    last_seq: int


@dataclass(frozen=True, slots=True)
class Accepted:
    """What was sent under this client_id is on stable storage; sent again, it gets the same answer."""

    type: Literal["accepted"]
    client_id: str
    id: str
    at: MomentText


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing was changed; `client_id` is null where the frame had none that could be read."""

    type: Literal["refused"]
    client_id: str | None
    problem: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Bye:
    """Goes ahead of a close; after `retry_after_ms` the member may come back, 0: not by itself."""

    type: Literal["bye"]
    reason: str
    retry_after_ms: int


def frame(value: object) -> bytes:
    """Any frame of the relay."""
    return frames.text(orjson.dumps(value))


def item_body(item: Item) -> bytes:
    """An item without its seq: the part that all who get it share."""
    return orjson.dumps(wire(item))[1:]


def item_json(seq: int, body: bytes) -> bytes:
    """The item of one member: their private seq joined to the shared part without encoding it again."""
    return b'{"type":"item","seq":%d,%b' % (seq, body)


class Written(NamedTuple):
    """An item as it goes out: as it is, and framed for a WebSocket; all who have it under the same seq share it."""

    json: bytes
    frame: bytes


def written(seq: int, body: bytes) -> Written:
    """The item of one member, for whatever they read it with."""
    json = item_json(seq, body)
    return Written(json, frames.text(json))


def post_item(post: Post, company: str) -> Item:
    """A post as everybody sees it, seq 0."""
    return Item(
        seq=0,
        kind=ItemKind.POST,
        id=post.id,
        at=post.accepted_at or post.created_at,
        sender=Sender.COMPANY,
        name=company,
        text=post.text,
        title=post.title,
        buttons=post.buttons,
    )


def welcome(signed: SignedIn) -> bytes:
    """The answer to a good hello; nothing in it depends on another member."""
    member, community, cursors = signed.member, signed.community, signed.cursors
    whose = Whose(community.slug, community.name, community.imprint)
    return frame(Welcome("welcome", Self(member.id, member.pseudonym), whose, cursors.first, cursors.last))


def accepted(client_id: str, stored: Stored) -> bytes:
    """It is on stable storage."""
    return frame(acceptance(client_id, stored.id, stored.at))


def pressed(client_id: str, post: str, at: datetime) -> bytes:
    """A press is on stable storage; its id is that of the post."""
    return frame(acceptance(client_id, post, at))


def pressed_elsewhere(post: str, button: str) -> bytes:
    """For the relay's own pages alone: which button of a post is pressed now. A reload shows the same."""
    return frame({"type": "pressed", "post": post, "button": button})


def refused(client_id: str | None, error: RelayError) -> bytes:
    """Nothing was changed."""
    return frame(refusal(client_id, error))


def acceptance(client_id: str, id_: str, at: datetime) -> Accepted:
    """The frame that says so, before it is written for any channel."""
    return Accepted("accepted", client_id, id_, rfc3339(at))


def refusal(client_id: str | None, error: RelayError) -> Refused:
    """The frame that says so, before it is written for any channel."""
    return Refused("refused", client_id, problem(error))


def bye(reason: str, retry_after_ms: int) -> bytes:
    """Goes ahead of a close."""
    return frame(Bye("bye", reason, retry_after_ms))
