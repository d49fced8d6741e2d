"""Decisions: thresholds, kinds of evidence, failures, and what other members can never bring about."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.core.verdict import (
    WORDING,
    Action,
    Decision,
    Failure,
    OnError,
    Rules,
    RuleSet,
    Seen,
    Signal,
    decide,
    rule_set,
    score_of,
)

BY = rule_set(Rules(), [])
EVERYTHING_ON = rule_set(Rules(nudge=4.0, discard=12.0), [])
UNCAPPED = rule_set(Rules(most_statistical=100.0), [])
TOLD = {Action.NUDGE, Action.REJECT, Action.DISCARD}

WEIGHTS = st.floats(0, 10, allow_nan=False)
SEEN = st.builds(
    lambda plugin, weight, hard, across, statistical: Seen(
        Signal(f"{plugin}.x", hard=hard), plugin, "1", weight, across, statistical=statistical
    ),
    st.sampled_from("abc"),
    WEIGHTS,
    st.booleans(),
    st.booleans(),
    st.booleans(),
)
OF_CORE = st.builds(lambda weight: Seen(Signal("core.trusted"), "core", "1", -weight), WEIGHTS)
FAILURES = st.builds(
    Failure, st.sampled_from("abc"), st.just("broke"), st.sampled_from(["hold", "flag", "pass"]), st.booleans()
)
EVIDENCE = st.tuples(st.lists(SEEN | OF_CORE, max_size=6), st.lists(FAILURES, max_size=3))
RULES = st.sampled_from([BY, EVERYTHING_ON])


def seen(weight: float, plugin: str = "a", *, hard: bool = False, across: bool = False, guess: bool = False) -> Seen:
    return Seen(Signal(f"{plugin}.x", hard=hard), plugin, "1", weight, across, statistical=guess)


def decided(*evidence: Seen, failures: tuple[Failure, ...] = ()) -> Decision:
    return decide(evidence, failures, BY)


@pytest.mark.parametrize(
    ("evidence", "action"),
    [
        ([], Action.ALLOW),
        ([seen(2.4)], Action.ALLOW),
        ([seen(2.5)], Action.FLAG),
        ([seen(2.5), seen(2.5)], Action.HOLD),
        ([seen(9)], Action.HOLD),
        ([seen(9), seen(0, "b")], Action.HOLD),
        ([seen(4), seen(4, "b")], Action.REJECT),
        ([seen(8, hard=True)], Action.REJECT),
        ([seen(3), seen(-1, "core")], Action.ALLOW),
        ([seen(8, hard=True), seen(-5, "core")], Action.REJECT),
        ([seen(-5, "core")], Action.ALLOW),
        ([seen(20, guess=True)], Action.HOLD),
        ([seen(9, guess=True, hard=True)], Action.HOLD),
        ([seen(9, guess=True), seen(9, "b", guess=True)], Action.HOLD),
        ([seen(9, guess=True), seen(1, "b")], Action.HOLD),
        ([seen(9, guess=True), seen(2, "b")], Action.REJECT),
    ],
)
def test_thresholds_and_kinds_of_evidence(evidence: list[Seen], action: Action) -> None:
    assert decided(*evidence).action is action


def test_lists_and_models_that_read_the_same_insult_are_one_kind_of_evidence() -> None:
    listed = replace(seen(6, "words"), evidence=WORDING)
    guessed = seen(4, "offence", guess=True)

    assert decided(listed, guessed).action is Action.HOLD
    assert decided(listed, replace(seen(4, "own_list"), evidence=WORDING)).action is Action.HOLD
    assert decided(listed, guessed, seen(1, "flood")).action is Action.REJECT


@pytest.mark.parametrize(("on_error", "action"), [("hold", Action.HOLD), ("flag", Action.FLAG), ("pass", Action.ALLOW)])
def test_a_failure_acts_as_its_plugin_asked(on_error: OnError, action: Action) -> None:
    decision = decided(failures=(Failure("a", "broke", on_error),))

    assert decision.action is action
    assert decision.failures == (("a", "broke"),)


def test_evidence_across_members_holds_silently() -> None:
    decision = decided(seen(9, across=True), seen(9, "b", across=True))

    assert (decision.action, decision.silent, decision.by_itself) == (Action.HOLD, True, Action.ALLOW)


def test_what_the_own_message_brings_about_is_not_silent() -> None:
    decision = decided(seen(6), seen(9, "b", across=True))

    assert (decision.action, decision.silent) == (Action.HOLD, False)


def test_nudge_and_discard_are_off_until_switched_on() -> None:
    strong = [seen(20), seen(20, "b")]

    assert decide(strong, (), BY).action is Action.REJECT
    assert decide(strong, (), EVERYTHING_ON).action is Action.DISCARD
    assert decide([seen(4)], (), EVERYTHING_ON).action is Action.NUDGE


def test_a_decision_names_the_rules_it_was_made_with() -> None:
    named = {
        rule_set(Rules(), []).digest,
        rule_set(Rules(hold=6), []).digest,
        rule_set(Rules(weights={"a.x": 1}), []).digest,
        rule_set(Rules(most_statistical=5), []).digest,
        rule_set(Rules(), [("a", "1", "{}")]).digest,
        rule_set(Rules(), [("a", "2", "{}")]).digest,
        rule_set(Rules(), [("a", "1", '{"b": 1}')]).digest,
    }

    assert len(named) == 7
    assert rule_set(Rules(), [("a", "1", ""), ("b", "1", "")]) == rule_set(Rules(), [("b", "1", ""), ("a", "1", "")])
    assert decided().rule_set == BY.digest
    assert decided().thresholds == {"flag": 2.5, "hold": 5.0, "reject": 8.0}


@given(EVIDENCE, RULES)
def test_others_never_change_what_a_member_is_told(evidence: tuple[list[Seen], list[Failure]], by: RuleSet) -> None:
    all_seen, failures = evidence
    own = decide([s for s in all_seen if not s.across], [f for f in failures if not f.across], by)

    full = decide(all_seen, failures, by)

    assert (full.action in TOLD) == (own.action in TOLD)
    if own.action in TOLD or full.action in TOLD:
        assert full.action is own.action
    assert full.silent == (full.action is not own.action)
    assert full.by_itself is own.action
    assert full.action.severity >= own.action.severity


@given(EVIDENCE, RULES)
def test_a_failure_never_makes_it_milder(evidence: tuple[list[Seen], list[Failure]], by: RuleSet) -> None:
    all_seen, failures = evidence

    with_failures, without = decide(all_seen, failures, by), decide(all_seen, (), by)

    assert with_failures.action.severity >= without.action.severity
    if any(failure.on_error == "hold" for failure in failures):
        assert with_failures.action.severity >= Action.NUDGE.severity
        if not any(failure.across for failure in failures):
            assert with_failures.action.severity >= Action.HOLD.severity


@given(EVIDENCE)
def test_one_kind_of_evidence_never_rejects(evidence: tuple[list[Seen], list[Failure]]) -> None:
    all_seen, failures = evidence
    one_kind = [replace(each, plugin="a", statistical=False, signal=Signal("a.x")) for each in all_seen if each.weight >= 0]

    assert decide(one_kind, failures, EVERYTHING_ON).action.severity <= Action.HOLD.severity


@given(EVIDENCE)
def test_nothing_offsets_a_hard_signal(evidence: tuple[list[Seen], list[Failure]]) -> None:
    hard = sum(each.weight for each in evidence[0] if each.is_certain)

    assert score_of(evidence[0], Rules()) >= round(hard, 6)


@given(EVIDENCE, RULES | st.just(UNCAPPED))
def test_models_alone_never_go_past_hold(evidence: tuple[list[Seen], list[Failure]], by: RuleSet) -> None:
    guesses = [replace(each, statistical=True) for each in evidence[0] if each.weight >= 0]

    assert decide(guesses, evidence[1], by).action.severity <= Action.HOLD.severity


def test_guesses_add_no_more_than_the_cap() -> None:
    assert score_of([seen(4, guess=True), seen(4, "b", guess=True), seen(1, "c")], Rules(most_statistical=5)) == 6
