"""Token buckets: how often somebody may do something, and a table of them that cannot grow without bound."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from relay.core.errors import TooMany

TABLE = 65_536  # callers remembered in one table, about 150 bytes each; who falls out starts with a full bucket


@dataclass(frozen=True, slots=True)
class Rate:
    """`burst` at once, then `per_second`."""

    burst: float
    per_second: float


@dataclass(slots=True)
class Bucket:
    """What is left for one member, key or address at a moment; times are seconds of a clock that never goes back."""

    left: float
    at: float

    def take(self, rate: Rate, now: float) -> float:
        """Takes one and returns 0, or takes nothing and returns the seconds until there is one."""
        if self.holds(rate, now):
            self.left -= 1
            return 0.0
        return (1 - self.left) / rate.per_second

    def holds(self, rate: Rate, now: float) -> int:
        """How many can be taken at once."""
        self.left = min(rate.burst, self.left + (now - self.at) * rate.per_second)
        self.at = now
        return int(self.left)


class Buckets:
    """One bucket a caller, whatever way they come by; the caller who has been quiet for longest is forgotten first."""

    def __init__(self, rate: Rate, size: int = TABLE) -> None:
        self._rate = rate
        self._size = size
        self._table: OrderedDict[str, Bucket] = OrderedDict()

    def __len__(self) -> int:
        return len(self._table)

    def take(self, who: str, now: float) -> None:
        """Counts one act. Raises TooMany with the seconds until the next."""
        bucket = self._table.get(who)
        if bucket is None:
            if len(self._table) >= self._size:
                self._table.popitem(last=False)
            bucket = self._table[who] = Bucket(self._rate.burst, now)
        else:
            self._table.move_to_end(who)
        if wait := bucket.take(self._rate, now):
            raise TooMany("Too many requests; wait a moment.", retry_after=wait)

    def give_back(self, who: str) -> None:
        """What was taken turned out not to count."""
        if bucket := self._table.get(who):
            bucket.left = min(self._rate.burst, bucket.left + 1)


Counted = Sequence[tuple[Buckets, str]]
"""Where one act counts, and for whom: such as for an address and for a name."""


def take_all(counted: Counted, now: float) -> None:
    """Counts one act everywhere or nowhere. Raises TooMany."""
    for number, (buckets, who) in enumerate(counted):
        try:
            buckets.take(who, now)
        except TooMany:
            give_back_all(counted[:number])
            raise


def give_back_all(counted: Counted) -> None:
    for buckets, who in counted:
        buckets.give_back(who)
