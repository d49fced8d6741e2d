"""What members say over MQTT: the frames of the WebSocket without hello, and resume instead."""

from typing import Annotated, Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from relay.channels.web.render import MAX_SEQ, Ack, Press, Read, Send
from relay.core.errors import Fault, Invalid
from relay.wording import in_words

LARGEST = 65_536  # bytes a frame, as on the WebSocket


class Resume(BaseModel):
    """A device is there and has everything up to `after`; the relay sends what follows."""

    model_config = ConfigDict(extra="forbid", strict=True)

    type: Literal["resume"]
    after: int = Field(0, ge=0, le=MAX_SEQ)


Said = Resume | Ack | Read | Send | Press
_SAID: TypeAdapter[Said] = TypeAdapter(Annotated[Said, Field(discriminator="type")])


def said(text: bytes) -> Said:
    """The member's frame. Raises Invalid, whose faults never repeat what came in."""
    try:
        return _SAID.validate_python(orjson.loads(text))
    except orjson.JSONDecodeError:
        raise Invalid("The frame is not valid JSON.") from None
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        faults = [Fault(tuple(each["loc"]), in_words(each, table="an object")) for each in found]
        raise Invalid("The frame is not valid.", faults) from None
