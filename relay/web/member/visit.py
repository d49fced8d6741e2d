"""A visit: somebody at a community's page, and which member they are if their cookie says so."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiohttp import web

from relay.core.community import Community
from relay.core.errors import Denied
from relay.core.identity import is_token, token_digest
from relay.ports import SignedIn
from relay.web.communities import community_at
from relay.web.member.cookie import member_token
from relay.web.member.page import PAGES, SPOKEN, see_other
from relay.web.member.words import Words, spoken
from relay.web.route import PublicCall


@dataclass(frozen=True, slots=True)
class Visit:
    """`signed` is None for who is not in, or not on this browser."""

    call: PublicCall
    community: Community
    signed: SignedIn | None
    words: Words

    @property
    def request(self) -> web.Request:
        return self.call.request

    @property
    def home(self) -> str:
        return f"/c/{self.community.slug}"

    @property
    def zone(self) -> str:
        return self.signed.member.time_zone if self.signed is not None else self.community.time_zone

    def page(self, template: str, status: int = 200, **values: object) -> web.Response:
        made = self.request.app[PAGES]
        given = {"community": self.community, "home": self.home, "zone": self.zone, "signed": self.signed}
        return made.render(template, self.words, status, **given, **values)


@dataclass(frozen=True, slots=True)
class Own:
    """A visit of a member to what is theirs."""

    visit: Visit
    signed: SignedIn

    @property
    def call(self) -> PublicCall:
        return self.visit.call


async def arrive(call: PublicCall) -> Visit:
    """Who is there, counted: a member as such, everybody else by their address. Raises Unknown, TooMany."""
    slug = call.request.match_info["slug"]
    signed = await _signed(call, slug)
    if signed is not None:
        words = words_for(call, signed.member.language, signed.community.language)
        call.gate.limits.member.take(signed.member.id, call.parts.clock.monotonic())
        return Visit(call, signed.community, signed, words)
    call.gate.visitor(call.request)
    community = await community_at(call.parts, slug)
    return Visit(call, community, None, words_for(call, "", community.language))


def words_for(call: PublicCall, own: str, company: str) -> Words:
    """In the language asked for in the address, else the member's, else the browser's, else the company's.

    What goes wrong later in this request is told in it, too.
    """
    request, query = call.request, call.query
    wishes = (getattr(query, "language", ""), own, request.headers.get("Accept-Language", ""), company)
    request[SPOKEN] = words = request.app[PAGES].words[spoken(*wishes)]
    return words


async def _signed(call: PublicCall, slug: str) -> SignedIn | None:
    secret = member_token(call.gate, call.request, slug)
    if not is_token(secret):
        return None
    signed = await call.parts.store.signed_in(token_digest(secret), call.parts.clock.now())
    return signed if signed is not None and signed.community.slug == slug else None


def check_own(call: PublicCall) -> None:
    """What a cookie signs, our own page alone may send. Raises Denied."""
    if not call.gate.whence.is_own_page(call.request):
        raise Denied("Only the relay's own pages may send this.")


def own(handler: Callable[[Own], Awaitable[web.StreamResponse]]) -> Callable[[PublicCall], Awaitable[web.StreamResponse]]:
    """For pages of a member alone: everybody else is led to the community's page; a form has to come from our own page."""

    async def handle(call: PublicCall) -> web.StreamResponse:
        if call.request.method != "GET":
            check_own(call)
        visit = await arrive(call)
        if visit.signed is None:
            return see_other(visit.home)
        return await handler(Own(visit, visit.signed))

    return handle
