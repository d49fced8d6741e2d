"""The cookies of a member's browser: who they are, one for each community, and for an hour the step they are at.

Only HTTPS keeps a cookie to itself; on loopback nothing travels, so plain HTTP will do there, and nowhere else.
"""

from aiohttp import web

from relay.core.errors import Denied
from relay.web.auth import Gate
from relay.web.whence import is_local

LASTS = 400 * 86_400  # seconds: the most that browsers keep one (RFC 6265bis), renewed with each visit
STEP_LASTS = 3600  # seconds: as long as the step can be taken
INSECURE = (
    "This address is not protected (plain HTTP), so nobody can be signed in here. Open it by https://, or if there is none yet:"
    " put TLS in front of the relay."
)


def member_token(gate: Gate, request: web.Request, slug: str) -> str:
    """Empty when there is none, or none that may count."""
    return _get(gate, request, f"relay-m-{slug}")


def step_code(gate: Gate, request: web.Request, slug: str) -> str:
    """The code of the step that is left before somebody is in."""
    return _get(gate, request, f"relay-j-{slug}")


def keep_member(gate: Gate, request: web.Request, response: web.Response, slug: str, token: str) -> None:
    """Signs the browser in. Raises Denied where a cookie would be anybody's to read."""
    _set(response, *_named(gate, request, f"relay-m-{slug}"), token, LASTS)


def keep_step(gate: Gate, request: web.Request, response: web.Response, slug: str, code: str) -> None:
    """Raises Denied as well."""
    _set(response, *_named(gate, request, f"relay-j-{slug}"), code, STEP_LASTS)


def drop_member(gate: Gate, request: web.Request, response: web.Response, slug: str) -> None:
    _set(response, *_named(gate, request, f"relay-m-{slug}"), "", 0)


def drop_step(gate: Gate, request: web.Request, response: web.Response, slug: str) -> None:
    _set(response, *_named(gate, request, f"relay-j-{slug}"), "", 0)


def _get(gate: Gate, request: web.Request, name: str) -> str:
    try:
        return request.cookies.get(_named(gate, request, name)[0], "")
    except Denied:
        return ""


def _named(gate: Gate, request: web.Request, name: str) -> tuple[str, bool]:
    """(what it is called here, whether it is for HTTPS alone). Raises Denied."""
    if gate.whence.is_https(request):
        return f"__Host-{name}", True
    if is_local(request):
        return name, False
    raise Denied(INSECURE)


def _set(response: web.Response, name: str, is_secure: bool, value: str, seconds: int) -> None:  # noqa: FBT001
    response.set_cookie(name, value, max_age=seconds, path="/", secure=is_secure, httponly=True, samesite="Lax")
