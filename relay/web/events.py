"""Events of the staff stream: what was committed, told to those who may read it anyhow."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from relay.core import change as c
from relay.core.case import Case
from relay.core.checking import DecideAgain
from relay.core.measure import (
    AnswerObjection,
    BringBack,
    Brought,
    Concerned,
    Impose,
    Measure,
    MeasureState,
    MoveMeasure,
    ObjectTo,
    TakeBack,
)
from relay.core.post import PostState
from relay.core.staff import Actor, Role
from relay.core.thread import Message, NewThread, Status, ThreadState, status_after
from relay.web.desk import LeaseView, may_read_held, message_view


@dataclass(frozen=True, slots=True)
class Event:
    """`role` (None: all of staff) and `scope` say who gets it; `message` is shown as in its thread.

    `member` is the store's key, for erasure.
    """

    name: str
    role: Role | None
    scope: str
    body: Mapping[str, object]
    community: int = 0
    message: Message | None = None
    member: int = 0

    def is_for(self, actor: Actor) -> bool:
        if self.role is None and actor.role is not None:
            return True
        return actor.may(self.role or Role.OWNER, self.scope, reading=True)

    def variant(self, actor: Actor) -> bool:
        """Whether this reader gets the text of a message that is held back from agents."""
        return self.message is not None and self.message.status is not Status.FILED and may_read_held(actor)

    def shown(self, *, with_held: bool) -> dict[str, object]:
        found = {"event": self.name, **self.body}
        if self.message is not None:
            found["message"] = message_view(self.message, with_held=with_held)
        return found


def _thread_event(name: str, message: Message, thread: str, community: int = 0, *, is_new: bool = False) -> Event:
    body = {"thread": thread, "is_new_thread": is_new}
    return Event(name, Role.AGENT, "threads:read", body, community, message, message.member)


def _case_event(name: str, body: Mapping[str, object], community: int = 0, message: Message | None = None) -> Event:
    return Event(name, Role.MODERATOR, "cases:read", body, community, message, message.member if message else 0)


def _filed(change: c.FileReply, _: object) -> Iterator[Event]:
    filing = change.filing
    if filing.message.status is Status.DISCARDED:
        return
    thread, is_new = filing.thread.id, isinstance(filing.thread, NewThread)
    yield _thread_event("message.filed", filing.message, thread, change.community, is_new=is_new)
    if filing.case is not None:
        yield _opened(filing.case, filing.message, thread, change.community)
    if filing.notice is not None:
        yield _thread_event("message.sent", filing.notice, thread, change.community)


def _opened(case: Case, message: Message, thread: str, community: int) -> Event:
    body = {"case": case.id, "kind": case.kind, "state": case.state.word, "thread": thread}
    return _case_event("case.opened", body, community, message)


def _sent(change: c.SendMessage, _: object) -> Iterator[Event]:
    is_new = isinstance(change.thread, NewThread)
    yield _thread_event("message.sent", change.message, change.thread.id, change.community, is_new=is_new)


def _noted(change: c.AddNote, _: object) -> Iterator[Event]:
    yield _thread_event("note.added", change.message, change.thread.id)


def _thread_only(name: str, thread: str, **body: object) -> Event:
    return Event(name, Role.AGENT, "threads:read", {"thread": thread, **body})


def _edited(change: c.EditThread, _: object) -> Iterator[Event]:
    edit = change.edit
    given = {
        "state": edit.state.word if edit.state is not None else None,
        "snoozed_until": edit.snoozed_until,
        "assignee": edit.assignee,
        "labels": edit.labels,
    }
    yield _thread_only(
        "thread.changed", change.thread.id, **{name: value for name, value in given.items() if value is not None}
    )


def _leased(change: c.TakeLease, _: object) -> Iterator[Event]:
    yield _thread_only("thread.leased", change.thread.id, lease=LeaseView(change.holder, change.name, change.until))


def _freed(change: c.FreeLease, _: object) -> Iterator[Event]:
    yield _thread_only("thread.freed", change.thread.id, holder=change.holder)


def _ruled(change: c.Rule, _: object) -> Iterator[Event]:
    yield _case_event("case.decided", {"case": change.case, "state": change.state.word, "by": change.by})
    yield _thread_only("thread.ruled", change.thread.id, status=change.status.word)
    if change.notice is not None:
        yield _thread_event("message.sent", change.notice, change.thread.id)


def _checked(change: DecideAgain, _: object) -> Iterator[Event]:
    body = {"case": change.case, "kind": change.kind, "state": change.state.word}
    yield _case_event("case.checked", body, change.community)
    status = status_after(change.decision).word
    yield _thread_only("message.checked", change.thread.id, message_id=change.message, status=status)
    if change.notice is not None:
        yield _thread_event("message.sent", change.notice, change.thread.id)


def _appealed(change: c.Appeal, _: object) -> Iterator[Event]:
    yield _case_event("case.appealed", {"case": change.case})


def _brought(_: BringBack, outcome: Brought) -> Iterator[Event]:
    for thread in outcome.threads:
        yield _thread_only("thread.changed", thread, state=ThreadState.OPEN.word)


def _measure_event(name: str, concerned: Concerned, member: int, **body: object) -> Event:
    body = {"member": concerned.member, **body}
    return Event(name, Role.MODERATOR, "cases:read", body, concerned.community, member=member)


def _met(name: str, measure: Measure, concerned: Concerned) -> Event:
    body = {"kind": measure.kind, "state": measure.state.word, "until": measure.until, "case": measure.case}
    return _measure_event(name, concerned, measure.member, measure=measure.id, **body)


def _imposed(change: Impose, concerned: Concerned) -> Iterator[Event]:
    yield _met("measure.imposed", change.measure, concerned)


def _moved(change: MoveMeasure, concerned: Concerned) -> Iterator[Event]:
    is_on = change.measure.state is MeasureState.IMPOSED
    yield _met("measure.imposed" if is_on else "measure.ended", change.measure, concerned)


def _taken_back(change: TakeBack, concerned: Concerned) -> Iterator[Event]:
    yield _measure_event("measure.taken_back", concerned, change.member, case=change.case, measures=change.measures)


def _objected(change: ObjectTo, concerned: Concerned) -> Iterator[Event]:
    yield _measure_event("measure.objected", concerned, change.member, measure=change.measure)


def _answered(change: AnswerObjection, concerned: Concerned) -> Iterator[Event]:
    is_over = change.measure.state is MeasureState.LIFTED
    yield _met("measure.ended" if is_over else "measure.upheld", change.measure, concerned)


def _accepted(change: c.AcceptPost, _: object) -> Iterator[Event]:
    post = change.post
    body = {"post": post.id, "state": PostState.SENDING.word, "title": post.title, "audience": post.audience}
    yield Event("post.accepted", Role.AGENT, "posts:read", body, post.community)


def _cancelled(change: c.CancelPost, _: object) -> Iterator[Event]:
    post = change.post
    body = {"post": post.id, "state": PostState.CANCELLED.word}
    yield Event("post.cancelled", Role.AGENT, "posts:read", body, post.community)


def _added(change: c.AddMember, n: int) -> Iterator[Event]:
    member = change.member
    body = {"member": member.id, "pseudonym": member.pseudonym}
    yield Event("member.added", Role.MANAGER, "members:read", body, member.community, member=n)


def _erased(change: c.Erase, _: object) -> Iterator[Event]:
    """For all of staff: whoever has a text of theirs on the screen takes it away."""
    yield Event("member.erased", None, "members:read", {"member": change.id})


def progress(post: str, released: int, *, finished: bool) -> Event:
    """So many deliveries of a post were released since the last event of this kind."""
    return Event("post.progress", Role.AGENT, "posts:read", {"post": post, "released": released, "finished": finished})


TOLD: Final[Mapping[type[Any], Callable[[Any, Any], Iterator[Event]]]] = MappingProxyType(
    {
        c.FileReply: _filed,
        c.SendMessage: _sent,
        c.AddNote: _noted,
        c.EditThread: _edited,
        c.TakeLease: _leased,
        c.FreeLease: _freed,
        c.Rule: _ruled,
        DecideAgain: _checked,
        c.Appeal: _appealed,
        BringBack: _brought,
        Impose: _imposed,
        MoveMeasure: _moved,
        TakeBack: _taken_back,
        ObjectTo: _objected,
        AnswerObjection: _answered,
        c.AcceptPost: _accepted,
        c.CancelPost: _cancelled,
        c.AddMember: _added,
        c.Erase: _erased,
    }
)
"""Which changes become events; releases are gathered, see `progress`."""

NAMES: Final = {
    "message.filed": "A member wrote; `message.text` is null for whom it is held back from.",
    "message.sent": "Staff, a bot or the relay wrote to the member.",
    "note.added": "A note among staff.",
    "thread.changed": "State, assignee or labels.",
    "thread.leased": "Somebody is answering.",
    "thread.freed": "Nobody is answering any more.",
    "thread.ruled": "A person decided about a message of this thread; read it again.",
    "case.opened": "Moderation left a message to people.",
    "case.decided": "A person decided.",
    "case.checked": "Slow plugins have looked, and what they saw decided.",
    "message.checked": "Slow plugins have looked at a message of this thread; its `status` is this now.",
    "case.appealed": "The member asks for another look.",
    "measure.imposed": "A measure holds for a member, or the rules propose it: `state` says which.",
    "measure.ended": "A person ended a measure before its time, or let a proposed one come to nothing.",
    "measure.taken_back": "An appeal succeeded: a strike does not count any more, and these `measures` are over.",
    "measure.objected": "The member asks for another look at a measure.",
    "measure.upheld": "Another person looked at a measure that was objected to, and it stays.",
    "post.accepted": "A post was accepted.",
    "post.cancelled": "What had not left of a post stays here.",
    "post.progress": "Deliveries were released.",
    "member.added": "Somebody opted in.",
    "member.erased": "Somebody is gone with everything of theirs.",
}
"""Every event, for the documents."""
