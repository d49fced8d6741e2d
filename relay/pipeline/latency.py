"""Latency: how long something takes, kept as counts in steps of a fifth, so that a percentile costs no memory."""

import math

STEPS = 100  # from one microsecond on; the last begins at 69 seconds, beyond any deadline, and longer times count there
A_STEP = 1.2


class Latency:
    """Takes seconds; `mean_us` is exact, a percentile is the upper end of its step."""

    __slots__ = ("_counts", "_seconds", "_times")

    def __init__(self) -> None:
        self._counts = [0] * STEPS
        self._times = 0
        self._seconds = 0.0

    def add(self, seconds: float) -> None:
        self._times += 1
        self._seconds += seconds
        self._counts[_step(seconds * 1e6)] += 1

    @property
    def mean_us(self) -> float:
        """0 when there was nothing yet."""
        return round(self._seconds / self._times * 1e6, 1) if self._times else 0.0

    def within_us(self, share: float) -> float:
        """The microseconds that this share of all took at most; 0 when there was nothing yet."""
        wanted, seen = math.ceil(self._times * share), 0
        for step, count in enumerate(self._counts):
            seen += count
            if count and seen >= wanted:
                return round(A_STEP ** (step + 1), 1)
        return 0.0


def _step(us: float) -> int:
    return min(STEPS - 1, int(math.log(us, A_STEP))) if us > 1 else 0
