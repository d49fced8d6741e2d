"""The server: builds the HTTP surface from its table, the parts and the settings."""

import asyncio
from collections.abc import AsyncIterator

from aiohttp import hdrs, web

from relay.web import assets, openapi
from relay.web.auth import Gate
from relay.web.cookie import Cookies
from relay.web.dispatch import Dispatcher
from relay.web.idempotency import Repeats
from relay.web.limits import limits
from relay.web.live import Live
from relay.web.member.page import PAGES, pages, told_at
from relay.web.parts import Parts
from relay.web.ring import Ring
from relay.web.settings import HttpSettings
from relay.web.table import ROUTES
from relay.web.whence import Whence

__all__ = ["HttpSettings", "Parts", "build"]

FORGET_EVERY = 3600.0  # seconds between two clearings of answers older than a week


def build(parts: Parts, settings: HttpSettings) -> web.Application:
    """The application; run it with `door.Runner`, which adds deadlines and a ceiling."""
    whence = Whence(settings)
    gate = Gate(parts.store, parts.clock, limits(settings.limits), whence, Cookies(whence, parts.known), parts.sign_in.seen)
    live = Live(gate, parts.govern, Ring(parts.ids(), settings.events), settings.events)
    live.listen(parts.bus)
    parts.metrics.staff_connected.set_function(lambda: len(live))
    repeats = Repeats(parts.store, parts.clock)
    stream = next(route for route in ROUTES if route.path == "/v1/staff/stream")
    dispatcher = Dispatcher(
        parts,
        settings,
        gate,
        repeats,
        openapi.library(ROUTES, parts.frames),
        assets.load(),
        lambda request: live.serve(request, stream),
    )
    app = web.Application(client_max_size=settings.body_bytes)
    app[PAGES] = pages()
    _route(app, dispatcher)
    app.cleanup_ctx.append(lambda _: _running(live, repeats))
    app.on_shutdown.append(lambda _: _stop(live))
    return app


def _route(app: web.Application, dispatcher: Dispatcher) -> None:
    async def expect(request: web.Request) -> web.StreamResponse | None:
        """Says 100 to who asks for it, nothing to what nobody knows; RFC 9110 allows to ignore it."""
        if request.version >= (1, 1) and request.headers[hdrs.EXPECT].lower() == "100-continue":
            await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        return None

    for route in ROUTES:
        app.router.add_route(route.method, route.pattern, dispatcher.bound(route), expect_handler=expect)
    expressions = [(route.expression, route.method) for route in ROUTES]

    async def unmatched(request: web.Request) -> web.StreamResponse:
        methods = {method for expression, method in expressions if expression.fullmatch(request.rel_url.raw_path)}
        return await dispatcher.unmatched(request, sorted(methods), told_at(request))

    app.router.add_route("*", r"/{rest:[\s\S]*}", unmatched, expect_handler=expect)  # line breaks are no end of a path


async def _running(live: Live, repeats: Repeats) -> AsyncIterator[None]:
    await live.start()
    clearing = asyncio.create_task(repeats.clear(FORGET_EVERY), name="clear old answers")
    yield
    clearing.cancel()
    await asyncio.wait({clearing})


async def _stop(live: Live) -> None:
    live.stop()
