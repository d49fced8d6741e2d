"""Who is asking: tokens and sessions looked up by their digest; how often somebody may ask, and may be wrong."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NoReturn

from aiohttp import web

from relay.core.errors import Denied, SignedOut
from relay.core.identity import is_token, token_digest
from relay.core.staff import Actor, Token, TokenKind
from relay.ports import Clock, SignedIn, Store
from relay.web.cookie import Cookies
from relay.web.limits import Limits
from relay.web.tries import Tries
from relay.web.whence import Whence

_OTHERS = {TokenKind.STAFF, TokenKind.KEY}


@dataclass(frozen=True, slots=True)
class Credential:
    """What a caller shows; a session counts from a cookie alone, everything else from the header alone."""

    secret: str = field(repr=False)
    is_cookie: bool = False


@dataclass(frozen=True, slots=True)
class Gate:
    """Reads nothing but headers; what a caller may do is the route's business. `seen` says whether to give a cookie anew."""

    store: Store
    clock: Clock
    limits: Limits
    whence: Whence
    cookies: Cookies
    seen: Callable[[Token], bool]

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
            token = await self.store.token(digest, self.clock.now())
            if token is not None and token.kind in _OTHERS:
                raise Denied("This is for members alone.")
            self._failed(request)
        return signed

    async def actor(self, request: web.Request) -> Actor:
        """The person or key behind the token or the session, counted. Raises SignedOut, Denied, TooMany."""
        actor, token, given = await self._asking(request)
        buckets = self.limits.key if actor.role is None else self.limits.staff
        buckets.take(actor.id, self.clock.monotonic())
        if token.kind is TokenKind.SESSION and self.seen(token):
            self.cookies.renew(request, given.secret)
        return actor

    async def actor_now(self, request: web.Request) -> Actor:
        """The same, not counted: for a second look at one request."""
        actor, _, _ = await self._asking(request)
        return actor

    async def known(self, request: web.Request) -> Actor | None:
        """Who opens a page that is there for everybody, None for who is not signed in; nothing is counted or refused."""
        try:
            given = self.credential(request)
            found = await self.actor_of(given) if given else None
        except Denied:
            return None
        return found[0] if found else None

    def credential(self, request: web.Request) -> Credential | None:
        """The bearer token, else the cookie: a header wins even when it is no token. Raises Denied for one of another page."""
        if "Authorization" in request.headers:
            secret = bearer(request)
            return Credential(secret) if secret else None
        secret = self.cookies.secret(request)
        return Credential(secret, is_cookie=True) if secret else None

    async def actor_of(self, given: Credential) -> tuple[Actor, Token] | None:
        """Who a credential of the company's side stands for, None when it opens nothing. Raises Denied for a member's."""
        now = self.clock.now()
        token = await self.store.token(token_digest(given.secret), now)
        if token is None or token.kind is TokenKind.LINK or (token.kind is TokenKind.SESSION) != given.is_cookie:
            return None
        if token.kind is TokenKind.MEMBER:
            raise Denied("This is for the company's side alone.")
        if token.kind is not TokenKind.KEY:
            person = await self.store.staff_by_id(token.subject)
            if person is None or person.removed_at is not None:
                return None
            return Actor(person.id, person.name, role=person.role, session=token.id if given.is_cookie else ""), token
        key = await self.store.key_by_id(token.subject)
        if key is None or key.revoked_at is not None or (key.expires_at is not None and key.expires_at <= now):
            return None
        return Actor(key.id, key.name, scopes=key.scopes, created_by=key.created_by), token

    def visitor(self, request: web.Request) -> None:
        """Counts a request that needs no sign-in. Raises TooMany."""
        self.limits.visitor.take(self.whence.address(request), self.clock.monotonic())

    def failed(self, request: web.Request) -> None:
        """Counts a sign-in that failed. Raises TooMany instead of a further 401."""
        self.limits.failed.take(self.whence.address(request), self.clock.monotonic())

    def tries(self, request: web.Request) -> Tries:
        """What this caller may try."""
        return Tries(
            self.limits, self.clock.monotonic, self.whence.address(request), lambda name: self.cookies.mark(request, name)
        )

    async def _asking(self, request: web.Request) -> tuple[Actor, Token, Credential]:
        given = self.credential(request) or self._failed(request)
        found = await self.actor_of(given)
        if found is None:
            self._failed(request)
        return *found, given

    def _failed(self, request: web.Request) -> NoReturn:
        self.failed(request)
        raise SignedOut


def bearer(request: web.Request) -> str | None:
    """The token in the Authorization header, None without one that could be ours."""
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    return secret if scheme.lower() == "bearer" and is_token(secret) else None
