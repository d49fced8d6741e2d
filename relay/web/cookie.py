"""The cookie of a session: what it is called, when it counts, how it is given and taken away.

It counts for the relay's own pages alone: a page of another site on the same machine can have the browser send it, too.
"""

from dataclasses import dataclass, field

from aiohttp import web

from relay.core.errors import Denied
from relay.core.identity import is_token
from relay.core.known import Known
from relay.core.session import LASTS
from relay.web.whence import Whence, is_local

SECURE = "__Host-relay"  # browsers take it over HTTPS alone, from this very host, and let no subdomain set it (RFC 6265bis)
PLAIN = "relay"  # on this machine, where there is no HTTPS
KNOWN = "-known"  # behind either name: what the browser keeps of who signed in from it
KNOWN_LASTS = 400 * 86_400  # seconds: the most that browsers keep one (RFC 6265bis), renewed whenever somebody signs in
ELSEWHERE = "Signing in counts for the relay's own pages alone."
IN_THE_CLEAR = (
    "Signing in needs HTTPS, or a browser on the relay's own machine. "
    "Put TLS in front of the relay, and name that proxy in http.proxies."
)
_RENEWED = web.RequestKey("session to be renewed", str)


@dataclass(frozen=True, slots=True)
class WithCookie:
    """An answer that begins a session by its secret, or ends it: None. By `name` the browser is known from then on."""

    view: object
    secret: str | None = field(repr=False)
    name: str = ""


@dataclass(frozen=True, slots=True)
class Cookies:
    """One name a scheme; the browser keeps who signed in from it under a second one, for longer than any session."""

    whence: Whence
    known: Known

    def secret(self, request: web.Request) -> str | None:
        """What the cookie holds, None without one that could be ours. Raises Denied when another page has it sent."""
        name = self._name(request)
        secret = request.cookies.get(name, "") if name else ""
        if not is_token(secret):
            return None
        if not self.whence.is_own_page(request):
            raise Denied(ELSEWHERE)
        return secret

    def check(self, request: web.Request) -> None:
        """Raises Denied where one could not be given: to another site's page, or in the clear."""
        is_browser = "Origin" in request.headers or "Sec-Fetch-Site" in request.headers
        if is_browser and not self.whence.is_own_page(request):
            raise Denied(ELSEWHERE)
        if self._name(request) is None:
            raise Denied(IN_THE_CLEAR)

    def renew(self, request: web.Request, secret: str) -> None:
        """The answer to this request gives it anew, so that the browser keeps it as long as the session lasts."""
        request[_RENEWED] = secret

    def put(self, request: web.Request, response: web.StreamResponse, found: object) -> None:
        """Gives or takes away what the answer asks for, or renews what has to be."""
        if isinstance(found, WithCookie):
            self._set(request, response, found.secret)
            if found.name:
                self._know(request, response, found.name)
        elif secret := request.get(_RENEWED):
            self._set(request, response, secret)

    def mark(self, request: web.Request, name: str) -> str | None:
        """What the browser has of somebody who signed in from it by this name."""
        kept = self._name(request)
        return self.known.mark(request.cookies.get(f"{kept}{KNOWN}", ""), name) if kept else None

    def _know(self, request: web.Request, response: web.StreamResponse, name: str) -> None:
        kept = self._name(request)
        if kept is not None:
            value = self.known.with_name(request.cookies.get(f"{kept}{KNOWN}", ""), name)
            self._put(response, f"{kept}{KNOWN}", value, KNOWN_LASTS)

    def _set(self, request: web.Request, response: web.StreamResponse, secret: str | None) -> None:
        name = self._name(request)
        if name is None:
            return
        self._put(response, name, secret or "", int(LASTS.total_seconds()) if secret else 0)

    def _put(self, response: web.StreamResponse, name: str, value: str, age: int) -> None:
        is_secure = name.startswith(SECURE)
        response.set_cookie(name, value, max_age=age, path="/", secure=is_secure, httponly=True, samesite="Strict")

    def _name(self, request: web.Request) -> str | None:
        if self.whence.is_https(request):
            return SECURE
        return PLAIN if is_local(request) else None
