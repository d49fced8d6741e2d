"""Headroom: good messages widen it, bad ones narrow it, within bounds."""

from hypothesis import given
from hypothesis import strategies as st

from relay.core.headroom import Headroom, HeadroomRules, after

RULES = HeadroomRules()
LIMITS = (2.5, 5.0)


def after_all(*scores: float, every_s: float = 60.0) -> float:
    headroom = Headroom()
    for n, score in enumerate(scores):
        headroom = after(headroom, score, LIMITS, n * every_s, RULES)
    return round(headroom.value, 6)


def test_a_good_message_earns_and_a_bad_one_loses() -> None:
    assert (after_all(0.0), after_all(2.5), after_all(5.0)) == (1.05, 1.0, 0.75)


def test_nobody_earns_within_a_burst() -> None:
    assert after_all(*[0.0] * 30, every_s=1.0) == 1.05


@given(st.lists(st.floats(0, 20), max_size=100))
def test_it_stays_within_its_bounds(scores: list[float]) -> None:
    assert RULES.least <= after_all(*scores) <= RULES.most


def test_the_bounds_are_reached() -> None:
    assert (after_all(*[0.0] * 50), after_all(*[9.0] * 50)) == (RULES.most, RULES.least)
