"""Trust: one number from 0 to 1 for what a member's own past says of them, which anybody can work out again.

Approved messages, time as a member, and whether the company keeps something about them, add up; before the first few approved
messages it is 0. Consent adds nothing: without it nobody is a member. What others write never counts.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

SHORTEST = 12  # letters and digits of a message that earns trust: "thank you!" and "see you" cost nothing to send
DAY = timedelta(days=1)
OF_MESSAGES = 0.6  # what somebody wrote says more
OF_TIME = 0.2  # than how long they have been there
OF_BEING_KNOWN = 0.2  # or who they are


@dataclass(frozen=True, slots=True)
class TrustRules:
    """The first `first` approved messages are looked at fully; `messages` and `days` earn all there is to earn."""

    first: int = 5
    messages: int = 20
    days: int = 30
    lightly_from: float = 0.5


@dataclass(frozen=True, slots=True)
class Past:
    """What counts of a member; `known` says that the company keeps attributes of them."""

    approved: int
    joined_at: datetime
    known: bool = False


@dataclass(frozen=True, slots=True)
class Trust:
    """`of_*` are the parts that make up `value`; a member is looked at `lightly` from a certain value on."""

    value: float
    lightly: bool
    approved: int
    days: int
    known: bool
    of_messages: float = 0.0
    of_time: float = 0.0
    of_being_known: float = 0.0

    @property
    def why(self) -> str:
        """For staff, as the reason of a signal."""
        known = ", known to the company" if self.known else ""
        return f"trusted {self.value:.2f}: {self.approved} approved messages, a member for {self.days} days{known}"


def trust_of(past: Past, now: datetime, rules: TrustRules) -> Trust:
    """A member who has fewer than the first few approved messages has none, however long they have been there."""
    days = max(0, (now - past.joined_at) // DAY)
    if past.approved < rules.first:
        return Trust(0.0, lightly=False, approved=past.approved, days=days, known=past.known)
    of_messages = OF_MESSAGES * _share(past.approved, rules.messages)
    of_time = OF_TIME * _share(days, rules.days)
    of_being_known = OF_BEING_KNOWN * past.known
    value = round(of_messages + of_time + of_being_known, 4)
    lightly = value >= rules.lightly_from
    return Trust(value, lightly, past.approved, days, past.known, of_messages, of_time, of_being_known)


def earns(text: str) -> bool:
    """Whether a message is long enough to earn trust once it is approved."""
    return sum(map(str.isalnum, text)) >= SHORTEST


def _share(have: int, wanted: int) -> float:
    return min(1.0, have / wanted) if wanted else 1.0
