"""Shadow mode: a member's messages are taken as usual and kept out of the staff's inbox, where the operator allows it by name.

Only a person of staff begins it, for a time, and it is counted. The member is told nothing while it holds; their export says
all of it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from relay.core.errors import Conflict, Fault, Invalid
from relay.core.ladder import MeasureKind
from relay.core.measure import Measure
from relay.core.verdict import CORE, Action, Decision, Seen, Signal

LONGEST = timedelta(days=31)
KEPT_APART = Seen(Signal("core.shadow", reason="shadow mode holds: staff find it on the member's page"), CORE, "", 0.0)
SILENT = {Action.ALLOW, Action.FLAG, Action.HOLD}  # of all else the member is told, as always


@dataclass(frozen=True, slots=True)
class Kept:
    """A message that is kept out of the inbox by `measure`, in the thread it belongs to."""

    id: str
    thread: str
    measure: str
    text: str
    at: datetime


def check_may_begin(measures: Iterable[Measure], until: datetime, now: datetime, *, is_allowed: bool) -> None:
    """Raises Conflict where the configuration does not allow it or it holds already, Invalid for an end that is too far off."""
    if not is_allowed:
        raise Conflict("Shadow mode is off: an operator has to allow it in the configuration, by moderation.allow_shadow.")
    if in_shadow(measures, now):
        raise Conflict("Shadow mode holds for this member already.")
    if until - now > LONGEST:
        raise Invalid("The measure is not valid.", [Fault(("body", "until"), "lies more than 31 days ahead")])


def in_shadow(measures: Iterable[Measure], now: datetime) -> str:
    """The id of the measure by which it holds, empty where it does not."""
    return next((each.id for each in measures if each.kind is MeasureKind.SHADOW and each.holds(now)), "")


def apart(decision: Decision) -> Decision:
    """The decision as shadow mode leaves it: it earns nothing, opens no case, and nobody looks at the message by themselves."""
    if decision.action not in SILENT:
        return decision
    signals = (*decision.signals, KEPT_APART)
    return replace(decision, action=Action.DISCARD, own=Action.HOLD, signals=signals, checking=False)
