"""Erasures in SQL: how a member disappears at once, and how what was theirs is deleted after that, group by group.

Every query that shows a member, or something of theirs, joins their stream: so the commit that deletes this one row, and the
member's ways in, hides everything whatever there is. Who has little is gone with that commit; of others the rows go in groups,
so that nobody's reply waits for it.
"""

from collections.abc import Sequence

from relay.core.change import Erase
from relay.core.erasure import ConfirmErasures, Erasure, NoteErasures, PurgeErased
from relay.core.errors import Stale
from relay.core.staff import TokenKind
from relay.stores.sql import devices, locks, models
from relay.stores.sql.cells import us, when, when_or_none
from relay.stores.sql.steps import Many, Queries, Row, Steps

AT_ONCE = 100  # rows that go with the erasure itself: 25 ms of the writer, since each word has to leave the search's index
CHARACTERS_A_ROW = 80  # of a message, each so many of which count as a further row
ITEMS_A_ROW = 10  # deliveries that cost as much as one such row

BY_MEMBER = """
    SELECT member, at, confirmed_at FROM erasures WHERE member = $1"""
ALL = """
    SELECT member, at, confirmed_at FROM erasures ORDER BY at"""
UNCONFIRMED = """
    SELECT member, at, confirmed_at FROM erasures WHERE confirmed_at IS NULL ORDER BY at"""
COUNT = """
    SELECT count(*) FROM erasures"""
NOTE = """
    INSERT INTO erasures (member, at) VALUES ($1, $2) ON CONFLICT (member) DO NOTHING"""
ERASED = """
    INSERT INTO erasures (member, at) VALUES ($1, $2) ON CONFLICT (member) DO UPDATE SET confirmed_at = NULL"""
CONFIRM = """
    UPDATE erasures SET confirmed_at = $2 WHERE member = $1 AND confirmed_at IS NULL
    RETURNING member"""

OWN_ANSWERS = """
    DELETE FROM answers WHERE caller = $1"""
ANSWERS_ABOUT = """
    DELETE FROM answers WHERE about = $1 AND about <> ''"""
HIDE = (
    """
    DELETE FROM answers WHERE about <> '' AND about IN (SELECT t.id FROM threads t WHERE t.member = $1)""",
    """
    DELETE FROM answers WHERE about <> '' AND about IN (
        SELECT k.id FROM threads t JOIN messages m ON m.thread = t.n JOIN cases k ON k.message = m.n WHERE t.member = $1)""",
    """
    DELETE FROM answers WHERE about <> '' AND about IN (SELECT x.id FROM measures x WHERE x.member = $1)""",
    """
    DELETE FROM attempts WHERE phase < 2 AND address IN (SELECT a.n FROM addresses a WHERE a.member = $1)""",
    """
    UPDATE deliveries SET state = 11, member = NULL WHERE n IN (SELECT f.delivery FROM deferrals f WHERE f.member = $1)""",
    """DELETE FROM deferrals WHERE member = $1""",
    """DELETE FROM streams WHERE member = $1""",
)
OWN = (
    """DELETE FROM presses WHERE member = $1""",
    """DELETE FROM measures WHERE member = $1""",
    """DELETE FROM strikes WHERE member = $1""",
    """DELETE FROM consents WHERE member = $1""",
    """DELETE FROM addresses WHERE member = $1""",
)
TOKENS = """
    DELETE FROM tokens WHERE kind = 'member' AND subject = $1"""
# A mark in front that no id from outside can have; the row itself stays for as long as others point to it.
BLANK = """
    UPDATE members
    SET id = '!' || id, pseudonym = '', name = '', language = '', time_zone = '', tags = '[]', attributes = '{}', standing = 1
    WHERE n = $1 AND id = $2
    RETURNING n"""
HIDDEN = """
    SELECT n FROM members WHERE id = '!' || $1"""

A_THREAD = """
    SELECT n FROM threads WHERE member = $1 ORDER BY n LIMIT 1"""
# The last one that is taken, what those cost, how many are passed over, how many were looked at. The first is always taken.
MESSAGES = f"""
    SELECT max(CASE WHEN g.before < $2 THEN g.n END), sum(CASE WHEN g.before < $2 THEN g.cost ELSE 0 END),
        sum(CASE WHEN g.before < $2 THEN 0 ELSE 1 END), count(*)
    FROM (
        SELECT m.n, m.cost, sum(m.cost) OVER (ORDER BY m.n) - m.cost AS before
        FROM (
            SELECT e.n, 1 + length(e.text) / {CHARACTERS_A_ROW} AS cost FROM messages e
            WHERE e.thread = $1 ORDER BY e.n LIMIT $2
        ) AS m
    ) AS g"""  # noqa: S608  a number of ours
