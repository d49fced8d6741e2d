"""The arithmetic of strikes: they halve, they add up, they lead to one measure, and what an appeal undoes is undone."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.core.errors import Conflict, Invalid, Muted
from relay.core.ladder import RUNGS, Ladder, MeasureKind, Strike
from relay.core.measure import (
    AddStrike,
    Impose,
    Measure,
    MeasureState,
    Past,
    check_may_write,
    checked_until,
    counts,
    in_force,
    lifted,
    looked_at,
    sanction,
    undone,
)
from relay.core.statement import Reader, by_ladder, by_person, over
from relay.core.verdict import Action, Decision, Seen, Signal
from relay.testing.clock import Drawn

NOW = datetime(2026, 11, 21, 20, 15, tzinfo=UTC)
LADDER = Ladder()
DAY = timedelta(days=1)

ages = st.timedeltas(min_value=timedelta(), max_value=timedelta(days=400))
strikes = st.lists(st.builds(Strike, st.uuids().map(str), st.floats(0, 100), ages.map(lambda age: NOW - age)), max_size=20)
waits = st.timedeltas(min_value=timedelta(seconds=1), max_value=timedelta(days=400))


def measure(kind: MeasureKind = MeasureKind.MUTE, *, until: datetime = NOW + DAY, by: str = "") -> Measure:
    return Measure(f"{kind}-{until}-{by}", 1, kind, NOW, until, by, "Tone" if by else "")


@given(strikes, waits)
def test_what_stands_against_a_member_only_shrinks_while_nothing_happens(past: list[Strike], wait: timedelta) -> None:
    assert 0 <= LADDER.points(past, NOW + wait) <= LADDER.points(past, NOW)


@given(st.floats(0.1, 100))
def test_a_strike_is_half_as_much_after_its_half_life(points: float) -> None:
    strike = Strike("case", points, NOW)

    assert LADDER.left(strike, NOW + LADDER.half_life) == pytest.approx(points / 2)


@given(strikes, waits)
def test_a_strike_that_is_taken_back_counts_for_nothing(past: list[Strike], wait: timedelta) -> None:
    ended = [replace(each, taken_back_at=NOW) for each in past]

    assert LADDER.points(ended, NOW + wait) == 0


@given(st.floats(0, 1000), st.floats(0, 1000))
def test_more_points_never_lead_to_a_milder_measure(one: float, other: float) -> None:
    fewer, more = (LADDER.due(points) for points in sorted((one, other)))
    order = [None, *LADDER.rungs]

    assert order.index(fewer) <= order.index(more)


@given(strikes)
def test_a_strike_brings_one_measure_at_most_and_never_a_ban_by_itself(past: list[Strike]) -> None:
    brought = sanction(LADDER, Past(1, past), "case", NOW, lambda: "id")

    imposed = [each.measure for each in brought.changes if isinstance(each, Impose)]
    at_once = [each for each in imposed if each.state is MeasureState.IMPOSED]
    assert len(at_once) <= 1
    assert all(each.kind is not MeasureKind.BAN for each in at_once)
    assert [each.measure for each in brought.changes if isinstance(each, Impose)][:1] == at_once


@given(strikes)
def test_every_measure_that_is_imposed_ends(past: list[Strike]) -> None:
    brought = sanction(LADDER, Past(1, past), "case", NOW, lambda: "id")

    for each in brought.changes:
        if isinstance(each, Impose):
            assert not each.measure.holds(each.measure.until)
            assert each.measure.until - NOW <= timedelta(days=366)


def test_rejections_close_together_climb_the_ladder() -> None:
    past = Past(1)
    climbed = []

    for number in range(7):
        brought = sanction(LADDER, past, f"case {number}", NOW + number * timedelta(hours=1), lambda: "id")
        climbed.append([each.measure.kind for each in brought.changes if isinstance(each, Impose)])
        strikes = [each.strike for each in brought.changes if isinstance(each, AddStrike)]
        past = replace(past, strikes=[*past.strikes, *strikes])

    kinds = MeasureKind
    assert climbed == [
        [kinds.WARN], [kinds.SLOW], [kinds.PRE_MODERATION], [kinds.MUTE], [kinds.MUTE], [kinds.MUTE], [kinds.MUTE, kinds.BAN],
    ]  # fmt: skip


def test_a_case_is_one_strike_however_often_it_is_decided() -> None:
    past = Past(1, [Strike("case", 4, NOW - DAY)])

    assert sanction(LADDER, past, "case", NOW, lambda: "id").changes == ()


def test_without_points_there_are_no_strikes() -> None:
    assert sanction(Ladder(strike=0), Past(1), "case", NOW, lambda: "id").changes == ()


def test_a_ban_is_proposed_once() -> None:
    many = [Strike(f"case {number}", 4, NOW) for number in range(9)]
    proposed = replace(measure(MeasureKind.BAN), state=MeasureState.PROPOSED)

    brought = sanction(LADDER, Past(1, many, [proposed]), "case", NOW, lambda: "id")

    assert [each.measure.kind for each in brought.changes if isinstance(each, Impose)] == [MeasureKind.MUTE]


@given(st.integers(1, 12), st.integers(0, 11))
def test_an_appeal_leaves_no_measure_that_needed_its_strike(count: int, place: int) -> None:
    past = Past(1)
    for number in range(count):
        brought = sanction(LADDER, past, f"case {number}", NOW + timedelta(minutes=number), Drawn(str(number)))
        strikes = [each.strike for each in brought.changes if isinstance(each, AddStrike)]
        measures = [each.measure for each in brought.changes if isinstance(each, Impose)]
        past = replace(past, strikes=[*past.strikes, *strikes], measures=[*past.measures, *measures])
    case, now = f"case {place % count}", NOW + timedelta(minutes=count)

    ended = undone(LADDER, past, case, now)

    kept = [each for each in past.strikes if each.case != case]
    left = [each for each in past.measures if each not in ended]
    assert all(each.case != case for each in left)
    assert all(LADDER.reaches(each.kind, LADDER.points(kept, each.at)) for each in left)
    assert count > 1 or left == []


def test_what_a_person_imposed_for_another_reason_outlasts_an_appeal() -> None:
    by_hand = measure(by="eva")

    assert undone(LADDER, Past(1, [Strike("case", 4, NOW)], [by_hand]), "case", NOW) == ()


@pytest.mark.parametrize("kind", [MeasureKind.MUTE, MeasureKind.BAN])
def test_who_is_muted_or_banned_is_refused_with_the_end_until_it_comes(kind: MeasureKind) -> None:
    shut = measure(kind)

    with pytest.raises(Muted) as refused:
        check_may_write([shut, measure(kind, until=NOW + DAY / 2)], NOW)
    check_may_write([shut], NOW + DAY)

    assert refused.value.until == NOW + DAY


@pytest.mark.parametrize("kind", [MeasureKind.WARN, MeasureKind.SLOW, MeasureKind.PRE_MODERATION])
def test_milder_measures_shut_nobody_out(kind: MeasureKind) -> None:
    check_may_write([measure(kind)], NOW)


@pytest.mark.parametrize("action", [Action.ALLOW, Action.FLAG, Action.HOLD])
def test_pre_moderation_holds_each_message_for_a_person(action: Action) -> None:
    found = looked_at(Decision(action, 0.0, checking=True), [measure(MeasureKind.PRE_MODERATION)], NOW)

    assert (found.action, found.by_itself, found.checking) == (Action.HOLD, Action.HOLD, False)


def test_pre_moderation_makes_no_rejection_milder_and_ends() -> None:
    first = [measure(MeasureKind.PRE_MODERATION)]
    rejected, allowed = Decision(Action.REJECT, 9.0), Decision(Action.ALLOW, 0.0)

    assert looked_at(rejected, first, NOW) == rejected
    assert looked_at(allowed, first, NOW + DAY) == allowed


def test_only_what_a_rule_is_certain_of_is_a_strike() -> None:
    hard = Seen(Signal("words.threat", hard=True), "words", "1", 9.0)
    soft = replace(hard, signal=Signal("words.insult"))

    assert counts(Decision(Action.REJECT, 9.0, (hard,)))
    assert not counts(Decision(Action.REJECT, 9.0, (soft,)))
    assert not counts(Decision(Action.HOLD, 9.0, (hard,)))
    assert not counts(Decision(Action.REJECT, 9.0, (replace(hard, across=True),)))


def test_of_each_kind_the_one_that_ends_last_is_told() -> None:
    longer, shorter, slow = measure(until=NOW + 2 * DAY), measure(), measure(MeasureKind.SLOW)

    assert in_force([shorter, slow, longer, measure(until=NOW)], NOW) == (longer, slow)


def test_an_end_lies_ahead_and_at_most_a_year() -> None:
    for wrong in (NOW, NOW - DAY, NOW + timedelta(days=367)):
        with pytest.raises(Invalid):
            checked_until(wrong, NOW)

    assert checked_until(NOW + DAY, NOW) == NOW + DAY


def test_what_is_over_cannot_be_lifted() -> None:
    with pytest.raises(Conflict):
        lifted(measure(), "eva", NOW + DAY)


def test_the_rungs_are_those_of_the_design_and_rise() -> None:
    assert [rung.kind for rung in RUNGS] == [kind for kind in MeasureKind if kind is not MeasureKind.SHADOW]
    assert [rung.points for rung in RUNGS] == [3, 6, 10, 15, 25]
    assert all(one.points < other.points for one, other in pairwise(RUNGS))


@pytest.mark.parametrize("kind", [rung.kind for rung in RUNGS])
def test_a_statement_names_the_end_in_the_time_and_language_of_the_member(kind: MeasureKind) -> None:
    found = measure(kind, by="eva")

    assert "22. November 2026, 21:15 Uhr (CET)" in by_ladder(found, Reader("de-AT", "Europe/Berlin"))
    assert "22 November 2026, 20:15 (UTC)" in by_person(found, Reader("fr", ""), "Bad am See")


def test_a_statement_says_why_who_decided_and_how_to_object() -> None:
    told = by_person(measure(by="eva"), Reader("de"), "Bad am See")

    for part in ("Grund: „Tone“", "ein Mensch im Team von Bad am See", "widersprechen"):
        assert part in told
    assert "automatische Regel" in by_ladder(measure(), Reader("de"))


def test_what_ended_is_told_by_its_name() -> None:
    assert (
        over([measure(), measure(MeasureKind.WARN)], Reader("de"))
        == "Nicht mehr in Kraft für dich: die Stummschaltung, die Verwarnung."
    )
    assert over([], Reader("de")) == ""
