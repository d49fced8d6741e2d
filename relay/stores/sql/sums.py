"""Sums in SQL: how much of what a community has."""

from datetime import datetime

from relay.core.case import CaseState
from relay.core.thread import ThreadState
from relay.ports import Numbers
from relay.stores.sql.cells import us
from relay.stores.sql.shadow import NOTHING_ELSE
from relay.stores.sql.steps import Queries

# As an audience is frozen: no look at the streams, since who is erased is not active.
ACTIVE = """
    SELECT count(*) FROM members WHERE community = $1 AND standing = 0"""
LEFT = """
    SELECT count(*) FROM members m JOIN streams s ON s.member = m.n WHERE m.community = $1 AND m.standing = 1"""
THREADS = f"""
    SELECT CASE WHEN t.state = 2 AND t.snoozed_until <= $2 THEN 0 ELSE t.state END, count(*),
        sum(CASE WHEN t.assignee = $3 THEN 1 ELSE 0 END)
    FROM threads t JOIN streams s ON s.member = t.member
    WHERE t.community = $1 AND NOT {NOTHING_ELSE} GROUP BY 1"""  # noqa: S608  our own condition
CASES = """
    SELECT k.state, count(*)
    FROM cases k JOIN messages e ON e.n = k.message JOIN threads t ON t.n = e.thread JOIN streams s ON s.member = t.member
    WHERE k.community = $1 AND k.state IN (0, 3) GROUP BY k.state"""
OBJECTED = """
    SELECT count(*) FROM measures x JOIN members m ON m.n = x.member JOIN streams s ON s.member = m.n
    WHERE m.community = $1 AND x.objected_at IS NOT NULL AND x.answered_at IS NULL AND x.state = 1 AND x.until_at > $2"""


class Sums(Queries):
    async def numbers(self, community: int, staff: str, now: datetime) -> Numbers:
        """At `now` a snoozed thread whose time has come counts as open; `mine` are those of this person that are not closed."""
        ((active,),) = await self._scan(ACTIVE, community)
        ((left,),) = await self._scan(LEFT, community)
        threads = await self._scan(THREADS, community, us(now), staff)
        cases = await self._scan(CASES, community)
        ((objected,),) = await self._scan(OBJECTED, community, us(now))
        return Numbers(
            active=active,
            left=left,
            threads={ThreadState(state): count for state, count, _ in threads},
            mine=sum(mine for state, _, mine in threads if state != ThreadState.CLOSED),
            cases={CaseState(state): count for state, count in cases},
            objected=objected,
        )
