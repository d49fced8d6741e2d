"""A measure: what a case, or a person of staff, does to one member; it ends by itself, by a person, or by an appeal."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import IntEnum

from relay.core.errors import Conflict, Denied, Fault, Invalid, Muted
from relay.core.identity import Ids
from relay.core.ladder import Ladder, MeasureKind, Strike
from relay.core.verdict import CORE, Action, Decision, Seen, Signal

LONGEST = timedelta(days=366)
LOOKED_AT = Seen(
    Signal("core.pre_moderation", reason="a person looks at each message of this member first"),
    CORE,
    "",
    5.0,
    told={"en": "a person looks at each of your messages first", "de": "jede deiner Nachrichten sieht sich erst jemand an"},
)


class MeasureState(IntEnum):
    """Stored as its number. One that was imposed is over at its end, whatever stands here."""

    PROPOSED = 0
    IMPOSED = 1
    LIFTED = 2
    TAKEN_BACK = 3
    DISMISSED = 4

    @property
    def word(self) -> str:
        """As the wire says it."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Measure:
    """`by` and `ended_by` are ids of staff, empty for the ladder's own; `case` is the one it came from, if any.

    `reason` is what a person of staff wrote. `objected_at` is when the member asked for another look at one without a case,
    `answer` what another person made of it.
    """

    id: str
    member: int
    kind: MeasureKind
    at: datetime
    until: datetime
    by: str = ""
    reason: str = ""
    case: str | None = None
    state: MeasureState = MeasureState.IMPOSED
    ended_at: datetime | None = None
    ended_by: str = ""
    objected_at: datetime | None = None
    answered_at: datetime | None = None
    answered_by: str = ""
    answer: str = ""

    def holds(self, now: datetime) -> bool:
        """Whether it is in force: nobody has to end it."""
        return self.state is MeasureState.IMPOSED and now < self.until


@dataclass(frozen=True, slots=True)
class Term:
    """What somebody is to meet, and until when."""

    kind: MeasureKind
    until: datetime


@dataclass(frozen=True, slots=True)
class AddStrike:
    """Stale unless the member has `seen` strikes until now: what follows from one rests on all of them."""

    member: int
    strike: Strike
    seen: int


@dataclass(frozen=True, slots=True)
class Impose:
    """A new measure, in force or proposed. Stale when the member is gone. Outcome: Concerned."""

    measure: Measure


@dataclass(frozen=True, slots=True)
class MoveMeasure:
    """The measure as it is now. Stale when it is not in the state `was` any more. Outcome: Concerned."""

    measure: Measure
    was: MeasureState


@dataclass(frozen=True, slots=True)
class TakeBack:
    """The strike of this case does not count any more, and these measures are over. Outcome: Concerned."""

    member: int
    case: str
    measures: tuple[str, ...]
    at: datetime
    by: str


@dataclass(frozen=True, slots=True)
class ObjectTo:
    """The member asks for another look at a measure, in a message. Stale when they did before. Outcome: Concerned."""

    member: int
    measure: str
    at: datetime
    message: str


@dataclass(frozen=True, slots=True)
class AnswerObjection:
    """The measure as another person leaves it. Stale when that was done before, or it is over. Outcome: Concerned."""

    measure: Measure


@dataclass(frozen=True, slots=True)
class BringBack:
    """What shadow mode kept out of the inbox comes into it. Outcome: Brought. Stale when the member is gone."""

    member: int
    measure: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Brought:
    """The threads that have something new, by their ids, and how many messages that is."""

    threads: tuple[str, ...]
    messages: int


@dataclass(frozen=True, slots=True)
class Concerned:
    """Whom a measure is about, as staff know them, and the key of their community."""

    member: str
    community: int


Measuring = AddStrike | Impose | MoveMeasure | TakeBack | ObjectTo | BringBack | AnswerObjection


@dataclass(frozen=True, slots=True)
class Sanction:
    """What a rejection brings about beside itself; `measure` is what the member is told of."""

    changes: tuple[Measuring, ...] = ()
    measure: Measure | None = None


@dataclass(frozen=True, slots=True)
class Past:
    """What stands against a member, by the store's key of theirs."""

    member: int
    strikes: Sequence[Strike] = ()
    measures: Sequence[Measure] = ()


def counts(decision: Decision) -> bool:
    """Whether a rejection by rule is a strike: only what a plugin is certain of, and what the member wrote themselves."""
    hard = any(seen.signal.hard and seen.weight > 0 and not seen.across for seen in decision.signals)
    return decision.action is Action.REJECT and decision.by_itself is Action.REJECT and hard


def sanction(ladder: Ladder, past: Past, case: str, now: datetime, ids: Ids) -> Sanction:
    """The strike of a case, and the measure that is due with it; nothing where the case has brought its strike already."""
    if ladder.strike <= 0 or any(each.case == case for each in past.strikes):
        return Sanction()
    member, strike = past.member, Strike(case, ladder.strike, now)
    points = ladder.points([*past.strikes, strike], now)
    changes: list[Measuring] = [AddStrike(member, strike, len(past.strikes))]
    rung, highest = ladder.by_itself(points), ladder.due(points)
    measure = None
    if rung is not None:
        measure = Measure(ids(), member, rung.kind, now, now + rung.lasts, case=case)
        changes.append(Impose(measure))
    if highest is not None and highest.kind is MeasureKind.BAN and not any(_is_ban(each, now) for each in past.measures):
        ban = Measure(ids(), member, MeasureKind.BAN, now, now + highest.lasts, case=case, state=MeasureState.PROPOSED)
        changes.append(Impose(ban))
    return Sanction(tuple(changes), measure)


