"""Checking: messages that are held while slow plugins look at them, and the second decision that ends it."""

from dataclasses import dataclass
from datetime import datetime

from relay.core.case import CaseKind, CaseState, CaseView
from relay.core.thread import Message, ThreadRef
from relay.core.verdict import Action, Decision, Submission


@dataclass(frozen=True, slots=True)
class Unchecked:
    """A message that is held meanwhile: its case, the submission to judge, and what was made of it at first."""

    view: CaseView
    submission: Submission
    first: Decision


@dataclass(frozen=True, slots=True)
class DecideAgain:
    """The second decision about a held message. Outcome: Filed (`seq` is the notice's own) or None.

    Stale when the case has moved on from `version`: a person was faster, and what a person decided stays. `text` is what it is
    about.
    """

    case: str
    version: int
    kind: CaseKind
    state: CaseState
    decision: Decision
    at: datetime
    message: str
    text: str
    thread: ThreadRef
    community: int
    notice: Message | None


_ENDS = {
    Action.ALLOW: (CaseKind.HELD, CaseState.DELIVERED),
    Action.FLAG: (CaseKind.FLAGGED, CaseState.OPEN),
    Action.HOLD: (CaseKind.HELD, CaseState.OPEN),
    Action.NUDGE: (CaseKind.REJECTED, CaseState.REJECTED),
    Action.REJECT: (CaseKind.REJECTED, CaseState.REJECTED),
    Action.DISCARD: (CaseKind.REJECTED, CaseState.REJECTED),
}


def ended(decision: Decision) -> tuple[CaseKind, CaseState]:
    """What becomes of the case that was opened while slow plugins looked."""
    return _ENDS[decision.action]
