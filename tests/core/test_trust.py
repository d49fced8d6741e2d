"""Trust: from a member's own past alone, and worked out the same by anybody."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.core.trust import Past, TrustRules, earns, trust_of

NOW = datetime(2030, 1, 1, 12, tzinfo=UTC)
RULES = TrustRules()
PASTS = st.builds(Past, st.integers(0, 100), st.integers(0, 400).map(lambda days: NOW - timedelta(days=days)), st.booleans())


def past(approved: int, days: int = 0, *, known: bool = False) -> Past:
    return Past(approved, NOW - timedelta(days=days), known)


@pytest.mark.parametrize(
    ("who", "value", "lightly"),
    [
        (past(4, 400, known=True), 0.0, False),
        (past(5), 0.15, False),
        (past(10, 15), 0.4, False),
        (past(10, 15, known=True), 0.6, True),
        (past(20), 0.6, True),
        (past(100, 400, known=True), 1.0, True),
    ],
)
def test_the_number_is_what_its_parts_add_up_to(who: Past, value: float, *, lightly: bool) -> None:
    trust = trust_of(who, NOW, RULES)

    assert (trust.value, trust.lightly) == (value, lightly)
    assert trust.value == pytest.approx(trust.of_messages + trust.of_time + trust.of_being_known)


def test_it_says_why() -> None:
    trust = trust_of(past(20, 30, known=True), NOW, RULES)

    assert trust.why == "trusted 1.00: 20 approved messages, a member for 30 days, known to the company"


def test_a_date_to_come_is_no_age() -> None:
    assert trust_of(past(20, -3), NOW, RULES).days == 0


def test_rules_of_nothing_trust_from_the_first_message() -> None:
    assert trust_of(past(0), NOW, TrustRules(first=0, messages=0, days=0)).value == 0.8


@given(PASTS)
def test_one_more_approved_message_never_lowers_it(who: Past) -> None:
    more = Past(who.approved + 1, who.joined_at, who.known)

    assert 0 <= trust_of(who, NOW, RULES).value <= trust_of(more, NOW, RULES).value <= 1


@pytest.mark.parametrize(
    ("text", "is_earned"), [("ok", False), ("!!!!!!!!!!!!!!!!", False), ("Thank you!", False), ("See you on Monday", True)]
)
def test_a_very_short_message_earns_none(text: str, *, is_earned: bool) -> None:
    assert earns(text) is is_earned
