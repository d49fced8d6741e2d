"""The dispatcher, one for every request: signs in, authorises, reads, calls the handler, answers whatever happens."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import structlog
from aiohttp import hdrs, web

from relay.core.browser import browser
from relay.core.errors import Denied, RelayError, Unknown
from relay.core.staff import Actor
from relay.ports import SignedIn
from relay.web.assets import Assets
from relay.web.auth import Gate
from relay.web.cookie import WithCookie
from relay.web.idempotency import HEADER, Attempt, Repeats, checked_key, fingerprint, no_key
from relay.web.parts import Library, Parts, RawHandler
from relay.web.problem import SECURITY, internal, of_http, refused
from relay.web.reading import TooSlow, WrongMedia, parse_body, parse_query, read_body
from relay.web.route import MemberCall, PublicCall, Route, StaffCall, Told, Visit, VisitorCall, Who
from relay.web.settings import HttpSettings
from relay.web.views import dumps

_JSON: Final = {**SECURITY, "Content-Type": "application/json"}
_EXPOSED = f"Retry-After, Location, {HEADER}"

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Dispatcher:
    """Everything that a request meets before and after its handler."""

    parts: Parts
    settings: HttpSettings
    gate: Gate
    repeats: Repeats
    documents: Library
    assets: Assets
    staff_stream: RawHandler

    def bound(self, route: Route) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        """The aiohttp handler of a route."""
        serve = self._public if route.kind != "json" else self._serving[route.who]

        async def handle(request: web.Request) -> web.StreamResponse:
            origin = None
            try:
                origin = self.gate.whence.check_origin(request, is_page=route.is_page and route.is_reading)
                response = await serve(route, request)
            except ConnectionError:
                raise
            except Exception as error:  # noqa: BLE001  what nobody foresaw is logged with its trace
                problem = self._problem(route, error)
                response = route.told(request, problem) if route.told is not None else problem
            if origin is not None and not response.prepared:
                allow(response, origin)
            self.parts.metrics.answered(route.method, route.path, response.status)
            return response

        return handle

    def _problem(self, route: Route, error: Exception) -> web.Response:
        match error:
            case RelayError():
                return refused(error)
            case web.HTTPException():
                return of_http(error.status, _kept(error.headers))
            case TooSlow():
                response = of_http(408)
                response.force_close()
                return response
            case WrongMedia():
                return of_http(415)
        request_id = self.parts.ids()
        log.error("request failed", request=request_id, method=route.method, route=route.path, exc_info=error)
        return internal(request_id)

    @property
    def _serving(self) -> Mapping[Who, Callable[[Route, web.Request], Awaitable[web.StreamResponse]]]:
        return {Who.STAFF: self._staff, Who.MEMBER: self._member, Who.PUBLIC: self._visitor}

    async def _staff(self, route: Route, request: web.Request) -> web.Response:
        return await self._answer(route, request, _admitted(route, await self.gate.actor(request)))

    async def _member(self, route: Route, request: web.Request) -> web.Response:
        return await self._answer(route, request, await self.gate.member(request))

    async def _visitor(self, route: Route, request: web.Request) -> web.Response:
        """Who has not signed in, such as who is about to."""
        self.gate.visitor(request)
        if route.is_entrance:
            self.gate.cookies.check(request)
        parse_query(request.query, route.query)
        raw = await read_body(request, self.settings.body_seconds) if request.body_exists else b""
        body = parse_body(raw, route.body) if route.body is not None else None
        call = VisitorCall(self.parts, self._visit(request), request.match_info, body)
        return self._answered(request, route, await route.handler(call))

    def _visit(self, request: web.Request) -> Visit:
        label = browser(request.headers.get("User-Agent", ""))
        return Visit(self.gate.whence.site(request), label, self.gate.tries(request))

    async def _still(self, route: Route, request: web.Request, caller: Actor | SignedIn) -> Actor | SignedIn:
        """The caller after a wait, in which they may have been revoked. Raises as signing in does."""
        if isinstance(caller, Actor):
            return _admitted(route, await self.gate.actor_now(request))
        return await self.gate.member_now(request)

    async def _public(self, route: Route, request: web.Request) -> web.StreamResponse:
        """Pages and what belongs to them, and the streams, which sign in by their first frame and bound those who have not."""
        if route.kind == "page":
            self.gate.visitor(request)
        query = parse_query(request.query, route.query)
        call = PublicCall(self.parts, self.settings, self.gate, request, self.documents, self.assets, self.staff_stream, query)
        response: web.StreamResponse = await route.handler(call)
        return response

    async def _answer(self, route: Route, request: web.Request, caller: Actor | SignedIn) -> web.Response:
        query = parse_query(request.query, route.query)
        raw = b""
        if request.body_exists:
            is_late = not request.content.is_eof()
            raw = await read_body(request, self.settings.body_seconds)
            caller = await self._still(route, request, caller) if is_late else caller
        body = parse_body(raw, route.body) if route.body is not None else None
        call = self._call(request, caller, body, query)
        key = request.headers.get(HEADER) if route.is_creating else None
        if key is None:
            return self._answered(request, route, await route.handler(call))
        who = caller.id if isinstance(caller, Actor) else caller.member.id
        attempt = Attempt(
            caller=who,
            key=checked_key(key),
            fingerprint=fingerprint(request.method, request.path_qs, raw),
            status=route.status,
            secret=route.secret,
            about=request.match_info.get("id", ""),
        )
        return await self._once(request, route, call, attempt)

    def _call(self, request: web.Request, caller: Actor | SignedIn, body: Any, query: Any) -> Any:  # noqa: ANN401
        if isinstance(caller, Actor):
            return StaffCall(self.parts, caller, self._visit(request), request.match_info, body, query, no_key)
        return MemberCall(self.parts, caller, body, query, no_key)

    async def _once(self, request: web.Request, route: Route, call: Any, attempt: Attempt) -> web.Response:  # noqa: ANN401
        earlier = await self.repeats.begin(attempt)
        if earlier is not None:
            return web.Response(body=earlier.body.encode(), status=earlier.status, headers=_JSON)
        try:
            remembering = replace(call, also=lambda render: attempt.also(self.parts.clock, render))
            return self._answered(request, route, await route.handler(remembering))
        finally:
            self.repeats.end(attempt)

    def _answered(self, request: web.Request, route: Route, found: object) -> web.Response:
        view = found.view if isinstance(found, WithCookie) else found
        if view is None:
            response = web.Response(status=204, headers=SECURITY)
        elif isinstance(view, bytes):
            response = web.Response(body=view, status=route.status, headers={**SECURITY, "Content-Type": route.media})
        else:
            response = web.Response(body=dumps(view), status=route.status, headers=_JSON)
        self.gate.cookies.put(request, response, found)
        return response

    async def unmatched(self, request: web.Request, methods: list[str], told: Told | None) -> web.Response:
        """A path or method that no route has; `methods` are those that the path does have, `told` makes a page of it."""
        is_page = told is not None and request.method == hdrs.METH_GET
        response = self._unmatched(request, methods, is_page=is_page)
        return told(request, response) if told is not None else response

    def _unmatched(self, request: web.Request, methods: list[str], *, is_page: bool) -> web.Response:
        try:
            origin = self.gate.whence.check_origin(request, is_page=is_page)
            self.gate.visitor(request)
            if not methods:
                raise Unknown
        except RelayError as error:
            return refused(error)
        if request.method == hdrs.METH_OPTIONS and origin is not None:
            return _preflight(origin, methods)
        return of_http(405, {"Allow": ", ".join(methods)})


def _admitted(route: Route, actor: Actor) -> Actor:
    if not route.admits(actor):
        raise Denied
    return actor


def allow(response: web.StreamResponse, origin: str) -> None:
    """Lets the page of a configured origin read the answer."""
    response.headers["Access-Control-Allow-Origin"] = origin
    response.headers["Access-Control-Expose-Headers"] = _EXPOSED
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    response.headers["Vary"] = "Origin"


def _preflight(origin: str, methods: list[str]) -> web.Response:
    response = web.Response(status=204, headers=SECURITY)
    allow(response, origin)
    response.headers["Access-Control-Allow-Methods"] = ", ".join(methods)
    response.headers["Access-Control-Allow-Headers"] = f"Authorization, Content-Type, {HEADER}"
    response.headers["Access-Control-Max-Age"] = "600"
    return response


def _kept(headers: Mapping[str, str]) -> dict[str, str]:
    """What of an HTTPException's headers belongs to the answer as well."""
    return {name: headers[name] for name in ("Allow", "Sec-WebSocket-Version") if name in headers}
