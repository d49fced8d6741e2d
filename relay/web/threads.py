"""Threads over HTTP: found, read, answered, noted, changed and leased by staff."""

from collections.abc import Mapping, Sequence

from relay.core.errors import Fault, Invalid, Unknown
from relay.core.thread import Message, Status, Thread, ThreadEdit, ThreadState
from relay.ports import Paging, ThreadFilter
from relay.web.bodies import NewMessage, PagingQuery, ThreadEditBody, ThreadsQuery
from relay.web.communities import community_at
from relay.web.desk import LeaseView, MessageView, ThreadView, lease_view, may_read_held, message_view, thread_view
from relay.web.parts import Parts
from relay.web.route import StaffCall
from relay.web.views import Listed, listed

READ = "thread.read"


async def _thread(parts: Parts, thread_id: str) -> Thread:
    thread = await parts.store.thread(thread_id)
    if thread is None:
        raise Unknown
    return thread


async def listed_of(call: StaffCall[None, ThreadsQuery]) -> Listed[ThreadView]:
    parts, query, now = call.parts, call.query, call.parts.clock.now()
    community = await community_at(parts, call.path["slug"])
    wanted = ThreadFilter(
        state=ThreadState[query.state.upper()] if query.state else None,
        assignee=call.actor.id if query.assignee == "me" else query.assignee,
        label=query.label,
        post=query.post,
        member=query.member,
        text=query.q,
        with_closed=query.closed,
        now=now,
    )
    page = await parts.store.threads(community.n, wanted, Paging(query.limit, query.after))
    if query.q is not None:  # what it finds tells what members wrote
        await parts.govern.looked(call.actor.id, "thread.search", [community.id])
    last = await _last_of(call, page.items) if query.words else {}
    if last:
        await parts.govern.looked(call.actor.id, "thread.list", [community.id])
    return listed(page, lambda thread: thread_view(thread, now, last.get(thread.n)))


async def _last_of(call: StaffCall[None, ThreadsQuery], threads: Sequence[Thread]) -> Mapping[int, MessageView]:
    found = await call.parts.store.last_messages([thread.n for thread in threads])
    with_held = may_read_held(call.actor)
    return {n: message_view(message, with_held=with_held) for n, message in found.items()}


async def read(call: StaffCall[None, None]) -> ThreadView:
    thread = await _thread(call.parts, call.path["id"])
    await call.parts.govern.looked(call.actor.id, READ, [thread.id])
    return thread_view(thread, call.parts.clock.now())


async def messages(call: StaffCall[None, PagingQuery]) -> Listed[MessageView]:
    """Reading a thread is written to the audit log, whichever page of it."""
    parts, query = call.parts, call.query
    thread = await _thread(parts, call.path["id"])
    page = await parts.store.messages(thread.n, Paging(query.limit, query.after))
    await parts.govern.looked(call.actor.id, READ, [thread.id])
    with_held = may_read_held(call.actor)
    shown = [message_view(one, with_held=with_held) for one in page.items if one.status is not Status.DISCARDED]
    return Listed(tuple(shown), page.next)


async def say(call: StaffCall[NewMessage, None]) -> MessageView:
    def shown(message: Message) -> MessageView:
        return message_view(message, with_held=True)

    parts, body = call.parts, call.body
    thread = await _thread(parts, call.path["id"])
    if body.internal:
        return shown(await parts.answer.note(call.actor, thread, body.text, call.also(shown)))
    noted = await parts.look.before(call.actor, thread.community, thread.member, body.text, body.despite)
    return shown(await parts.answer.send(call.actor, thread, body.text, call.also(shown), noted))


async def edit(call: StaffCall[ThreadEditBody, None]) -> ThreadView:
    parts, body = call.parts, call.body
    thread = await _thread(parts, call.path["id"])
    await _check_assignee(parts, body.assignee)
    await parts.answer.edit(call.actor, thread, body.version, _edit(body))
    return thread_view(await _thread(parts, thread.id), parts.clock.now())


def _edit(body: ThreadEditBody) -> ThreadEdit:
    return ThreadEdit(
        state=ThreadState[body.state.upper()] if body.state else None,
        snoozed_until=body.snoozed_until,
        assignee=body.assignee,
        labels=None if body.labels is None else tuple(dict.fromkeys(body.labels)),
    )


async def _check_assignee(parts: Parts, assignee: str | None) -> None:
    if not assignee:
        return
    person = await parts.store.staff_by_id(assignee)
    if person is None or person.removed_at is not None:
        raise Invalid("The body is not valid.", [Fault(("body", "assignee"), "is nobody who works here")])


async def take(call: StaffCall[None, None]) -> LeaseView:
    parts = call.parts
    thread = await _thread(parts, call.path["id"])
    await parts.answer.take(call.actor, thread)
    lease = lease_view((await _thread(parts, thread.id)).lease, parts.clock.now())
    if lease is None:
        raise Unknown
    return lease


async def free(call: StaffCall[None, None]) -> None:
    await call.parts.answer.free(call.actor, await _thread(call.parts, call.path["id"]))
