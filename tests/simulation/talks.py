"""What must be so of threads, messages and cases: each reply once, in one thread of its own member, the right one."""

from dataclasses import dataclass, field
from datetime import datetime

from relay.core.case import CaseState
from relay.core.change import (
    AddNote,
    Appeal,
    EditThread,
    Filed,
    FileReply,
    FreeLease,
    Press,
    Rule,
    SendMessage,
    TakeLease,
)
from relay.core.checking import DecideAgain
from relay.core.thread import Message, NewThread, Role, Status, ThreadRef, ThreadState
from relay.core.verdict import Action
from tests.simulation.ledger import Ledger, OneMember, promised

STATUS = {
    Action.ALLOW: Status.FILED,
    Action.FLAG: Status.FILED,
    Action.NUDGE: Status.REJECTED,
    Action.HOLD: Status.HELD,
    Action.REJECT: Status.REJECTED,
    Action.DISCARD: Status.DISCARDED,
}
WAKES = {Action.ALLOW, Action.FLAG, Action.HOLD}  # a reply that staff are to see opens its thread again


@dataclass(slots=True, eq=False)
class OneThread:
    """`post` is the store's key of the post that started it; `messages` are ids in the order in which they were said."""

    id: str
    n: int
    member: int
    post: int | None
    state: ThreadState = ThreadState.OPEN
    messages: list[str] = field(default_factory=list)
    lease: tuple[str, datetime] | None = None


@dataclass(slots=True, eq=False)
class OneMessage:
    """`status` is what moderation and people made of it."""

    id: str
    thread: OneThread
    role: Role
    text: str
    client_id: str | None
    status: Status
    internal: bool


@dataclass(slots=True, eq=False)
class OneCase:
    """A decision that people look at."""

    id: str
    message: OneMessage
    state: CaseState
    decided_by: str = ""
    had_appeal: bool = False


