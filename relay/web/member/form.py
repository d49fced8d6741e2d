"""Forms as browsers send them: read, and checked against a model like every other body."""

from typing import TypeVar
from urllib.parse import parse_qsl

from aiohttp import web
from pydantic import ValidationError

from relay.core.errors import Invalid
from relay.web.bodies import Body
from relay.web.problem import invalid
from relay.web.reading import read_body

B = TypeVar("B", bound=Body)

MEDIA = frozenset({"application/x-www-form-urlencoded"})
MOST_FIELDS = 20


async def read_form(request: web.Request, seconds: float, model: type[B]) -> B:
    """The form as the model, with line breaks as everywhere here. Raises Invalid, TooLarge, TooSlow, WrongMedia."""
    raw = await read_body(request, seconds, MEDIA) if request.body_exists else b""
    try:
        pairs = parse_qsl(raw.decode("ascii"), keep_blank_values=True, max_num_fields=MOST_FIELDS, errors="strict")
    except ValueError:  # UnicodeDecodeError is one
        raise Invalid("The form is not valid.") from None
    fields = {name: value.replace("\r\n", "\n") for name, value in pairs}
    if len(fields) != len(pairs):
        raise Invalid("The form names a field twice.")
    try:
        return model.model_validate(fields)
    except ValidationError as error:
        raise invalid("form", error) from None
