"""Signing in over HTTP: by passphrase, by a one-time link; one's own sessions, and the way out."""

from relay.core.staff import Staff
from relay.flows.sign_in import Arrival, Entered
from relay.ports import Store
from relay.web.bodies import PagingQuery
from relay.web.cookie import WithCookie
from relay.web.entering import (
    ByLink,
    ByPassphrase,
    LinkView,
    NewPassphrase,
    OnlyLink,
    SessionRow,
    SessionView,
    person_view,
    self_view,
    session_rows,
)
from relay.web.piece import piece
from relay.web.route import StaffCall, VisitorCall
from relay.web.views import Listed, listed


async def enter(call: VisitorCall[ByPassphrase]) -> WithCookie:
    body = call.body
    with call.visit.tries.passphrase(body.name):
        entered = await call.parts.sign_in.enter(body.name, body.passphrase, call.visit.browser)
    return await _in(call.parts.store, entered)


async def look(call: VisitorCall[OnlyLink]) -> LinkView:
    with call.visit.tries.code():
        person, has_passphrase = await call.parts.sign_in.look(call.body.link)
    return LinkView(person_view(person), has_passphrase)


async def arrive(call: VisitorCall[ByLink]) -> WithCookie:
    body = call.body
    with call.visit.tries.code():
        entered = await call.parts.sign_in.arrive(Arrival(body.link, body.passphrase, call.visit.browser, body.name))
    return await _in(call.parts.store, entered)


async def change(call: StaffCall[NewPassphrase, None]) -> WithCookie:
    with call.visit.tries.own_passphrase(call.parts.sign_in.session_of(call.actor)):
        entered = await call.parts.sign_in.change(call.actor, call.body.old, call.body.new, call.visit.browser)
    return await _in(call.parts.store, entered)


async def read(call: StaffCall[None, None]) -> SessionView:
    own = {session.id: session for session in await call.parts.sign_in.sessions(call.actor)}
    current = own.get(call.actor.session)
    count = len(await call.parts.store.communities())
    person = self_view(call.actor)
    return SessionView(person, current.id, current.expires_at, count) if current else SessionView(person, None, None, count)


async def all_sessions(call: StaffCall[None, PagingQuery]) -> Listed[SessionRow]:
    rows = session_rows(await call.parts.sign_in.sessions(call.actor), call.actor)
    return listed(piece(rows, call.query, lambda row: row.id), lambda row: row)


async def leave(call: StaffCall[None, None]) -> WithCookie:
    await call.parts.sign_in.leave(call.actor)
    return WithCookie(None, None)


async def revoke(call: StaffCall[None, None]) -> WithCookie | None:
    session = call.path["id"]
    await call.parts.sign_in.revoke(call.actor, session)
    return WithCookie(None, None) if session == call.actor.session else None


async def _in(store: Store, entered: Entered) -> WithCookie:
    person: Staff = entered.staff
    session = entered.session
    view = SessionView(person_view(person), session.id, session.expires_at, len(await store.communities()))
    return WithCookie(view, entered.secret, person.name)
