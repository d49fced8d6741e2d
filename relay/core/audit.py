"""What the audit log has heard of already: a thread that is looked at all day is one row an hour, not one a look."""

from collections import OrderedDict
from collections.abc import Iterable
from datetime import datetime, timedelta

FOLD = timedelta(hours=1)
TABLE = 65_536  # looks remembered, about 200 bytes each; what falls out is written down once more


class Looks:
    """Who looked at what in which way within the last hour; the look that is longest ago is forgotten first."""

    def __init__(self, size: int = TABLE) -> None:
        self._size = size
        self._table: OrderedDict[tuple[str, str, str], datetime] = OrderedDict()

    def __len__(self) -> int:
        return len(self._table)

    def new(self, who: str, action: str, subjects: Iterable[str], now: datetime) -> tuple[str, ...]:
        """Those that are not written down yet, each once."""
        return tuple(one for one in dict.fromkeys(subjects) if not self._is_known((who, action, one), now))

    def written(self, who: str, action: str, subjects: Iterable[str], now: datetime) -> None:
        """They stand in the log now."""
        for one in subjects:
            self._table[who, action, one] = now
            self._table.move_to_end((who, action, one))
        while len(self._table) > self._size:
            self._table.popitem(last=False)

    def _is_known(self, look: tuple[str, str, str], now: datetime) -> bool:
        at = self._table.get(look)
        return at is not None and now - at < FOLD
