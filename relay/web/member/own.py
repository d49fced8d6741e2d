"""What a member decides about themselves: pause, leave, come back, language, devices, a copy of their data, erasure."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from aiohttp import web

from relay.core.errors import Invalid, Unavailable, Unknown
from relay.core.member import Standing
from relay.core.pause import LONGEST, paused_until
from relay.web.member import cookie
from relay.web.member.form import read_form
from relay.web.member.forms import BackForm, DeviceForm, LanguageForm, NoForm, PauseForm
from relay.web.member.joining import WAY
from relay.web.member.page import HEADERS, see_other
from relay.web.member.visit import Own, own
from relay.web.views import dumps

SPANS = {"day": timedelta(days=1), "week": timedelta(weeks=1)}


@own
async def settings(visit: Own) -> web.Response:
    """All of it on one page."""
    call, member = visit.call, visit.signed.member
    now = call.parts.clock.now()
    zone = ZoneInfo(member.time_zone or "UTC")
    return visit.visit.page(
        "settings.html",
        is_in=member.standing is Standing.ACTIVE,
        paused_until=paused_until(member, now),
        first_day=(now.astimezone(zone) + timedelta(days=1)).date(),
        last_day=(now.astimezone(zone) + LONGEST - timedelta(days=1)).date(),
        devices=await call.parts.store.of(member.n).devices(),
        here=visit.signed.token,
    )


@own
async def pause(visit: Own) -> web.Response:
    """For a day, a week, or up to the beginning of a day where the member is."""
    form = await read_form(visit.call.request, visit.call.settings.body_seconds, PauseForm)
    now = visit.call.parts.clock.now()
    until: datetime | None = None
    if form.span in SPANS:
        until = now + SPANS[form.span]
    elif form.span == "date":
        until = form.begins_at(ZoneInfo(visit.signed.member.time_zone or "UTC"))
    await visit.call.parts.pauses.pause(visit.signed, until)
    return see_other(f"{visit.visit.home}/you#pause")


@own
async def leaving(visit: Own) -> web.Response:
    return visit.visit.page("leave.html")


@own
async def leave(visit: Own) -> web.Response:
    await read_form(visit.call.request, visit.call.settings.body_seconds, NoForm)
    await visit.call.parts.enrol.leave(visit.signed)
    return see_other(f"{visit.visit.home}/you")


@own
async def returning(visit: Own) -> web.Response:
    """What somebody agrees to who comes back."""
    return await _returning(visit)


async def _returning(visit: Own, *, was_old: bool = False) -> web.Response:
    text = await visit.call.parts.join.text(visit.signed.community, visit.signed.member.language)
    return visit.visit.page("back.html", 409 if was_old else 200, text=text, was_old=was_old)


@own
async def back(visit: Own) -> web.Response:
    form = await read_form(visit.call.request, visit.call.settings.body_seconds, BackForm)
    try:
        await visit.call.parts.join.back(visit.signed, form.text_version, WAY)
    except Invalid:
        return await _returning(visit, was_old=True)
    return see_other(visit.visit.home)


@own
async def language(visit: Own) -> web.Response:
    form = await read_form(visit.call.request, visit.call.settings.body_seconds, LanguageForm)
    await visit.call.parts.enrol.speak(visit.signed, form.language)
    return see_other(f"{visit.visit.home}/you")


@own
async def sign_out(visit: Own) -> web.Response:
    """One of their devices, on whatever channel, named by the id of its credential; this browser as well when it is named."""
    form = await read_form(visit.call.request, visit.call.settings.body_seconds, DeviceForm)
    devices = await visit.call.parts.store.of(visit.signed.member.n).devices()
    named = next((device for device in devices if device.id == form.device), None)
    if named is None:
        raise Unknown
    await visit.call.parts.enrol.sign_out(visit.signed, named)
    if named.id != visit.signed.token:
        return see_other(f"{visit.visit.home}/you#devices")
    response = see_other(visit.visit.home)
    cookie.drop_member(visit.call.gate, visit.call.request, response, visit.signed.community.slug)
    return response


@own
async def export(visit: Own) -> web.Response:
    """Everything of theirs, as a file."""
    member, slug = visit.signed.member, visit.signed.community.slug
    found = await visit.call.parts.store.of(member.n).export()
    await visit.call.parts.govern.looked(member.id, "member.export", [member.id])
    name = f'attachment; filename="{slug}.json"'
    return web.Response(body=dumps(found), headers={**HEADERS, "Content-Type": "application/json", "Content-Disposition": name})


@own
async def erasing(visit: Own) -> web.Response:
    return visit.visit.page("erase.html")


@own
async def erase(visit: Own) -> web.Response:
    """Gone at once for everybody's eyes. What is not on the erasure list yet goes there without the member."""
    await read_form(visit.call.request, visit.call.settings.body_seconds, NoForm)
    is_listed = True
    try:
        await visit.call.parts.enrol.erase(visit.signed.member.id, visit.signed.member)
    except Unavailable:
        if await visit.call.parts.store.member(visit.signed.member.id) is not None:
            raise
        is_listed = False
    response = visit.visit.page("erased.html", is_listed=is_listed)
    cookie.drop_member(visit.call.gate, visit.call.request, response, visit.signed.community.slug)
    return response
