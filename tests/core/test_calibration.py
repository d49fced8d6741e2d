"""Calibration: a proposal keeps its promise on the messages that it was worked out on."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.core.calibration import LEAST, MOST, One, curve, enough, point, proposal

SHARES = st.floats(0, 1)


@given(st.lists(st.tuples(SHARES, st.sampled_from([None, False, True])), max_size=60), st.floats(0.001, 0.5))
def test_a_proposal_suspects_no_more_of_the_clean_messages_than_was_asked(
    pairs: list[tuple[float, bool | None]], rate: float
) -> None:
    messages = [One(*pair) for pair in pairs]

    threshold = proposal(messages, rate)

    if threshold is not None:
        alarms = point(messages, threshold).false_alarms
        assert LEAST <= threshold <= MOST
        assert alarms is not None
        assert alarms <= rate + 1e-9


def test_a_proposal_is_the_lowest_that_does() -> None:
    messages = [One(certainty / 100, is_offence=False) for certainty in range(100)]

    assert proposal(messages, 0.05) == 0.941
    assert point(messages, 0.941).false_alarms == 0.05
    assert point(messages, 0.94).false_alarms == 0.06


def test_messages_that_nobody_labelled_count_as_clean() -> None:
    (first, *_) = curve([One(0.9), One(0.1), One(0.8, is_offence=True)])

    assert first.flagged == pytest.approx(2 / 3)
    assert (first.false_alarms, first.recall) == (0.5, 1.0)


def test_there_is_no_proposal_without_clean_messages_or_when_none_is_high_enough() -> None:
    assert proposal([], 0.01) is None
    assert proposal([One(0.7, is_offence=True)], 0.01) is None
    assert proposal([One(1.0)] * 10, 0.01) is None


def test_more_messages_are_needed_for_a_smaller_share() -> None:
    assert (enough(0.01), enough(0.001)) == (500, 5000)