class Talks:
    """By public id. What an erased member said is gone from here as well."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.threads: dict[str, OneThread] = {}
        self.messages: dict[str, OneMessage] = {}
        self.cases: dict[str, OneCase] = {}
        self.presses: dict[tuple[int, int], str] = {}
        self.forgotten: set[str] = set()

    def erased(self, member: int) -> None:
        self.forgotten |= {id_ for id_, each in self.messages.items() if each.thread.member == member}
        self.cases = {id_: case for id_, case in self.cases.items() if case.message.thread.member != member}
        self.messages = {id_: each for id_, each in self.messages.items() if each.thread.member != member}
        self.threads = {id_: each for id_, each in self.threads.items() if each.member != member}
        self.presses = {key: button for key, button in self.presses.items() if key[1] != member}

    # ----------------------------------------------------------------------------------------------------- messages

    def filed(self, change: FileReply, outcome: Filed) -> None:
        filing = change.filing
        member = self.ledger.members[filing.message.member]
        thread = self._thread(filing.thread, filing.message, outcome.thread)
        self._answers_rightly(filing.message, thread, member)
        again = [each for each in self.messages.values() if _same(each, filing.message, member.n)]
        promised(not again, f"reply {filing.message.client_id} of member {member.n} is stored twice")
        message = self._said(filing.message, thread, STATUS[filing.decision.action])
        member.give(outcome.seq, message.id)
        if filing.decision.action in WAKES:
            thread.state = ThreadState.OPEN
        if filing.case is not None:
            self.cases[filing.case.id] = OneCase(filing.case.id, message, filing.case.state)
        if filing.notice is not None:
            self._said(filing.notice, thread, Status.FILED)
            member.give(outcome.notice_seq or 0, filing.notice.id)

    def sent(self, change: SendMessage, outcome: Filed) -> None:
        thread = self._thread(change.thread, change.message, outcome.thread)
        self._said(change.message, thread, Status.FILED)
        self.ledger.members[change.message.member].give(outcome.seq, change.message.id)
        if change.message.role is Role.STAFF and not isinstance(change.thread, NewThread) and not _is_closed(thread):
            thread.state = ThreadState.WAITING

    def noted(self, change: AddNote, _: object) -> None:
        self._said(change.message, self.threads[change.thread.id], Status.FILED)

    def _thread(self, target: NewThread | ThreadRef, message: Message, n: int) -> OneThread:
        if isinstance(target, NewThread):
            own = [each for each in self.threads.values() if each.member == message.member and each.post == target.post]
            double = [each for each in own if target.post is not None or not _is_closed(each)]
            promised(not double, f"member {message.member} has a second thread beside {double}")
            self.threads[target.id] = OneThread(target.id, n, message.member, target.post)
        thread = self.threads[target.id]
        promised((thread.member, thread.n) == (message.member, n), f"{message.id} went into another's thread: {thread}")
        return thread

    def _answers_rightly(self, message: Message, thread: OneThread, member: OneMember) -> None:
        if message.in_reply_to is None:
            return
        if (answered := self.messages.get(message.in_reply_to)) is not None:
            promised(answered.thread is thread, f"{message.id} answers {answered.id} and stands in another thread")
            return
        post = self.ledger.post_of(message.in_reply_to)
        promised(post is not None and member.n in post.given, f"{message.id} answers what member {member.n} never got")
        promised(post is not None and thread.post == post.n, f"{message.id} answers a post in the wrong thread")

    def _said(self, message: Message, thread: OneThread, status: Status) -> OneMessage:
        promised(message.id not in self.messages, f"message {message.id} is stored twice")
        one = OneMessage(message.id, thread, message.role, message.text, message.client_id, status, message.internal)
        self.messages[message.id] = one
        thread.messages.append(message.id)
        return one

    # ------------------------------------------------------------------------------------------------------- people

    def edited(self, change: EditThread, _: object) -> None:
        if change.edit.state is not None:
            self.threads[change.thread.id].state = change.edit.state

    def leased(self, change: TakeLease, _: object) -> None:
        """One holder at a time."""
        thread = self.threads[change.thread.id]
        free = thread.lease is None or thread.lease[0] == change.holder or thread.lease[1] <= change.now
        promised(free, f"{change.holder} took the lease that {thread.lease} holds at {change.now}")
        thread.lease = change.holder, change.until

    def freed(self, change: FreeLease, _: object) -> None:
        thread = self.threads.get(change.thread.id)
        if thread is not None and thread.lease is not None and thread.lease[0] == change.holder:
            thread.lease = None

    def ruled(self, change: Rule, outcome: Filed | None) -> None:
        """Once, and after an appeal by another person."""
        case = self.cases[change.case]
        promised(case.state in (CaseState.OPEN, CaseState.APPEALED), f"case {case.id} is decided twice")
        same = case.state is CaseState.APPEALED and case.decided_by == change.by
        promised(not same, f"{change.by} decides the appeal against {case.decided_by}")
        promised((change.notice is None) == (outcome is None), f"the notice of case {case.id} has no place in the stream")
        if case.message.status is not Status.FILED and change.status is Status.FILED:
            case.message.thread.state = ThreadState.OPEN
        case.state, case.decided_by, case.message.status = change.state, change.by, change.status
        self._told(change, outcome, case)

    def decided_again(self, change: DecideAgain, outcome: Filed | None) -> None:
        """Where no person was faster."""
        case = self.cases[change.case]
        promised(case.state is CaseState.OPEN and not case.decided_by, f"case {case.id} is decided again after a person")
        if change.decision.action in WAKES:
            case.message.thread.state = ThreadState.OPEN
        case.state, case.message.status = change.state, STATUS[change.decision.action]
        self._told(change, outcome, case)

    def _told(self, change: Rule | DecideAgain, outcome: Filed | None, case: OneCase) -> None:
        if change.notice is not None and outcome is not None:
            self._said(change.notice, case.message.thread, Status.FILED)
            self.ledger.members[change.notice.member].give(outcome.seq, change.notice.id)

    def appealed(self, change: Appeal, _: object) -> None:
        case = self.cases[change.case]
        promised(case.state is CaseState.REJECTED and not case.had_appeal, f"case {case.id} is appealed as {case.state.word}")
        case.state, case.had_appeal = CaseState.APPEALED, True

    def pressed(self, change: Press, _: object) -> None:
        promised(change.member in self.ledger.posts[change.post].given, f"{change} is about a post that they never got")
        self.presses[change.post, change.member] = change.button


def _is_closed(thread: OneThread) -> bool:
    return thread.state is ThreadState.CLOSED


def _same(each: OneMessage, message: Message, member: int) -> bool:
    return each.client_id is not None and each.client_id == message.client_id and each.thread.member == member
