"""A run is sure only while both clocks say that nobody can have taken over."""

from datetime import timedelta

import pytest

from relay.core.attempt import Receipt, Settlement, heard_late
from relay.core.delivery import DeliveryState
from relay.core.run import FOR_EVER, RUN_FOR, Term, until
from relay.testing.clock import START


@pytest.mark.parametrize(
    ("wall", "monotonic", "sure"),
    [
        (0.0, 0.0, True),
        (11.9, 11.9, True),
        (12.0, 12.0, False),
        (60.0, 0.1, False),  # the machine slept
        (-3600.0, 12.0, False),  # its time was set back
        (-3600.0, 1.0, True),
    ],
)
def test_a_term_is_sure_until_a_fifth_before_its_end(wall: float, monotonic: float, *, sure: bool) -> None:
    term = Term(7, START, 100.0, RUN_FOR)

    assert term.is_sure(START + timedelta(seconds=wall), 100.0 + monotonic) is sure


def test_a_run_for_ever_outlasts_every_relay() -> None:
    term = Term(7, START, 0.0, FOR_EVER)

    assert term.is_sure(START + timedelta(days=365 * 100), 365 * 100 * 86_400.0)
    assert until(START, FOR_EVER).year > START.year + 1000


@pytest.mark.parametrize(
    ("said", "now", "heard"),
    [
        (DeliveryState.SENT, DeliveryState.UNKNOWN, True),
        (DeliveryState.SENT, DeliveryState.SENDING, True),
        (DeliveryState.DELIVERED, DeliveryState.DEFERRED, True),
        (DeliveryState.FAILED, DeliveryState.UNKNOWN, True),
        (DeliveryState.FAILED, DeliveryState.SENDING, False),
        (DeliveryState.FAILED, DeliveryState.SENT, False),
        (DeliveryState.DEFERRED, DeliveryState.UNKNOWN, False),
        (DeliveryState.UNKNOWN, DeliveryState.SENDING, False),
    ],
)
def test_late_settlements_tell_what_arrived_and_what_nobody_knows_better(
    said: DeliveryState, now: DeliveryState, *, heard: bool
) -> None:
    assert heard_late(Settlement("x", said, "so it is"), now) == (Receipt("x", said, "so it is") if heard else None)
