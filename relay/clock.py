"""The system's clock, for the app; everything else gets its time from outside."""

import time
from datetime import UTC, datetime

from relay.ports import Clock


class SystemClock:
    """UTC and the monotonic clock of this machine."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()


_: type[Clock] = SystemClock
