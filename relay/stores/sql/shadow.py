"""Messages that shadow mode keeps out of the inbox, in SQL: read, counted, and brought back."""

from collections.abc import Mapping

from relay.core.errors import Stale
from relay.core.measure import BringBack, Brought
from relay.core.shadow import Kept
from relay.ports import Page, Paging
from relay.stores.sql import locks
from relay.stores.sql.cells import asked, page, place_in, us, when
from relay.stores.sql.steps import Queries, Row, Steps

# Of a thread `t`: there is nothing in it but what is kept apart. Few members ever meet it, so few threads are looked into.
NOTHING_ELSE = """(
    t.member IN (SELECT x.member FROM measures x WHERE x.kind = 'shadow')
    AND NOT EXISTS (SELECT 1 FROM messages f WHERE f.thread = t.n AND (f.status <> 3 OR f.measure = '')))"""
LISTED = """
    SELECT e.n, e.id, t.id, e.measure, e.text, e.at FROM messages e
    JOIN threads t ON t.n = e.thread JOIN streams s ON s.member = e.member
    WHERE e.member = $1 AND e.measure <> '' AND e.status = 3 AND e.n > $2 ORDER BY e.n LIMIT $3"""
COUNTED = """
    SELECT e.measure, count(*) FROM messages e JOIN streams s ON s.member = e.member
    WHERE e.member = $1 AND e.measure <> '' AND e.status = 3 GROUP BY e.measure"""
HOLDS = """
    SELECT n FROM measures WHERE id = $1 AND state = 1"""
FILE = """
    UPDATE messages SET status = 0 WHERE member = $1 AND measure <> '' AND measure = $2 AND status = 3
    RETURNING thread"""
REOPEN = """
    UPDATE threads SET active_at = $3, state = 0, snoozed_until = NULL, version = version + 1 WHERE n = $1 AND member = $2
    RETURNING id"""


class Shadow(Queries):
    async def kept(self, member: int, paging: Paging) -> Page[Kept]:
        """Oldest first, what was brought back left out."""
        (after,) = place_in(paging, (0,))
        rows = await self._scan(LISTED, member, after, asked(paging))
        return page(rows, paging, _made, lambda row: (row[0],))

    async def kept_counts(self, member: int) -> Mapping[str, int]:
        """By the measure's id; one that keeps nothing is not among them."""
        return {measure: int(count) for measure, count in await self._scan(COUNTED, member)}


def check_holds(measure: str) -> Steps[None]:
    """Stale when it was ended meanwhile: then the message belongs into the inbox. The stream's row is taken already."""
    if not (yield HOLDS, (measure,)):
        raise Stale


def bring_back(change: BringBack) -> Steps[Brought]:
    yield locks.member(change.member)
    rows = yield FILE, (change.member, change.measure)
    threads = []
    for thread in sorted({int(row[0]) for row in rows}):
        ((id_,),) = yield REOPEN, (thread, change.member, us(change.at))
        threads.append(str(id_))
    return Brought(tuple(threads), len(rows))


def _made(row: Row) -> Kept:
    _, id_, thread, measure, text, at = row
    return Kept(id_, thread, measure, text, when(at))
