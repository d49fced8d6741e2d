"""Members over HTTP, as managers see them: taken in, read, changed, given credentials, written to, erased."""

from relay.core.errors import Fault, Invalid, Unknown
from relay.core.member import Address, Lift, Member
from relay.core.thread import Message
from relay.core.trust import Past
from relay.flows.enrol import Newcomer, Welcome
from relay.ports import Paging
from relay.web.bodies import Body, DeviceQuery, MemberEdit, NewMember, NewText, NewToken, PagingQuery
from relay.web.communities import community_at
from relay.web.desk import ErasureView, MessageView, erasure_view, message_view
from relay.web.route import StaffCall
from relay.web.views import (
    Listed,
    MemberAdded,
    MemberDetail,
    MemberName,
    MemberView,
    TokenAdded,
    listed,
    member_added,
    member_detail,
    member_view,
)


class LiftReason(Body):
    """Why somebody needs the name."""

    reason: Lift


async def _member(call: StaffCall[object, object]) -> Member:
    member = await call.parts.store.member(call.path["id"])
    if member is None:
        raise Unknown
    return member


async def add(call: StaffCall[NewMember, None]) -> MemberAdded:
    def shown(welcome: Welcome) -> MemberAdded:
        return member_added(welcome.member, welcome.token)

    parts = call.parts
    community = await community_at(parts, call.path["slug"])
    consented_at = call.body.consent.at
    if consented_at is not None and consented_at > parts.clock.now():
        raise Invalid("The body is not valid.", [Fault(("body", "consent", "at"), "lies in the future")])
    return shown(await parts.enrol.add(call.actor, community, _newcomer(call.body), call.also(shown)))


def _newcomer(body: NewMember) -> Newcomer:
    return Newcomer(
        source=body.consent.source,
        text_version=body.consent.text_version,
        consented_at=body.consent.at,
        name=body.name,
        language=body.language or "",
        time_zone=body.time_zone or "",
        tags=tuple(body.tags),
        attributes=body.attributes,
        addresses=tuple(Address(one.channel, one.address) for one in body.addresses),
    )


async def listed_of(call: StaffCall[None, PagingQuery]) -> Listed[MemberView]:
    community = await community_at(call.parts, call.path["slug"])
    page = await call.parts.store.members(community.n, Paging(call.query.limit, call.query.after))
    await call.parts.govern.looked(call.actor.id, "member.list", [community.id])
    return listed(page, member_view)


async def read(call: StaffCall[None, None]) -> MemberDetail:
    member = await _member(call)
    store = call.parts.store
    await call.parts.govern.looked(call.actor.id, "member.read", [member.id])
    past = Past(member.approved, member.joined_at, bool(member.attributes))
    trust = call.parts.trust(past, call.parts.clock.now())
    return member_detail(member, await store.addresses(member.n), await store.consents(member.n), trust)


async def edit(call: StaffCall[MemberEdit, None]) -> MemberView:
    given = call.body.given()
    if "tags" in given:
        given["tags"] = tuple(given["tags"])
    return member_view(await call.parts.enrol.edit(call.actor, await _member(call), given))


async def lift(call: StaffCall[LiftReason, None]) -> MemberName:
    member = await _member(call)
    return MemberName(member.id, await call.parts.enrol.lift(call.actor, member, call.body.reason))


async def erase(call: StaffCall[None, None]) -> None:
    await call.parts.enrol.erase(call.actor.id, await _member(call))


async def erasure(call: StaffCall[None, None]) -> ErasureView:
    """Of somebody who is not here any more; there is none of who is."""
    found = await call.parts.store.erasure(call.path["id"])
    if found is None:
        raise Unknown
    return erasure_view(found)


async def add_token(call: StaffCall[NewToken, None]) -> TokenAdded:
    def shown(token: str) -> TokenAdded:
        return TokenAdded(body.kind, body.device, token)

    member, body = await _member(call), call.body
    if body.kind == "mqtt":
        return shown(await call.parts.admit.device(call.actor, member, body.device, call.also(shown)))
    return shown(await call.parts.enrol.token(call.actor, member, body.device, call.also(shown)))


async def revoke_tokens(call: StaffCall[None, DeviceQuery]) -> None:
    await call.parts.enrol.revoke(call.actor, await _member(call), call.query.device)


async def write_first(call: StaffCall[NewText, None]) -> MessageView:
    def shown(message: Message) -> MessageView:
        return message_view(message, with_held=True)

    member, body = await _member(call), call.body
    noted = await call.parts.look.before(call.actor, member.community, member.n, body.text, body.despite)
    return shown(await call.parts.answer.write_first(call.actor, member, body.text, call.also(shown), noted))
