"""Staff, keys and the audit log over HTTP: who may act for the company, and what they did."""

from relay.core.errors import Fault, Invalid, Unknown
from relay.core.staff import Key, Staff
from relay.ports import Paging
from relay.web.bodies import NewKey, NewStaff, PagingQuery
from relay.web.desk import AuditView, Credential, KeyView, StaffView, audit_view, credential, key_view, staff_view
from relay.web.piece import piece
from relay.web.route import StaffCall
from relay.web.views import Listed, listed


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


async def hire(call: StaffCall[NewStaff, None]) -> Credential:
    body = call.body
    return credential(await call.parts.govern.hire(call.actor, body.name, body.role, call.also(credential)))


async def all_staff(call: StaffCall[None, PagingQuery]) -> Listed[StaffView]:
    return listed(piece(await call.parts.store.staff(), call.query, lambda person: person.id), staff_view)


async def dismiss(call: StaffCall[None, None]) -> None:
    await call.parts.govern.dismiss(call.actor, await _person(call))


async def renew(call: StaffCall[None, None]) -> Credential:
    return credential(await call.parts.govern.renew(call.actor, await _person(call), call.also(credential)))


async def issue(call: StaffCall[NewKey, None]) -> Credential:
    body, govern = call.body, call.parts.govern
    if body.expires_at is not None and body.expires_at <= call.parts.clock.now():
        raise Invalid("The body is not valid.", [Fault(("body", "expires_at"), "lies in the past")])
    scopes = tuple(dict.fromkeys(body.scopes))
    return credential(await govern.issue(call.actor, body.name, scopes, body.expires_at, also=call.also(credential)))


async def all_keys(call: StaffCall[None, PagingQuery]) -> Listed[KeyView]:
    return listed(piece(await call.parts.store.keys(), call.query, lambda key: key.id), key_view)


async def revoke(call: StaffCall[None, None]) -> None:
    await call.parts.govern.revoke(call.actor, await _key(call))


async def audit(call: StaffCall[None, PagingQuery]) -> Listed[AuditView]:
    return listed(await call.parts.store.audit(Paging(call.query.limit, call.query.after)), audit_view)