DELETE_MESSAGES = (
    """
    DELETE FROM decisions WHERE message IN (SELECT m.n FROM messages m WHERE m.thread = $1 AND m.n <= $2)""",
    """
    DELETE FROM cases WHERE message IN (SELECT m.n FROM messages m WHERE m.thread = $1 AND m.n <= $2)""",
    """DELETE FROM messages WHERE thread = $1 AND n <= $2""",
)
DELETE_THREAD = (
    """DELETE FROM thread_labels WHERE thread = $1""",
    """DELETE FROM threads WHERE n = $1""",
)
ITEMS = """
    SELECT max(g.seq), count(*)
    FROM (SELECT d.seq FROM deliveries d WHERE d.member = $1 AND d.seq IS NOT NULL ORDER BY d.seq NULLS LAST LIMIT $2) AS g"""
DELETE_ITEMS = (
    """
    DELETE FROM attempts WHERE delivery IN (
        SELECT d.n FROM deliveries d WHERE d.member = $1 AND d.seq IS NOT NULL AND d.seq <= $2)""",
    """DELETE FROM deliveries WHERE member = $1 AND seq IS NOT NULL AND seq <= $2 AND message IS NOT NULL""",
    """
    UPDATE deliveries SET state = 11, member = NULL, seq = NULL WHERE member = $1 AND seq IS NOT NULL AND seq <= $2""",
)
DELETE_MEMBER = """
    DELETE FROM members WHERE n = $1"""


class Erasures(Queries):
    async def erasure(self, member_id: str) -> Erasure | None:
        rows = await self._rows(BY_MEMBER, member_id)
        return _made(rows[0]) if rows else None

    async def erasures(self, *, unconfirmed: bool = False) -> Sequence[Erasure]:
        """From the first on."""
        return [_made(row) for row in await self._scan(UNCONFIRMED if unconfirmed else ALL)]

    async def erasure_count(self) -> int:
        return int((await self._scan(COUNT))[0][0])


def erase(change: Erase) -> Steps[None]:
    """What is planned for the member and not released is left to the release, which finds them gone."""
    for lock in locks.all_of_member(change.member):  # noqa: UP028  it gives nothing back
        yield lock
    yield ERASED, (change.id, us(change.at))
    yield OWN_ANSWERS, (change.id,)
    yield ANSWERS_ABOUT, (change.id,)
    yield from models.empty(change.member, change.at)
    for sql in (*HIDE, *OWN):
        yield sql, (change.member,)
    yield TOKENS, (change.id,)
    yield from devices.end(TokenKind.MEMBER, change.id, change.at)  # the rows go when the broker has nothing of theirs
    rows = yield BLANK, (change.member, change.id)
    if not rows:
        raise Stale
    yield from _purge(change.member, AT_ONCE)


def purge(change: PurgeErased) -> Steps[int]:
    rows = yield HIDDEN, (change.member,)
    if not rows:
        return 0
    member = rows[0][0]
    for lock in locks.all_of_member(member):  # noqa: UP028
        yield lock
    return (yield from _purge(member, change.limit))


def note(change: NoteErasures) -> Steps[None]:
    yield Many(NOTE, [(each.member, us(each.at)) for each in change.erasures])


def confirm(change: ConfirmErasures) -> Steps[None]:
    for member in change.members:
        rows = yield CONFIRM, (member, us(change.at))
        if not rows:
            raise Stale


def _purge(member: int, limit: int) -> Steps[int]:
    """Threads first, then the stream, at last the member; a thread counts as a row like its messages."""
    left = limit
    while rows := (yield A_THREAD, (member,)):
        if left <= 0:
            return 1
        left = yield from _purge_thread(rows[0][0], left)
    items = max(left, 1) * ITEMS_A_ROW
    ((last, count),) = yield ITEMS, (member, items)
    for sql in DELETE_ITEMS if count else ():
        yield sql, (member, last)
    if count >= items:
        return 1
    for sql in (*OWN, DELETE_MEMBER):  # what was under way when they were erased may have written once more
        yield sql, (member,)
    return 0


def _purge_thread(thread: int, limit: int) -> Steps[int]:
    """How much of the limit is left; with nothing left there may be more."""
    ((last, cost, passed_over, count),) = yield MESSAGES, (thread, limit)
    for sql in DELETE_MESSAGES if count else ():
        yield sql, (thread, last)
    if passed_over or count >= limit:
        return 0
    for sql in DELETE_THREAD:
        yield sql, (thread,)
    return max(0, limit - int(cost or 0) - 1)


def _made(row: Row) -> Erasure:
    member, at, confirmed_at = row
    return Erasure(member, when(at), when_or_none(confirmed_at))
