"""What the relay tells members of an automatic decision, and what it keeps for staff."""

import pytest

from relay.core.notice import reasons_for_staff, stated
from relay.core.verdict import Action, Decision, Seen, Signal

INSULT = {"en": "it holds an insult", "de": "sie enthält eine Beleidigung"}


def seen(name: str, weight: float, told: dict[str, str] | None = None, *, reason: str = "", across: bool = False) -> Seen:
    return Seen(Signal(name, reason=reason), name.partition(".")[0], "1", weight, across, told or {})


def rejected(*signals: Seen) -> Decision:
    return Decision(Action.REJECT, 8.0, signals=signals)


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("de", "sie enthält eine Beleidigung"),
        ("de-AT", "sie enthält eine Beleidigung"),
        ("en", "it holds an insult"),
        ("fr", "it holds an insult"),
        ("", "it holds an insult"),
    ],
)
def test_a_member_reads_it_in_their_language_else_in_english(language: str, told: str) -> None:
    assert stated(rejected(seen("words.insult", 3.0, INSULT, reason="an insult")), language) == told


def test_the_strongest_come_first_each_once_and_three_at_most() -> None:
    signals = [
        seen("a.weak", 1.0, {"en": "a", "de": "a"}),
        seen("words.insult", 3.0, INSULT),
        seen("b.strong", 6.0, {"en": "b", "de": "b"}),
        seen("words.insult", 3.0, INSULT),
        seen("c.middle", 2.0, {"en": "c", "de": "c"}),
    ]

    assert stated(rejected(*signals), "en") == "b; it holds an insult; c"


@pytest.mark.parametrize(("language", "rule"), [("en", "a rule of this community"), ("de", "eine Regel dieser Community")])
def test_what_no_plugin_put_in_words_is_told_as_a_rule_once(language: str, rule: str) -> None:
    decision = rejected(seen("own.x", 5.0, reason="a reason for staff"), seen("own.y", 4.0, reason="another"))

    assert stated(decision, language) == rule
    assert stated(rejected(), language) == rule


def test_members_are_never_told_of_others_and_of_what_speaks_for_them() -> None:
    across = seen("campaign.many", 9.0, {"en": "12 others wrote this", "de": "12 andere"}, across=True)
    trusted = seen("core.trusted", -1.0, {"en": "trusted", "de": "bekannt"})

    assert stated(rejected(across, trusted, seen("words.insult", 3.0, INSULT)), "en") == "it holds an insult"


def test_staff_read_every_reason_once_those_across_members_too() -> None:
    across = seen("campaign.many", 9.0, reason="12 others wrote this", across=True)
    insult = seen("words.insult", 3.0, INSULT, reason="an insult")

    reasons = reasons_for_staff(rejected(insult, across, insult, seen("own.x", 1.0)))

    assert reasons == "12 others wrote this; an insult; own.x"
    assert reasons_for_staff(rejected()) == "it could not be checked"
