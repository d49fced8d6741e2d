"""Who is asking: bearer tokens looked up by their digest, and browsers of foreign pages refused."""

from dataclasses import dataclass
from typing import NoReturn

from aiohttp import web

from relay.core.errors import Denied, SignedOut
from relay.core.identity import is_token, token_digest
from relay.core.staff import Actor, Token, TokenKind
from relay.ports import Clock, SignedIn, Store
from relay.web.limits import Limits
from relay.web.settings import HttpSettings


@dataclass(frozen=True, slots=True)
class Gate:
    """Reads nothing but headers; what a caller may do is the route's business."""

    store: Store
    clock: Clock
    limits: Limits
    settings: HttpSettings

    async def member(self, request: web.Request) -> SignedIn:
        """The member behind the token, counted. Raises SignedOut, Denied (somebody else's token), TooMany."""
        signed = await self.member_now(request)
        self.limits.member.take(signed.member.id, self.clock.monotonic())
        return signed

    async def member_now(self, request: web.Request) -> SignedIn:
        """The same, not counted: for a second look at one request."""
        digest = token_digest(bearer(request) or self._failed(request))
        signed = await self.store.signed_in(digest, self.clock.now())
        if signed is None:
            if await self.store.token(digest, self.clock.now()) is not None:
                raise Denied("This is for members alone.")
            self._failed(request)
        return signed

    async def actor(self, request: web.Request) -> Actor:
        """The person or key behind the token, counted. Raises SignedOut, Denied (a member's token), TooMany."""
        actor = await self.actor_now(request)
        buckets = self.limits.key if actor.role is None else self.limits.staff
        buckets.take(actor.id, self.clock.monotonic())
        return actor

    async def actor_now(self, request: web.Request) -> Actor:
        """The same, not counted: for a second look at one request."""
        found = await self.actor_of(bearer(request) or self._failed(request))
        if found is None:
            self._failed(request)
        return found[0]

    async def actor_of(self, secret: str) -> tuple[Actor, Token] | None:
        """Who a token of staff or of a key stands for, None when it opens nothing. Raises Denied for a member's."""
        now = self.clock.now()
        token = await self.store.token(token_digest(secret), now)
        if token is None:
            return None
        if token.kind is TokenKind.MEMBER:
            raise Denied("This is for the company's side alone.")
        if token.kind is TokenKind.STAFF:
            person = await self.store.staff_by_id(token.subject)
            if person is None or person.removed_at is not None:
                return None
            return Actor(person.id, person.name, role=person.role), token
        key = await self.store.key_by_id(token.subject)
        if key is None or key.revoked_at is not None or (key.expires_at is not None and key.expires_at <= now):
            return None
        return Actor(key.id, key.name, scopes=key.scopes, created_by=key.created_by), token

    def visitor(self, request: web.Request) -> None:
        """Counts a request that needs no sign-in. Raises TooMany."""
        self.limits.visitor.take(self.address(request), self.clock.monotonic())

    def failed(self, request: web.Request) -> None:
        """Counts a sign-in that failed. Raises TooMany instead of a further 401."""
        self.limits.failed.take(self.address(request), self.clock.monotonic())

    def address(self, request: web.Request) -> str:
        """The caller's address, as a believed proxy tells it; empty where there is none, as on a Unix socket."""
        remote = request.remote or ""
        if self.settings.is_proxy(remote):
            return request.headers.getall("X-Forwarded-For", [remote])[-1].rpartition(",")[2].strip()
        return remote

    def _failed(self, request: web.Request) -> NoReturn:
        self.failed(request)
        raise SignedOut

    def check_origin(self, request: web.Request, *, is_page: bool = False) -> str | None:
        """The foreign origin that may call, None for no browser and for our own pages. Raises Denied for all others."""
        origin = request.headers.get("Origin")
        if origin is None:
            if request.headers.get("Sec-Fetch-Site") == "cross-site" and not is_page:
                raise Denied("Pages of other sites may not call the relay.")
            return None
        if origin in self.settings.origins:
            return origin
        scheme = request.scheme
        if self.settings.is_proxy(request.remote or ""):
            scheme = request.headers.get("X-Forwarded-Proto", scheme)
        if origin != f"{scheme}://{request.host}":
            raise Denied("Pages of this origin may not call the relay.")
        return None


def bearer(request: web.Request) -> str | None:
    """The token in the Authorization header, None without one that could be ours."""
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    return secret if scheme.lower() == "bearer" and is_token(secret) else None
