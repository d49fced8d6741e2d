"""What the dispatcher signs nobody in for: health, metrics, pages, and the streams, which do it by their first frame."""

import hmac
from collections.abc import Mapping

from aiohttp import hdrs, web
from prometheus_client import CONTENT_TYPE_LATEST

from relay.core.errors import Denied, SignedOut, Unavailable, Unknown
from relay.web.assets import Asset
from relay.web.auth import bearer
from relay.web.problem import SECURITY
from relay.web.route import PublicCall
from relay.web.whence import is_local

_TEXT = {**SECURITY, "Content-Type": "text/plain; charset=utf-8"}
_HTML = {
    **SECURITY,
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
}
_NO_MODULES = "The console's modules are not here. In a checkout, `make pages` fetches them; then start the relay again."


async def healthz(_: PublicCall) -> web.Response:
    """The process lives; nothing else is looked at, so that a full disk does not get it killed."""
    return web.Response(text="ok\n", headers=_TEXT)


async def readyz(call: PublicCall) -> web.Response:
    """Also while nothing but reading works, or the broker is away, since the rest does; the text then says what and why."""
    if not call.parts.is_ready():
        raise Unavailable("The relay is starting or stopping.", retry_after=1)
    return web.Response(text="".join(f"{note}\n" for note in call.parts.notes() or ("ok",)), headers=_TEXT)


async def metrics(call: PublicCall) -> web.Response:
    """With their own token; without one set, on loopback alone and not through a proxy."""
    wanted = call.settings.metrics_token.get_secret_value()
    if wanted:
        given = bearer(call.request) or ""
        if not hmac.compare_digest(given.encode(), wanted.encode()):
            raise SignedOut
    elif not is_local(call.request):
        raise Denied("Metrics answer on loopback alone unless http.metrics_token is set.")
    return web.Response(body=call.parts.metrics.exposition(), headers={**_TEXT, "Content-Type": CONTENT_TYPE_LATEST})


async def home(call: PublicCall) -> web.Response:
    """What this is; a browser in which staff are signed in goes on to the console."""
    if "Authorization" not in call.request.headers and await call.gate.known(call.request) is not None:
        return web.Response(status=303, headers={**SECURITY, "Location": "/console"})
    return web.Response(body=(await call.documents()).home, headers=_HTML)


async def openapi(call: PublicCall) -> web.Response:
    return web.Response(body=(await call.documents()).openapi, headers={**_TEXT, "Content-Type": "application/json"})


async def reference(call: PublicCall) -> web.Response:
    return web.Response(body=(await call.documents()).reference, headers=_HTML)


async def asyncapi(call: PublicCall) -> web.Response:
    return web.Response(body=(await call.documents()).asyncapi, headers={**_TEXT, "Content-Type": "application/json"})


async def streams(call: PublicCall) -> web.Response:
    return web.Response(body=(await call.documents()).streams, headers=_HTML)


async def errors(call: PublicCall) -> web.Response:
    return web.Response(body=(await call.documents()).errors, headers=_HTML)


async def style(call: PublicCall) -> web.Response:
    return web.Response(body=(await call.documents()).style, headers={**_TEXT, "Content-Type": "text/css; charset=utf-8"})


async def members_stream(call: PublicCall) -> web.StreamResponse:
    return await call.parts.members_stream(call.request, "")


async def staff_stream(call: PublicCall) -> web.StreamResponse:
    return await call.staff_stream(call.request)


async def asset(call: PublicCall) -> web.Response:
    """The file, or 304 for who has it. Raises Unknown."""
    found = call.assets.files.get("{area}/{file}".format(**call.request.match_info))
    if found is None:
        raise Unknown
    return file(call.request, found, SECURITY)


def file(request: web.Request, found: Asset, headers: Mapping[str, str]) -> web.Response:
    headers = {**headers, "Content-Type": found.media, "Cache-Control": "no-cache", "ETag": found.tag}
    if found.tag in request.headers.get(hdrs.IF_NONE_MATCH, ""):
        return web.Response(status=304, headers=headers)
    return web.Response(body=found.body, headers=headers)


async def console(call: PublicCall) -> web.Response:
    """The page that the console lives in. Raises Unavailable where its modules were not fetched."""
    shell = call.assets.shell
    if shell is None:
        raise Unavailable(_NO_MODULES)
    headers = {**SECURITY, "Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": shell.policy}
    return web.Response(body=shell.body, headers=headers)
