"""Reading a request: its body as JSON without duplicates, its query, each checked against the route's model."""

import asyncio
import json
from collections.abc import Collection, Mapping
from typing import Any, NoReturn

from aiohttp import web
from pydantic import BaseModel, ValidationError

from relay.core.errors import Fault, Invalid, TooLarge
from relay.web.problem import invalid

_JSON = {"application/json", "application/octet-stream"}  # the second is what aiohttp says when the header is absent


class TooSlow(Exception):
    """The body did not arrive in its time."""


class WrongMedia(Exception):
    """The body is no plain JSON."""


async def read_body(request: web.Request, seconds: float, media: Collection[str] = _JSON) -> bytes:
    """The whole body, of one of these media. Raises TooLarge, TooSlow, WrongMedia."""
    if not request.can_read_body:
        return b""
    if request.content_type not in media or "Content-Encoding" in request.headers:
        raise WrongMedia
    if (request.content_length or 0) > request.client_max_size:
        raise TooLarge
    try:
        if request.content.is_eof():  # it came with the header: no timer needed
            return await request.read()
        async with asyncio.timeout(seconds):
            return await request.read()
    except web.HTTPRequestEntityTooLarge:
        raise TooLarge from None
    except TimeoutError:
        raise TooSlow from None


def parse_body(raw: bytes, model: type[BaseModel]) -> BaseModel:
    """The body as the model; an empty one counts as {}. Raises Invalid."""
    value = _parsed(raw) if raw else {}
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise invalid("body", error) from None


def parse_query(query: Mapping[str, str], model: type[BaseModel] | None) -> BaseModel | None:
    """The query as the model; a route without one takes none. Raises Invalid."""
    if model is None:
        if query:
            raise Invalid("The query is not valid.", [Fault(("query",), "is not known here")])
        return None
    if len(set(query)) != len(query):
        raise Invalid("The query is not valid.", [Fault(("query",), "names something twice")])
    try:
        return model.model_validate(dict(query))
    except ValidationError as error:
        raise invalid("query", error) from None


def _parsed(raw: bytes) -> object:
    try:
        return _READER.decode(raw.decode())
    except UnicodeDecodeError:
        raise Invalid("The body is not UTF-8.") from None
    except RecursionError:
        raise Invalid("The body is nested too deeply.") from None
    except ValueError:
        raise Invalid("The body is not JSON.") from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """JSON leaves open which of two equal names counts, so neither does."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Invalid("The body names a field twice.")
    return found


def _no_number(_: str) -> NoReturn:
    raise Invalid("NaN and Infinity are no JSON.")


_READER = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_no_number)
