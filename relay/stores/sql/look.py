"""A look at a database from outside: what can be asked without being the relay, whether or not one runs."""

from abc import abstractmethod
from datetime import datetime

from relay.stores.sql.cells import when_or_none
from relay.stores.sql.history import Decided
from relay.stores.sql.record import OwnRecord

NEWEST = """
    SELECT max(at) FROM (
        SELECT max(a.at) AS at FROM (SELECT at FROM audit ORDER BY n DESC LIMIT 1000) a
        UNION ALL
        SELECT max(e.at) AS at FROM (SELECT at FROM messages ORDER BY n DESC LIMIT 1000) e) newest"""
AUDIT_END = """
    SELECT coalesce(max(n), 0) FROM audit"""


class Look(OwnRecord, Decided):
    """Reads alone, and takes no lock that a relay waits for. Each engine says how."""

    async def newest_at(self) -> datetime | None:
        """The newest time among what was written last; None while there is nothing."""
        rows = await self._scan(NEWEST)
        return when_or_none(rows[0][0])

    async def audit_end(self) -> int:
        """The last row's n, 0 while there is none."""
        rows = await self._rows(AUDIT_END)
        return int(rows[0][0])

    @abstractmethod
    async def applied(self) -> tuple[set[str], set[str]]:
        """Names of the migrations that the database has had, and of those that this relay knows."""

    @abstractmethod
    async def close(self) -> None:
        """Lets go of the database."""