def with_one_by_hand(found: Sanction, by_hand: Measure) -> Sanction:
    """What a person adds to a rejection; it takes the place of whatever the ladder does that is no stricter."""
    kinds = list(MeasureKind)
    stricter = kinds[kinds.index(by_hand.kind) + 1 :]
    kept = tuple(each for each in found.changes if not isinstance(each, Impose) or each.measure.kind in stricter)
    measure = found.measure if found.measure is not None and found.measure.kind in stricter else None
    return Sanction((*kept, Impose(by_hand)), measure)


def _is_ban(measure: Measure, now: datetime) -> bool:
    """One that is in force, or that staff have yet to decide about."""
    return measure.kind is MeasureKind.BAN and (measure.state is MeasureState.PROPOSED or measure.holds(now))


def undone(ladder: Ladder, past: Past, case: str, now: datetime) -> tuple[Measure, ...]:
    """What is over when an appeal in a case succeeds: what came of it, and what its strike was needed for."""
    kept = [each for each in past.strikes if each.case != case]
    return tuple(
        each
        for each in past.measures
        if (each.holds(now) or each.state is MeasureState.PROPOSED)
        and (each.case == case or (not each.by and not ladder.reaches(each.kind, ladder.points(kept, each.at))))
    )


def in_force(measures: Iterable[Measure], now: datetime) -> tuple[Measure, ...]:
    """One of each kind, the one that ends last; strictest first."""
    latest: dict[MeasureKind, Measure] = {}
    for each in sorted((each for each in measures if each.holds(now)), key=lambda each: each.until):
        latest[each.kind] = each
    return tuple(latest[kind] for kind in reversed(MeasureKind) if kind in latest)


def told(measures: Iterable[Measure], now: datetime) -> tuple[Measure, ...]:
    """Those in force that the member hears of: of shadow mode their export speaks alone."""
    return in_force((each for each in measures if each.kind is not MeasureKind.SHADOW), now)


def may_object(measure: Measure, now: datetime) -> bool:
    """Whether the member can ask for another look at it; one with a case is appealed by that."""
    return measure.holds(now) and bool(measure.by) and measure.case is None and measure.objected_at is None


def check_may_write(measures: Iterable[Measure], now: datetime) -> None:
    """Raises Muted, with the end, for who is muted or banned."""
    shut = [each.until for each in measures if each.kind in {MeasureKind.MUTE, MeasureKind.BAN} and each.holds(now)]
    if shut:
        raise Muted(until=max(shut))


def looked_at(decision: Decision, measures: Iterable[Measure], now: datetime) -> Decision:
    """The decision as pre-moderation leaves it: a person looks first, whatever plugins make of the message."""
    if decision.action.severity >= Action.REJECT.severity:
        return decision
    if not any(each.kind is MeasureKind.PRE_MODERATION and each.holds(now) for each in measures):
        return decision
    signals = (*decision.signals, LOOKED_AT)
    return replace(decision, action=Action.HOLD, own=Action.HOLD, signals=signals, checking=False)


def checked_until(until: datetime, now: datetime, *, at: tuple[str, ...] = ("body", "until")) -> datetime:
    """Raises Invalid for an end that lies in the past, or more than a year ahead; `at` is where it stands."""
    if until <= now:
        raise Invalid("The measure is not valid.", [Fault(at, "lies in the past")])
    if until - now > LONGEST:
        raise Invalid("The measure is not valid.", [Fault(at, "lies more than a year ahead")])
    return until


def lifted(measure: Measure, by: str, now: datetime) -> Measure:
    """Ended by a person. Raises Conflict when it is over already."""
    if not measure.holds(now):
        raise Conflict("This measure is not in force.")
    return replace(measure, state=MeasureState.LIFTED, ended_at=now, ended_by=by)


def confirmed(measure: Measure, by: str, reason: str, until: datetime, now: datetime) -> Measure:
    """A proposal that a person takes up, from now on. Raises Conflict when it is decided, Invalid."""
    _check_proposed(measure)
    return replace(measure, state=MeasureState.IMPOSED, at=now, until=checked_until(until, now), by=by, reason=reason)


def dismissed(measure: Measure, by: str, now: datetime) -> Measure:
    """A proposal that comes to nothing. Raises Conflict when it is decided."""
    _check_proposed(measure)
    return replace(measure, state=MeasureState.DISMISSED, ended_at=now, ended_by=by)


def answered(measure: Measure, by: str, reason: str, now: datetime, *, upholds: bool) -> Measure:
    """Upheld or ended after an objection.

    Raises Conflict (no objection, answered already, over), Denied (by who imposed it), Invalid (upheld without a reason).
    """
    if not measure.holds(now) or measure.objected_at is None or measure.answered_at is not None:
        raise Conflict("There is no objection here that waits for an answer.")
    if by == measure.by:
        raise Denied("An objection is decided by another person than who imposed the measure.")
    if upholds and not reason.strip():
        raise Invalid("Upholding a measure needs a reason; the member reads it.")
    found = replace(measure, answered_at=now, answered_by=by, answer=reason.strip())
    return found if upholds else replace(found, state=MeasureState.LIFTED, ended_at=now, ended_by=by)


def _check_proposed(measure: Measure) -> None:
    if measure.state is not MeasureState.PROPOSED:
        raise Conflict("This proposal is decided already.")
