"""Limits: token buckets for each member, key, person of staff and address, in tables that cannot grow without bound."""

from collections import OrderedDict
from dataclasses import dataclass

from relay.core.errors import TooMany
from relay.core.rate import Bucket, Rate
from relay.web.settings import LimitSettings

TABLE = 65_536  # callers remembered in each table, about 150 bytes each; who falls out starts with a full bucket


class Buckets:
    """One bucket a caller; the caller who has been quiet for longest is forgotten first."""

    def __init__(self, rate: Rate, size: int = TABLE) -> None:
        self._rate = rate
        self._size = size
        self._table: OrderedDict[str, Bucket] = OrderedDict()

    def __len__(self) -> int:
        return len(self._table)

    def take(self, who: str, now: float) -> None:
        """Counts one request. Raises TooMany with the seconds until the next."""
        bucket = self._table.get(who)
        if bucket is None:
            if len(self._table) >= self._size:
                self._table.popitem(last=False)
            bucket = self._table[who] = Bucket(self._rate.burst, now)
        else:
            self._table.move_to_end(who)
        if wait := bucket.take(self._rate, now):
            raise TooMany("Too many requests; wait a moment.", retry_after=wait)


@dataclass(frozen=True, slots=True)
class Limits:
    """The tables, one a kind of caller, so that nobody's limit depends on another kind."""

    member: Buckets
    staff: Buckets
    key: Buckets
    visitor: Buckets
    failed: Buckets


def limits(settings: LimitSettings) -> Limits:
    """Empty tables."""
    return Limits(
        member=Buckets(settings.member.rate),
        staff=Buckets(settings.staff.rate),
        key=Buckets(settings.key.rate),
        visitor=Buckets(settings.visitor.rate),
        failed=Buckets(settings.failed.rate),
    )
