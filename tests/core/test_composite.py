"""Composites: what signals mean together, and that they are no evidence of their own."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.core.composite import composed
from relay.core.verdict import Action, Composite, Decision, Rules, Seen, Signal, decide, rule_set

SPAM = Composite("spam", 6.0, all_of=("links.short", "newcomer.link"), none_of=("core.trusted",))
RUDE = Composite("rude", 4.0, any_of=("words.insult", "words.slur"), instead=True)

NAMES = st.sampled_from(["a.x", "b.x", "c.x"])
SEEN = st.builds(
    lambda name, weight, across: Seen(Signal(name), name[0], "1", weight, across), NAMES, st.floats(0, 10), st.booleans()
)
COMPOSITES = st.builds(
    lambda name, weight, parts, instead: Composite(
        name, weight, tuple(parts[0]), tuple(parts[1]), tuple(parts[2]), instead=instead
    ),
    st.sampled_from("pq"),
    st.floats(0, 10),
    st.tuples(st.lists(NAMES, min_size=1, max_size=2), st.lists(NAMES, max_size=2), st.lists(NAMES, max_size=1)),
    st.booleans(),
)


def seen(name: str, weight: float = 1.0, *, across: bool = False, guess: bool = False, hard: bool = False) -> Seen:
    return Seen(Signal(name, hard=hard), name.partition(".")[0], "1", weight, across, statistical=guess)


def names(*evidence: Seen, composites: tuple[Composite, ...] = (SPAM, RUDE)) -> dict[str, float]:
    return {each.signal.name: each.weight for each in composed(evidence, composites)}


def decided(evidence: list[Seen], *composites: Composite) -> Decision:
    rules = Rules(composites=composites)
    return decide(composed(evidence, composites), (), rule_set(rules, []))


def test_all_of_its_parts_give_it() -> None:
    assert names(seen("links.short"), seen("newcomer.link"))["composite.spam"] == 6.0
    assert "composite.spam" not in names(seen("links.short"))


def test_one_of_any_is_enough() -> None:
    assert names(seen("words.slur", 5.0)) == {"words.slur": 0.0, "composite.rude": 4.0}


def test_what_must_not_be_there_takes_it_away() -> None:
    assert "composite.spam" not in names(seen("links.short"), seen("newcomer.link"), seen("core.trusted", -1.0))


def test_what_is_certain_keeps_its_weight() -> None:
    assert names(seen("words.slur", 8.0, hard=True))["words.slur"] == 8.0


def test_its_reason_names_the_parts_unless_one_is_given() -> None:
    (*_, made) = composed([seen("links.short"), seen("newcomer.link")], [SPAM])
    (*_, said) = composed([seen("words.slur")], [replace(RUDE, reason="rude")])

    assert (made.signal.reason, said.signal.reason) == ("together: links.short, newcomer.link", "rude")


def test_a_composite_of_one_plugin_is_no_second_kind_of_evidence() -> None:
    assert decided([seen("words.insult", 3.0)], replace(RUDE, weight=20.0)).action is Action.HOLD
    assert decided([seen("words.insult", 3.0)], replace(RUDE, weight=20.0, instead=False)).action is Action.HOLD


def test_one_of_two_plugins_rests_on_both() -> None:
    parts = [seen("links.short", 0.0), seen("newcomer.link", 0.0)]

    assert decided(parts, replace(SPAM, weight=8.0)).action is Action.REJECT


def test_one_of_models_alone_is_a_guess() -> None:
    both = [seen("a.x", 4.0, guess=True), seen("b.x", 4.0, guess=True)]
    decision = decided(both, Composite("sure", 9.0, all_of=("a.x", "b.x")))

    assert (decision.action, decision.score) == (Action.HOLD, 6.0)


def test_one_that_rests_on_others_holds_silently() -> None:
    decision = decided([seen("links.short", 2.0), seen("newcomer.link", 0.0, across=True)], replace(SPAM, weight=20.0))

    assert (decision.action, decision.by_itself, decision.silent) == (Action.HOLD, Action.ALLOW, True)


@pytest.mark.parametrize(
    "composite",
    [
        Composite("own", 6.0, all_of=("a.x",), none_of=("b.x",)),
        Composite("own", 6.0, any_of=("a.x", "b.x"), instead=True),
    ],
)
def test_others_take_no_composite_away(composite: Composite) -> None:
    decision = decided([seen("a.x", 1.0), seen("b.x", 1.0, across=True)], composite)

    assert (decision.action, decision.by_itself) == (Action.HOLD, Action.HOLD)


@given(st.lists(SEEN, max_size=6), st.lists(COMPOSITES, max_size=2, unique_by=lambda each: each.name))
def test_others_change_nothing_that_the_own_message_brings_about(evidence: list[Seen], composites: list[Composite]) -> None:
    own = decided([each for each in evidence if not each.across], *composites)

    full = decided(evidence, *composites)

    assert full.by_itself is own.action
    assert full.action.severity >= own.action.severity
    if full.action.severity > Action.HOLD.severity:
        assert full.action is own.action
