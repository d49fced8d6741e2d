"""What the dispatcher signs nobody in for: health, metrics, pages, and the streams, which do it by their first frame."""

import hmac
import ipaddress

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST

from relay.core.errors import Denied, SignedOut, Unavailable
from relay.web.auth import bearer
from relay.web.problem import SECURITY
from relay.web.route import PublicCall

_TEXT = {**SECURITY, "Content-Type": "text/plain; charset=utf-8"}
_HTML = {
    **SECURITY,
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
}
_FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Real-IP")


async def healthz(_: PublicCall) -> web.Response:
    """The process lives; nothing else is looked at, so that a full disk does not get it killed."""
    return web.Response(text="ok\n", headers=_TEXT)


async def readyz(call: PublicCall) -> web.Response:
    if not call.parts.is_ready():
        raise Unavailable("The relay is starting or stopping.", retry_after=1)
    return web.Response(text="ok\n", headers=_TEXT)


async def metrics(call: PublicCall) -> web.Response:
    """With their own token; without one set, on loopback alone and not through a proxy."""
    wanted = call.settings.metrics_token.get_secret_value()
    if wanted:
        given = bearer(call.request) or ""
        if not hmac.compare_digest(given.encode(), wanted.encode()):
            raise SignedOut
    elif not _is_local(call.request):
        raise Denied("Metrics answer on loopback alone unless http.metrics_token is set.")
    return web.Response(body=call.parts.metrics.exposition(), headers={**_TEXT, "Content-Type": CONTENT_TYPE_LATEST})


def _is_local(request: web.Request) -> bool:
    """A page that rebinds its name to loopback has another Host; a proxy on this machine names whom it speaks for."""
    host = request.host.rpartition(":")[0] or request.host
    return _is_loopback(request.remote) and _is_loopback(host) and not any(name in request.headers for name in _FORWARDED)


def _is_loopback(host: str | None) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address((host or "").strip("[]")).is_loopback
    except ValueError:
        return False


async def home(call: PublicCall) -> web.Response:
    return web.Response(body=(await call.documents()).home, headers=_HTML)


async def openapi(call: PublicCall) -> web.Response:
    return web.Response(body=(await call.documents()).openapi, headers={**_TEXT, "Content-Type": "application/json"})


async def reference(call: PublicCall) -> web.Response:
    return web.Response(body=(await call.documents()).reference, headers=_HTML)


async def errors(call: PublicCall) -> web.Response:
    return web.Response(body=(await call.documents()).errors, headers=_HTML)


async def style(call: PublicCall) -> web.Response:
    return web.Response(body=(await call.documents()).style, headers={**_TEXT, "Content-Type": "text/css; charset=utf-8"})


async def members_stream(call: PublicCall) -> web.StreamResponse:
    return await call.parts.members_stream(call.request)


async def staff_stream(call: PublicCall) -> web.StreamResponse:
    return await call.staff_stream(call.request)
