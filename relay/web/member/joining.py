"""Coming in by an invite: the page that says who asks and what for, the step that confirms it, and access codes of staff."""

from math import ceil
from zoneinfo import ZoneInfo

from aiohttp import web

from relay.core.community import Community
from relay.core.errors import Invalid, TooMany, Unknown
from relay.core.identity import is_token, token_digest
from relay.core.joining import Invite
from relay.core.member import Standing
from relay.flows.join import Asked, Waiting
from relay.web.member import cookie
from relay.web.member.form import read_form
from relay.web.member.forms import EnterForm, JoinForm, NoForm
from relay.web.member.page import see_other
from relay.web.member.visit import Visit, arrive, check_own, words_for
from relay.web.route import PublicCall

WAY = "page"
SOONEST = 2  # seconds until somebody is asked to press again


async def invite(call: PublicCall) -> web.Response:
    """Company, imprint and privacy page stand before anything is asked. Who is in already is led to their stream."""
    found, community = await _opened(call)
    secret = cookie.member_token(call.gate, call.request, community.slug)
    if is_token(secret):
        signed = await call.parts.store.signed_in(token_digest(secret), call.parts.clock.now())
        if signed is not None and signed.member.standing is Standing.ACTIVE:
            return see_other(f"/c/{community.slug}")
    return await _asking(call, found, community)


async def _opened(call: PublicCall) -> tuple[Invite, Community]:
    """A code that opens nothing counts as a guess."""
    call.gate.visitor(call.request)
    with call.gate.tries(call.request).code():
        return await call.parts.join.opened(call.request.match_info["code"])


async def _asking(call: PublicCall, found: Invite, community: Community, *, was_old: bool = False) -> web.Response:
    words = words_for(call, "", community.language)
    text = await call.parts.join.text(community, words.language)
    visit = Visit(call, community, None, words)
    return visit.page("invite.html", 409 if was_old else 200, code=found.code, text=text, was_old=was_old)


async def ask(call: PublicCall) -> web.Response:
    """Nothing is stored; what was entered goes into a cookie until it is confirmed.

    Each time is a step of its own, also from a browser that is in: at a counter the next one goes back to the form.
    """
    check_own(call)
    found, community = await _opened(call)
    form = await read_form(call.request, call.settings.body_seconds, JoinForm)
    asked = Asked(form.text_version, WAY, form.name, form.language, _known(form.time_zone))
    try:
        step = await call.parts.join.ask(community, found, asked)
    except Invalid:
        return await _asking(call, found, community, was_old=True)
    response = see_other(f"/c/{community.slug}/confirm")
    cookie.keep_step(call.gate, call.request, response, community.slug, step.code)
    return response


def _known(zone: str) -> str:
    """What the browser says its time zone is; empty when nobody else knows of it."""
    try:
        return ZoneInfo(zone).key
    except (ValueError, OSError, KeyError):
        return ""


async def confirming(call: PublicCall) -> web.Response:
    """The step that is left. Who has none is led to the community's page."""
    visit = await arrive(call)
    try:
        waiting = call.parts.join.waiting(cookie.step_code(call.gate, call.request, visit.community.slug))
    except Unknown:
        return see_other(visit.home)
    return await _step(visit, waiting)


async def _step(visit: Visit, waiting: Waiting, wait: int | None = None) -> web.Response:
    """`wait` is in how many seconds to press again, where very many come at once."""
    call = visit.call
    spoken = words_for(call, waiting.language, visit.community.language)
    text = await call.parts.join.text(visit.community, waiting.text_language)
    shown = text if text.version == waiting.text_version else None
    page = Visit(call, visit.community, visit.signed, spoken).page(
        "confirm.html", 200 if wait is None else 429, waiting=waiting, text=shown, wait=wait
    )
    if wait is not None:
        page.headers["Retry-After"] = str(wait)
    return page


async def confirm(call: PublicCall) -> web.Response:
    """In, and signed in on this browser."""
    check_own(call)
    await read_form(call.request, call.settings.body_seconds, NoForm)
    visit = await arrive(call)
    slug = visit.community.slug
    code = cookie.step_code(call.gate, call.request, slug)
    if not code:
        return see_other(visit.home)
    tries = call.gate.tries(call.request)
    with tries.code():
        waiting = call.parts.join.waiting(code)
        try:
            arrived = await call.parts.join.confirm(code, tries.joining)
        except TooMany as crowd:
            return await _step(visit, waiting, max(SOONEST, ceil(crowd.retry_after)))
        if arrived.community.slug != slug:
            raise Unknown
    response = see_other(visit.home)
    cookie.keep_member(call.gate, call.request, response, slug, arrived.token)
    cookie.drop_step(call.gate, call.request, response, slug)
    return response


async def enter(call: PublicCall) -> web.Response:
    """An access code of staff signs the browser in; a wrong one says no more than that it opens nothing."""
    check_own(call)
    visit = await arrive(call)
    form = await read_form(call.request, call.settings.body_seconds, EnterForm)
    signed = None
    if is_token(form.token):
        signed = await call.parts.store.signed_in(token_digest(form.token), call.parts.clock.now())
    if signed is None or signed.community.id != visit.community.id:
        call.gate.failed(call.request)
        return visit.page("community.html", 401, is_wrong=True)
    response = see_other(visit.home)
    cookie.keep_member(call.gate, call.request, response, visit.community.slug, form.token)
    return response
