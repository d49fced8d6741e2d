"""What members may send about themselves, and what they say: bodies and queries as in `bodies`."""

from typing import Annotated

from pydantic import Field

from relay.web.bodies import MAX_SEQ, Body, ClientId, Id, NotYet, Seq, Text


class ItemsQuery(Body):
    """Items behind a seq."""

    after: Annotated[int, Field(ge=0, le=MAX_SEQ)] = 0
    limit: Annotated[int, Field(ge=1, le=200)] = 50


class Reply(Body):
    """A member's message; `client_id` is their own mark, under which it is stored once."""

    client_id: ClientId
    text: Text
    in_reply_to: Id | None = None
    attachments: NotYet = None


class UpTo(Body):
    """Everything up to this seq."""

    seq: Seq


class PressBody(Body):
    """A button under a post."""

    post: Id
    button: Id


class NewAppeal(Body):
    """Why another person should look."""

    case: Id
    text: Text
