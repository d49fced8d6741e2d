"""Looks at every commit as it is made, and says what must be so; breaks off at the first promise that is not kept."""

from collections.abc import Callable, Mapping
from typing import Any

from relay.core.attempt import AddReceipts, HearFrom, SetPushed
from relay.core.change import (
    AcceptPost,
    AddMember,
    AddNote,
    AddToken,
    AdvanceCursors,
    Appeal,
    CancelPost,
    Change,
    EditThread,
    Erase,
    Filed,
    FileReply,
    FreeLease,
    FreezeAudience,
    Leave,
    Outcome,
    PlanPost,
    Press,
    Record,
    Rejoin,
    Released,
    ReleasePost,
    RevokeTokens,
    Rule,
    SendMessage,
    TakeLease,
)
from relay.core.checking import DecideAgain
from relay.core.repeat import Remember
from relay.core.thread import Message, Role
from tests.simulation.exits import Exits
from tests.simulation.ground import Commit
from tests.simulation.ledger import Ledger, promised
from tests.simulation.runs import Runs
from tests.simulation.talks import Talks

RECORDED = (
    AcceptPost, AddMember, AddNote, AddToken, CancelPost, EditThread, Erase, RevokeTokens, Rule, SendMessage,
)  # fmt: skip
"""What staff do stands in the audit log, in the same commit."""

Handler = Callable[[Any, Any], None]


class Oracle:
    """Hears of commits in the order in which they were made."""

    def __init__(self) -> None:
        self.ledger = Ledger()
        self.exits = Exits(self.ledger)
        self.talks = Talks(self.ledger)
        self.runs = Runs(self.exits)
        self.records: list[tuple[str, str, str]] = []
        self.remembered: dict[tuple[str, str], str] = {}
        ledger, exits, talks = self.ledger, self.exits, self.talks
        self._handlers: Mapping[type[Any], tuple[Handler, ...]] = {
            AddMember: (ledger.added,),
            Leave: (ledger.left, lambda change, _: exits.left(change.member)),
            Rejoin: (ledger.came_back,),
            Erase: (
                ledger.erased,
                lambda change, _: exits.erased(change.member),
                lambda change, _: talks.erased(change.member),
            ),
            AdvanceCursors: (ledger.advanced,),
            PlanPost: (ledger.planned,),
            FreezeAudience: (ledger.frozen,),
            AcceptPost: (ledger.was_accepted,),
            CancelPost: (ledger.cancelled, lambda change, _: exits.cancelled(change.post.n)),
            ReleasePost: (ledger.released, self._released),
            FileReply: (talks.filed, lambda change, outcome: self._pushed(change.filing.notice, outcome.notice_seq)),
            SendMessage: (talks.sent, self._said),
            Rule: (talks.ruled, self._said_of_case),
            DecideAgain: (talks.decided_again, self._said_of_case),
            AddNote: (talks.noted,),
            EditThread: (talks.edited,),
            TakeLease: (talks.leased,),
            FreeLease: (talks.freed,),
            Appeal: (talks.appealed,),
            Press: (talks.pressed,),
            SetPushed: (exits.set_pushed,),
            HearFrom: (exits.heard,),
            AddReceipts: (exits.receipts,),
            Remember: (self._remembered,),
            Record: (self._recorded,),
            **self.runs.handlers,
        }

    def committed(self, commit: Commit) -> None:
        """Raises BrokenPromise."""
        changes, outcomes = commit
        for change, outcome in zip(changes, outcomes, strict=True):
            for handler in self._handlers.get(type(change), ()):
                handler(change, outcome)
        self._is_recorded(changes)

    def _is_recorded(self, changes: tuple[Change, ...]) -> None:
        asked = [each for each in changes if isinstance(each, RECORDED) and not _by_the_relay(each)]
        recorded = any(isinstance(each, Record) for each in changes)
        promised(recorded or not asked, f"nothing in the audit log tells of {asked}")

    def _recorded(self, change: Record, _: Outcome) -> None:
        self.records.append((change.actor, change.action, change.subject))

    def _remembered(self, change: Remember, _: Outcome) -> None:
        mark = change.caller, change.key
        promised(mark not in self.remembered, f"{mark} has two answers")
        self.remembered[mark] = change.body

    def _released(self, change: ReleasePost, outcome: Released) -> None:
        for n, seq in outcome.seqs:
            self.exits.made(self.ledger.members[n], seq, self.ledger.posts[change.post.n])

    def _said(self, change: SendMessage, outcome: Filed) -> None:
        self._pushed(change.message, outcome.seq)

    def _said_of_case(self, change: Rule | DecideAgain, outcome: Filed | None) -> None:
        self._pushed(change.notice, None if outcome is None else outcome.seq)

    def _pushed(self, message: Message | None, seq: int | None) -> None:
        """What the company's side says goes to the member's address as well."""
        if message is not None and seq is not None:
            self.exits.made(self.ledger.members[message.member], seq, None)


def _by_the_relay(change: Change) -> bool:
    """A bot's or the relay's own message is no act of staff."""
    return isinstance(change, SendMessage) and change.message.role is not Role.STAFF
