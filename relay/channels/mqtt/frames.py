"""What members say over MQTT: the frames of the WebSocket without hello, and resume instead."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from relay.channels.web.render import MAX_SEQ, Ack, Press, Read, Send, checked

LARGEST = 65_536  # bytes a frame, as on the WebSocket


class Resume(BaseModel):
    """A device is there and has everything up to `after`; the relay sends what follows."""

    model_config = ConfigDict(extra="forbid", strict=True)

    type: Literal["resume"]
    after: int = Field(0, ge=0, le=MAX_SEQ)


Said = Resume | Ack | Read | Send | Press
_SAID: TypeAdapter[Said] = TypeAdapter(Annotated[Said, Field(discriminator="type")])


def said(text: bytes) -> Said:
    """The member's frame. Raises Invalid."""
    return checked(text, _SAID)
