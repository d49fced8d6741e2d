"""A replay's sums: what flips, what people ruled, what a check costs, in a size that does not grow."""

from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.core.ladder import Ladder, MeasureKind, Strike
from relay.core.reach import Reach
from relay.core.replay import Past, Spread, Tally, would_strike
from relay.core.verdict import Action, Decision, MemberFacts, Seen, Signal, Submission

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
ALLOW, FLAG, HOLD, REJECT = Action.ALLOW, Action.FLAG, Action.HOLD, Action.REJECT


def past(action: Action, ruled: Action | None = None, text: str = "Hello") -> Past:
    submission = Submission(text, "pool", MemberFacts("m", NOON), "web", text, NOON)
    return Past(submission, action, 3.0, ruled)


def tally(*pairs: tuple[Past, Action], samples: int = 5) -> Tally:
    made = Tally(samples, Random(0))
    for before, now in pairs:
        made.add(before, Decision(now, 1.0, (Seen(Signal("words.insult"), "words", "1", 1.0),)))
    return made


def test_what_people_ruled_says_which_were_false_alarms_then_and_now() -> None:
    made = tally((past(HOLD, ALLOW), ALLOW), (past(HOLD, REJECT), HOLD), (past(HOLD), HOLD), (past(ALLOW), FLAG))

    then, now = made.before(HOLD), made.now(HOLD)

    assert (then.messages, then.delivered, then.rejected, then.false_alarms) == (3, 1, 1, 0.5)
    assert (now.messages, now.delivered, now.rejected, now.false_alarms) == (2, 0, 1, 0.0)
    assert made.now(FLAG).false_alarms is None
    assert (made.messages, made.flipped, made.matrix[HOLD, ALLOW]) == (4, 2, 1)


def test_of_each_kind_a_few_are_kept_and_those_that_stay_as_they_are_never() -> None:
    pairs = [(past(ALLOW, text=str(n)), FLAG if n % 3 else HOLD) for n in range(300)]

    made = tally(*pairs, *[(past(HOLD), HOLD)] * 50, samples=4)

    assert [flip.action for flip in made.flips] == [FLAG] * 4 + [HOLD] * 4
    assert {flip.signals for flip in made.flips} == {("words.insult",)}
    assert max(int(flip.past.submission.text) for flip in made.flips) > 100
    assert tally(*pairs, samples=0).flips == []


@given(st.lists(st.floats(1e-6, 100.0), min_size=1, max_size=200), st.sampled_from([0.5, 0.9, 0.99, 1.0]))
def test_a_percentile_is_as_near_as_it_says(seconds: list[float], share: float) -> None:
    spread = Spread()
    for each in seconds:
        spread.add(each)

    ranked = sorted(seconds)
    exact = ranked[max(0, -(-round(len(ranked) * share * 100) // 100) - 1)] * 1e6

    assert exact * 0.999 <= spread.below_us(share) <= exact * 1.05
    assert spread.mean_us == pytest.approx(sum(seconds) / len(seconds) * 1e6)


def test_nothing_takes_no_time() -> None:
    assert (Spread().mean_us, Spread().below_us(0.99)) == (0.0, 0.0)


HARD = Decision(REJECT, 9.0, (Seen(Signal("words.slur", hard=True), "words", "1", 9.0),))


@pytest.mark.parametrize(
    ("ruled", "now", "strikes"),
    [
        (REJECT, Decision(HOLD, 5.0), True),
        (REJECT, Decision(ALLOW, 0.0), False),  # nobody would look at it
        (ALLOW, HARD, False),  # an appeal would take it back
        (None, HARD, True),
        (None, Decision(REJECT, 9.0), False),  # no rule is certain
    ],
)
def test_a_message_would_be_a_strike_by_a_certain_rule_or_by_the_person_who_rejected_it(
    ruled: Action | None, now: Decision, *, strikes: bool
) -> None:
    assert would_strike(past(HOLD, ruled), now) is strikes


@given(st.lists(st.floats(0, 60), min_size=1, max_size=30))
def test_a_member_comes_as_far_as_the_ladder_would_bring_them(days: list[float]) -> None:
    reach, ladder = Reach(Ladder()), Ladder()
    times = [NOON + timedelta(days=day) for day in sorted(days)]
    for at in times:
        reach.add("m", at, then=False, now=True)

    dues = [ladder.due(ladder.points([Strike(str(at), 4.0, at) for at in times], at)) for at in times]

    highest = max((due.points, due.kind) for due in dues if due)[1]
    assert [(step.kind, step.then, step.now) for step in reach.steps() if step.now] == [(highest, 0, 1)]
    assert reach.steps()[0].then == 1


def test_however_many_members_get_strikes_a_bounded_number_is_remembered_and_all_are_counted() -> None:
    reach = Reach(Ladder(), most=10)
    for number in range(100):
        for _ in range(2):
            reach.add(f"m{number}", NOON, then=True, now=number % 2 == 0)

    assert {step.kind: (step.then, step.now) for step in reach.steps() if step.then or step.now} == {
        None: (0, 50),
        MeasureKind.SLOW: (100, 50),
    }
