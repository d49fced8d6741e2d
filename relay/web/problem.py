"""Problems: every error that leaves over HTTP as application/problem+json (RFC 9457), never with an echo of what came in."""

import math
from collections.abc import Mapping
from typing import Final

import orjson
from aiohttp import web
from pydantic import ValidationError

from relay.core.errors import Invalid, RelayError, SignedOut, TooMany, Unavailable, Unknown
from relay.core.problem import TYPE, Problem, problem
from relay.wording import faults_in

NOT_FOUND = 404

FORMS: Final[Mapping[str, str]] = {
    "^[A-Za-z0-9_-]{1,40}$": "should be 1 to 40 letters, digits, hyphens or underscores",
    "^[A-Za-z0-9_-]{0,40}$": "should be at most 40 letters, digits, hyphens or underscores",
    "^[A-Za-z0-9_-]{1,64}$": "should be the code of an invite",
    "^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$": "is no language such as de or en-GB",
    "^([01][0-9]|2[0-3]):[0-5][0-9]$": "is no time of day such as 21:00",
    "^[a-z][a-z0-9-]{0,30}$": "should be the name of a channel, such as web",
    "^[!-~]{1,400}$": "is not what an earlier page gave as `next`",
}
"""What a caller is told instead of the pattern that a text does not match."""

SECURITY: Final[Mapping[str, str]] = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Server": "relay",
    "X-Content-Type-Options": "nosniff",
}
"""Headers of every answer; pages replace the policy with their own."""

_HEADERS: Final = {**SECURITY, "Content-Type": "application/problem+json"}

_OF_HTTP: Final[Mapping[int, tuple[str, str, str]]] = {
    400: ("bad-request", "Not understood", "This is no valid HTTP request, or no WebSocket handshake."),
    405: ("wrong-method", "Method not allowed", "This address does not take that method."),
    408: ("too-slow", "Too slow", "The request did not arrive in its time."),
    415: ("wrong-media", "Wrong media type", "Send application/json without a content encoding."),
    426: ("upgrade", "Upgrade required", "Only WebSocket version 13 is spoken here."),
}
"""What aiohttp or HTTP itself refuses; everything else is a leaf of core.errors."""


def respond(body: Problem, headers: Mapping[str, str] | None = None) -> web.Response:
    """The problem as a response."""
    return web.Response(body=orjson.dumps(body), status=body["status"], headers={**_HEADERS, **(headers or {})})


def refused(error: RelayError) -> web.Response:
    """The answer to an error of ours."""
    headers = {}
    if isinstance(error, TooMany | Unavailable):
        headers["Retry-After"] = str(max(1, math.ceil(error.retry_after)))
    elif isinstance(error, SignedOut):
        headers["WWW-Authenticate"] = "Bearer"
    return respond(problem(error), headers)


def of_http(status: int, headers: Mapping[str, str] | None = None) -> web.Response:
    """The answer to an error of HTTP itself."""
    if status == NOT_FOUND:
        return refused(Unknown())
    slug, title, detail = _OF_HTTP.get(status, _OF_HTTP[400])
    return respond(Problem(type=TYPE + slug, title=title, status=status if status in _OF_HTTP else 400, detail=detail), headers)


def internal(request_id: str) -> web.Response:
    """The answer to a fault of ours; the id leads to the trace in the log."""
    detail = f"Something went wrong here. The log knows more about request {request_id}."
    return respond(Problem(type=TYPE + "internal", title="Internal error", status=500, detail=detail))


def invalid(where: str, error: ValidationError) -> Invalid:
    """What pydantic found, without the values: `where` is body or query."""
    return Invalid(f"The {where} is not valid.", faults_in(error, within=where, forms=FORMS))


def described() -> Mapping[str, tuple[str, int, str]]:
    """Slug -> (title, status, what it means) of the problems that HTTP itself adds; for the page that explains them."""
    return {slug: (title, status, detail) for status, (slug, title, detail) in _OF_HTTP.items()}
