"""Time, ids and tokens that a test decides: the same each run."""

from datetime import UTC, datetime, timedelta
from hashlib import sha256

from relay.core.identity import ID_BYTES, TOKEN_BYTES, encode
from relay.ports import Clock

START = datetime(2026, 11, 21, 12, tzinfo=UTC)


class ManualClock:
    """Stands still until it is moved; both times move together."""

    def __init__(self, start: datetime = START) -> None:
        self._start = start
        self._passed = timedelta()

    def now(self) -> datetime:
        return self._start + self._passed

    def monotonic(self) -> float:
        return self._passed.total_seconds()

    def pass_(self, seconds: float) -> None:
        """Moves on; never back."""
        self._passed += timedelta(seconds=max(0.0, seconds))


class Drawn:
    """Ids or tokens in an order that a seed decides; they look like real ones."""

    def __init__(self, seed: str = "", size: int = ID_BYTES) -> None:
        self._seed = seed
        self._size = size
        self._count = 0

    def __call__(self) -> str:
        self._count += 1
        return encode(sha256(f"{self._seed}:{self._count}".encode()).digest()[: self._size])


def drawn_tokens(seed: str = "") -> Drawn:
    """Tokens as `Drawn` makes them."""
    return Drawn("token" + seed, TOKEN_BYTES)


_: type[Clock] = ManualClock
