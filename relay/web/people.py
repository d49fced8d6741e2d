"""Staff, keys and the audit log over HTTP: who may act for the company, and what they did."""

from dataclasses import dataclass
from functools import partial

from relay.core.errors import Fault, Invalid, Unknown
from relay.core.staff import Key, Staff
from relay.ports import Paging
from relay.web.bodies import NewKey, PagingQuery
from relay.web.desk import AuditView, Credential, KeyView, StaffView, audit_view, credential, key_view, staff_view
from relay.web.entering import HiredView, NewLinkView, NewStaff, hired_view, new_link_view
from relay.web.piece import piece
from relay.web.route import StaffCall
from relay.web.views import Listed, listed


@dataclass(frozen=True, slots=True)
class ColleagueView:
    """Who an answer, a note or a thread belongs to; `is_here` says whether they still work here."""

    id: str
    name: str
    role: str
    is_here: bool


def colleague_view(person: Staff) -> ColleagueView:
    return ColleagueView(person.id, person.name, person.role, person.removed_at is None)


async def _person(call: StaffCall[object, object]) -> Staff:
    person = await call.parts.store.staff_by_id(call.path["id"])
    if person is None or person.removed_at is not None:
        raise Unknown
    return person


async def _key(call: StaffCall[object, object]) -> Key:
    key = await call.parts.store.key_by_id(call.path["id"])
    if key is None or key.revoked_at is not None:
        raise Unknown
    return key


async def hire(call: StaffCall[NewStaff, None]) -> HiredView:
    shown, body = partial(hired_view, site=call.visit.site), call.body
    return shown(await call.parts.govern.hire(call.actor, body.name, body.role, call.also(shown)))


async def link(call: StaffCall[None, None]) -> NewLinkView:
    shown = partial(new_link_view, site=call.visit.site)
    return shown(await call.parts.govern.link(call.actor, await _person(call), call.also(shown)))


async def all_staff(call: StaffCall[None, PagingQuery]) -> Listed[StaffView]:
    return listed(piece(await call.parts.store.staff(), call.query, lambda person: person.id), staff_view)


async def colleagues(call: StaffCall[None, PagingQuery]) -> Listed[ColleagueView]:
    """Names alone, of those too who have left: old answers and notes are still theirs."""
    return listed(piece(await call.parts.store.staff(), call.query, lambda person: person.id), colleague_view)


async def dismiss(call: StaffCall[None, None]) -> None:
    await call.parts.govern.dismiss(call.actor, await _person(call))


async def renew(call: StaffCall[None, None]) -> Credential:
    return credential(await call.parts.govern.renew(call.actor, await _person(call), call.also(credential)))


async def issue(call: StaffCall[NewKey, None]) -> Credential:
    body, govern = call.body, call.parts.govern
    if body.expires_at is not None and body.expires_at <= call.parts.clock.now():
        raise Invalid("The body is not valid.", [Fault(("body", "expires_at"), "lies in the past")])
    scopes = tuple(dict.fromkeys(body.scopes))
    issued = await govern.issue(call.actor, body.name, scopes, body.expires_at, also=call.also(credential))
    await call.parts.admit.settled(issued[0])
    return credential(issued)


async def all_keys(call: StaffCall[None, PagingQuery]) -> Listed[KeyView]:
    return listed(piece(await call.parts.store.keys(), call.query, lambda key: key.id), key_view)


async def revoke(call: StaffCall[None, None]) -> None:
    await call.parts.govern.revoke(call.actor, await _key(call))


async def audit(call: StaffCall[None, PagingQuery]) -> Listed[AuditView]:
    """Who looks at what others did is written down as well."""
    page = await call.parts.store.audit(Paging(call.query.limit, call.query.after))
    await call.parts.govern.looked(call.actor.id, "audit.read", [call.actor.id])
    return listed(page, audit_view)
