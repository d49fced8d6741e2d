"""The breaker: fresh processes first, then pauses that grow, and a trial."""

from random import Random

from relay.pipeline.breaker import FIRST_PAUSE, IN_A_MINUTE, IN_A_ROW, LONGEST_PAUSE, SPREAD, Breaker


def test_the_first_failures_in_a_row_cost_no_pause() -> None:
    breaker = Breaker(Random(1))

    pauses = [breaker.failed(float(n)) for n in range(IN_A_ROW)]

    assert pauses[:-1] == [0.0] * (IN_A_ROW - 1)
    assert FIRST_PAUSE * (1 - SPREAD) <= pauses[-1] <= FIRST_PAUSE * (1 + SPREAD)
    assert breaker.is_tripped


def test_a_good_answer_between_forgives() -> None:
    breaker = Breaker(Random(1))

    for n in range(IN_A_ROW * 2):
        assert breaker.failed(n * 60.0) == 0.0
        breaker.succeeded()

    assert not breaker.is_tripped


def test_each_trial_that_fails_doubles_the_pause_up_to_a_limit() -> None:
    breaker, now = Breaker(Random(1)), 0.0
    for _ in range(IN_A_ROW - 1):
        breaker.failed(now)

    pauses = []
    for _ in range(12):
        pauses.append(breaker.failed(now))
        now = breaker.open_until

    wanted = [min(LONGEST_PAUSE, FIRST_PAUSE * 2**n) for n in range(12)]
    assert all(want * (1 - SPREAD) <= pause <= want * (1 + SPREAD) for pause, want in zip(pauses, wanted, strict=True))


def test_a_trial_that_succeeds_closes_it() -> None:
    breaker = Breaker(Random(1))
    for _ in range(IN_A_ROW):
        breaker.failed(0.0)

    breaker.succeeded()

    assert not breaker.is_tripped
    assert breaker.failed(100.0) == 0.0


def test_too_many_failures_within_a_minute_open_it_whatever_lies_between() -> None:
    breaker, pauses = Breaker(Random(1)), []

    for n in range(IN_A_MINUTE):
        breaker.succeeded()
        pauses.append(breaker.failed(float(n)))

    assert pauses[:-1] == [0.0] * (IN_A_MINUTE - 1)
    assert pauses[-1] > 0


def test_plugins_that_failed_together_do_not_come_back_together() -> None:
    breakers = [Breaker(Random(n)) for n in range(10)]

    pauses = [{breaker.failed(0.0) for breaker in breakers} for _ in range(IN_A_ROW)]

    assert len(pauses[-1]) == 10
