"""The member's stream as a page: what came, newest at the end, and the forms by which they answer."""

import hmac
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256

from aiohttp import web

from relay.core.case import CaseState
from relay.core.change import Reached
from relay.core.errors import Conflict, Muted, Unknown
from relay.core.identity import ID_BYTES, encode
from relay.core.measure import may_object, told
from relay.core.moment import from_micros
from relay.core.pause import paused_until
from relay.core.post import Button
from relay.core.stream import Item, ItemKind, Sender
from relay.flows.receive import Reply
from relay.ports import MemberScope
from relay.web.member import cookie
from relay.web.member.form import read_form
from relay.web.member.forms import AppealForm, PressForm, SayForm, SeenQuery, StreamQuery
from relay.web.member.page import see_other
from relay.web.member.visit import Own, arrive, check_own, own
from relay.web.problem import SECURITY
from relay.web.route import PublicCall

SHOWN = 30  # items a page
CHANNEL = "web"
MARK_OF_TEXT = 16  # characters that tell texts apart which one form sent
DOT = b'<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>'


@dataclass(frozen=True, slots=True)
class Shown:
    """An item as a page shows it. `pressed` is the button that was; `may_appeal` where another person can still look."""

    item: Item
    pressed: str | None = None
    may_appeal: bool = False

    @property
    def look(self) -> str:
        """post, own, answer or notice."""
        if self.item.kind is ItemKind.MESSAGE:
            return "own" if self.item.sender is Sender.SELF else "answer"
        return str(self.item.kind)


async def stream(call: PublicCall) -> web.Response:
    """The community's page: the stream for who is in, else who this is and how to join."""
    visit = await arrive(call)
    if visit.signed is None:
        return visit.page("community.html", is_wrong=False)
    signed, store = visit.signed, call.parts.store
    query: StreamQuery = call.query
    scope = store.of(signed.member.n)
    cursors = await scope.cursors()
    end = min(query.before or cursors.last + 1, cursors.last + 1)
    start = max(cursors.first - 1, end - 1 - SHOWN)
    items = [item for item in await scope.items(start, SHOWN) if item.seq < end]
    if items and (newest := items[-1].seq) > cursors.delivered:  # noted alone: who only reads waits for no disk
        call.parts.deliver.reached(Reached(signed.member.n, newest, newest, 0))
    secret = cookie.member_token(call.gate, call.request, visit.community.slug)
    now, measures = call.parts.clock.now(), await scope.measures()
    response = visit.page(
        "stream.html",
        items=await shown(scope, items, {each.id for each in measures if may_object(each, now)}),
        seen_mark=_seen_mark(secret, items[-1].seq) if items else "",
        blanks=BLANKS,
        earlier=start + 1 if start >= cursors.first else None,
        is_newest=end > cursors.last,
        answered=await _answered(scope, query.to),
        mark=call.parts.ids(),
        last_seq=cursors.last,
        paused_until=paused_until(signed.member, now),
        measures=told(measures, now),
    )
    cookie.keep_member(call.gate, call.request, response, visit.community.slug, secret)
    return response


async def shown(scope: MemberScope, items: list[Item], measures: Collection[str] = ()) -> list[Shown]:
    """With what the member has made of each; `measures` are those that they can still object to."""
    presses: Mapping[str, str] = await scope.presses() if any(item.buttons for item in items) else {}
    return [Shown(item, presses.get(item.id), item.case in measures or await _may_appeal(scope, item)) for item in items]


async def _may_appeal(scope: MemberScope, item: Item) -> bool:
    view = await scope.case(item.case) if item.case is not None else None
    return view is not None and view.case.state is CaseState.REJECTED and view.appeal is None


async def _answered(scope: MemberScope, id_: str | None) -> str | None:
    """The id of the post that an answer is to, if it is theirs."""
    return id_ if id_ is not None and await scope.released_post(id_) is not None else None


@own
async def say(visit: Own) -> web.Response:
    """The mark covers the text: sent twice it is one message, and a text that was mended after going back is another."""
    form = await read_form(visit.call.request, visit.call.settings.body_seconds, SayForm)
    client_id = f"{form.mark}-{sha256(form.text.encode()).hexdigest()[:MARK_OF_TEXT]}"
    if form.text.strip():
        reply = Reply(form.text, CHANNEL, client_id, form.to or None)
        try:
            await visit.call.parts.receive.reply(visit.signed, reply)
        except Muted as muted:
            return visit.visit.page("muted.html", 403, until=muted.until, text=form.text)
    return see_other(f"{visit.visit.home}#end")


@own
async def press(visit: Own) -> web.Response:
    """A button that invites a question leads to the field as well."""
    form = await read_form(visit.call.request, visit.call.settings.body_seconds, PressForm)
    post = await visit.call.parts.store.of(visit.signed.member.n).released_post(form.post)
    if post is None:
        raise Unknown
    await visit.call.parts.receive.press(visit.signed, form.post, form.button)
    is_question = any(button.opens_thread for button in post.buttons if button.id == form.button)
    home = visit.visit.home
    return see_other(f"{home}?to={form.post}#write" if is_question else f"{home}#p-{form.post}")


@own
async def appeal(visit: Own) -> web.Response:
    """Asked a second time, it has been asked."""
    form = await read_form(visit.call.request, visit.call.settings.body_seconds, AppealForm)
    with suppress(Conflict):
        await visit.call.parts.review.appeal(visit.signed, form.case, form.text)
    return see_other(f"{visit.visit.home}#end")


@own
async def seen(visit: Own) -> web.Response:
    """A picture of nothing: browsers without scripts fetch it when they show the page, which marks it read.

    Only a page that was theirs has its address: a link on another site would have them read what they never saw.
    """
    query: SeenQuery = visit.call.query
    secret = cookie.member_token(visit.call.gate, visit.call.request, visit.signed.community.slug)
    if not hmac.compare_digest(query.mark, _seen_mark(secret, query.seq)):
        raise Unknown
    await visit.call.parts.deliver.acknowledge(visit.signed, delivered=query.seq, read=query.seq)
    return web.Response(body=DOT, headers={**SECURITY, "Content-Type": "image/svg+xml"})


def _seen_mark(secret: str, seq: int) -> str:
    """Drawn from the browser's own sign-in, which it does not show."""
    return encode(hmac.digest(secret.encode(), f"seen {seq}".encode(), sha256)[:ID_BYTES])


async def live(call: PublicCall) -> web.StreamResponse:
    """The page's WebSocket: its cookie signs it in, so that it has to come from our own page."""
    secret = cookie.member_token(call.gate, call.request, call.request.match_info["slug"])
    if secret:
        check_own(call)
    return await call.parts.members_stream(call.request, secret)


def _blank(kind: ItemKind, sender: Sender) -> Shown:
    """A shape that the script fills: the same template draws it, so that both ways look alike."""
    buttons = (Button("", ""),) if kind is ItemKind.POST else ()
    case = "" if kind is ItemKind.NOTICE else None
    return Shown(Item(0, kind, "", from_micros(0), sender, "", "", "", buttons, case=case), may_appeal=case is not None)


BLANKS = (
    _blank(ItemKind.POST, Sender.COMPANY),
    _blank(ItemKind.MESSAGE, Sender.STAFF),
    _blank(ItemKind.MESSAGE, Sender.SELF),
    _blank(ItemKind.NOTICE, Sender.RELAY),
)
