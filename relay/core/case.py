"""A case: a decision that staff look at, such as a held message, and what they make of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum

from relay.core.errors import Conflict, Denied, Fault, Invalid
from relay.core.identity import Ids
from relay.core.ladder import MeasureKind
from relay.core.measure import Term
from relay.core.verdict import Action, Decision, Seen


class CaseState(IntEnum):
    """Stored as its number."""

    OPEN = 0
    DELIVERED = 1
    REJECTED = 2
    APPEALED = 3

    @property
    def word(self) -> str:
        """As the wire says it."""
        return self.name.lower()


class CaseKind(StrEnum):
    """Why staff look."""

    HELD = "held"
    FLAGGED = "flagged"
    REJECTED = "rejected"


class Ruling(StrEnum):
    """What staff decide: the text may be read by the team, or not."""

    DELIVER = "deliver"
    REJECT = "reject"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a person makes of a case. The member reads the reason of a rejection; `term` is what they meet with it, if any."""

    ruling: Ruling
    reason: str = ""
    term: Term | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """Opened together with its message; `decided_by` is the id of the staff person, empty while nobody has."""

    id: str
    kind: CaseKind
    opened_at: datetime
    state: CaseState = CaseState.OPEN
    decided_by: str = ""
    version: int = 1


_KIND = {
    Action.FLAG: CaseKind.FLAGGED,
    Action.HOLD: CaseKind.HELD,
    Action.REJECT: CaseKind.REJECTED,
}
_STATE = {CaseKind.REJECTED: CaseState.REJECTED}  # decided by rule already; the case is there for an appeal


def case_for(decision: Decision, ids: Ids, now: datetime) -> Case | None:
    """The case that a decision opens, if any."""
    kind = _KIND.get(decision.action)
    if kind is None:
        return None
    return Case(ids(), kind, now, _STATE.get(kind, CaseState.OPEN))


def ruled(case: Case, finding: Finding, staff_id: str) -> CaseState:
    """The state after a person's ruling.

    Raises Invalid (no reason for a rejection, a measure with anything but a first rejection: there is no appeal after an
    appeal), Conflict when it is decided already, Denied when an appeal would be judged by who decided first.
    """
    _check_finding(case, finding)
    if case.state in {CaseState.DELIVERED, CaseState.REJECTED}:
        raise Conflict("This case is decided already.")
    if case.state is CaseState.APPEALED and case.decided_by == staff_id:
        raise Denied("An appeal is decided by another person than the first decision.")
    return CaseState.DELIVERED if finding.ruling is Ruling.DELIVER else CaseState.REJECTED


def _check_finding(case: Case, finding: Finding) -> None:
    if finding.ruling is Ruling.REJECT and not finding.reason.strip():
        raise Invalid("A rejection needs a reason; the member reads it.")
    if finding.term is None:
        return
    if finding.ruling is not Ruling.REJECT:
        raise Invalid("The measure is not valid.", [Fault(("body", "measure"), "goes with a rejection alone")])
    if finding.term.kind is MeasureKind.SHADOW:  # nothing is told of it, and all is of a rejection
        raise Invalid("The measure is not valid.", [Fault(("body", "measure", "kind"), "does not go with a rejection")])
    if case.state is CaseState.APPEALED:
        raise Invalid("The measure is not valid.", [Fault(("body", "measure"), "cannot follow from an appeal")])


def appealed(case: Case, *, had_appeal: bool) -> CaseState:
    """The state after the member asks for another look. Raises Conflict unless it is rejected and asked the first time."""
    if had_appeal:
        raise Conflict("There was an appeal in this case already.")
    if case.state is not CaseState.REJECTED:
        raise Conflict("Only a rejected message can be appealed.")
    return CaseState.APPEALED


@dataclass(frozen=True, slots=True)
class CaseView:
    """A case with what staff need to decide it; from `score` on, what moderation's own decision was made of.

    `is_checking` while slow plugins look: then a second decision follows, unless a person decides first.
    """

    case: Case
    community: int
    thread: str
    thread_n: int
    thread_state: int
    thread_version: int
    member: int
    member_id: str
    pseudonym: str
    message: str
    text: str
    at: datetime
    decision: str
    reason: str
    decided_at: datetime | None
    appeal: str | None
    appeal_at: datetime | None
    score: float
    signals: tuple[Seen, ...]
    failures: tuple[tuple[str, str], ...]
    thresholds: Mapping[str, float]
    is_checking: bool = False
