"""States of deliveries: never backwards, always twelve, and retries that end."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.core.delivery import (
    LONGEST_RETRY,
    MAX_TRIES,
    STATE_WORDS,
    Cursors,
    DeliveryState,
    counts,
    may_follow,
    reached,
    retry_at,
)

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
STATES = st.sampled_from(DeliveryState)


def test_the_words_are_the_twelve_states() -> None:
    assert sorted(STATE_WORDS) == sorted(state.word for state in DeliveryState)


@given(STATES, STATES)
def test_of_two_states_at_most_one_follows_the_other(one: DeliveryState, other: DeliveryState) -> None:
    assert not (may_follow(one, other) and may_follow(other, one))


@given(STATES)
def test_no_state_follows_itself(state: DeliveryState) -> None:
    assert not may_follow(state, state)


@pytest.mark.parametrize(
    "end",
    [
        DeliveryState.FAILED,
        DeliveryState.EXPIRED,
        DeliveryState.SUPPRESSED,
        DeliveryState.CANCELLED,
        DeliveryState.ERASED,
    ],
)
def test_nothing_follows_an_end(end: DeliveryState) -> None:
    assert not any(may_follow(end, state) for state in DeliveryState)


def test_a_late_sent_does_not_take_delivered_back() -> None:
    assert may_follow(DeliveryState.SENDING, DeliveryState.DELIVERED)
    assert not may_follow(DeliveryState.DELIVERED, DeliveryState.SENT)


@given(st.integers(1, 50), st.integers(0, 50), st.integers(0, 50), st.integers(0, 50))
def test_a_further_cursor_never_takes_an_item_back(seq: int, read: int, delivered: int, sent: int) -> None:
    before = Cursors(last=50, sent=sent, delivered=delivered, read=read)
    after = Cursors(last=50, sent=sent + 1, delivered=delivered + 1, read=read + 1)

    assert reached(seq, after) >= reached(seq, before)


@given(st.dictionaries(STATES, st.integers(0, 10**6)))
def test_counts_name_every_state_and_lose_nothing(found: dict[DeliveryState, int]) -> None:
    told = counts(found)

    assert tuple(told) == STATE_WORDS
    assert sum(told.values()) == sum(found.values())


@given(st.integers())
def test_retries_come_later_each_time_up_to_an_hour_and_end(seed: int) -> None:
    random = Random(seed)

    pauses = [retry_at(NOW, tries, random) for tries in range(1, MAX_TRIES)]

    assert all(moment is not None and NOW < moment <= NOW + timedelta(seconds=LONGEST_RETRY) for moment in pauses)
    assert retry_at(NOW, MAX_TRIES, random) is None


def test_the_pause_doubles() -> None:
    longest = [retry_at(NOW, tries, _Longest()) for tries in range(1, 6)]

    pauses = [(moment - NOW).total_seconds() for moment in longest if moment]
    assert all(after == 2 * before for before, after in pairwise(pauses))


class _Longest(Random):
    def uniform(self, _a: float, b: float) -> float:
        return b
