"""Percentiles from counts: never below the real one, and at most a fifth above."""

import statistics

from hypothesis import given
from hypothesis import strategies as st

from relay.pipeline.latency import A_STEP, Latency


def of(*microseconds: float) -> Latency:
    latency = Latency()
    for us in microseconds:
        latency.add(us / 1e6)
    return latency


def test_nothing_took_no_time() -> None:
    assert (of().mean_us, of().within_us(0.99)) == (0.0, 0.0)


@given(st.lists(st.floats(1, 60e6), min_size=1, max_size=200))
def test_a_percentile_is_the_upper_end_of_its_step(times: list[float]) -> None:
    real = sorted(times)[max(0, -(-99 * len(times) // 100) - 1)]

    said = of(*times).within_us(0.99)

    assert real * 0.999 - 0.1 <= said <= real * A_STEP * 1.001 + 0.1
    assert abs(of(*times).mean_us - statistics.fmean(times)) <= 0.1 + statistics.fmean(times) * 1e-9


def test_what_takes_no_time_and_what_never_ends_count_as_well() -> None:
    assert of(0, 0.1).within_us(0.99) == 1.2
    assert of(10e9).within_us(0.99) > 60e6
