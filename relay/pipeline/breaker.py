"""The breaker: when a worker that keeps failing is tried again, and how long messages are not given to it meanwhile.

The first failures in a row cost a fresh process and no pause. Then it is open: every message fails at once, and after a pause
that doubles up to a limit the next messages are the trial. Too many failures within a minute open it too, even when good
answers lie between.
"""

from collections import deque
from random import Random
from typing import Literal

BreakerState = Literal["closed", "open", "trial"]
IN_A_ROW = 5  # failures until it opens: one member's messages alone never reach it, see poison.py
IN_A_MINUTE = 60  # each takes its deadline and a new process: a tenth of a processor with the usual deadline
FIRST_PAUSE = 1.0  # seconds
LONGEST_PAUSE = 60.0
SPREAD = 0.25  # of a pause, either way: plugins that failed together do not come back together


class Breaker:
    """Of one plugin. Time is seconds that never go back, and comes in with each call."""

    __slots__ = ("_failed_at", "_in_a_row", "_pauses", "_spread", "open_until")

    def __init__(self, spread: Random) -> None:
        self._spread = spread
        self._failed_at: deque[float] = deque(maxlen=IN_A_MINUTE)
        self._in_a_row = 0
        self._pauses = 0
        self.open_until = 0.0

    @property
    def is_tripped(self) -> bool:
        """Whether it has opened and no trial has succeeded since."""
        return self._pauses > 0

    def state(self, *, is_waiting: bool) -> BreakerState:
        """For people; `is_waiting` says whether no message is given to it for now."""
        return "closed" if not self.is_tripped else "open" if is_waiting else "trial"

    def succeeded(self) -> None:
        self._in_a_row = 0
        self._pauses = 0

    def failed(self, now: float) -> float:
        """Note a failure and give the seconds until the next try; 0 for at once."""
        self._in_a_row += 1
        self._failed_at.append(now)
        is_often = len(self._failed_at) == IN_A_MINUTE and now - self._failed_at[0] < 60  # noqa: PLR2004 - a minute
        if self._in_a_row < IN_A_ROW and not is_often and not self._pauses:
            return 0.0
        doubled: float = FIRST_PAUSE * 2**self._pauses
        pause = min(LONGEST_PAUSE, doubled) * self._spread.uniform(1 - SPREAD, 1 + SPREAD)
        self._pauses = min(self._pauses + 1, 10)
        self.open_until = now + pause
        return pause
