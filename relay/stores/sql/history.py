"""What was decided about members' messages, in the order in which it was decided, in SQL: for judging them again."""

from collections.abc import Sequence
from datetime import datetime

from relay.core.replay import Event, Past, Span, approves
from relay.core.thread import Role
from relay.core.verdict import Action, MemberFacts, Submission
from relay.stores.sql.cells import unpacked, us, when
from relay.stores.sql.steps import Queries, Row

SPAN = """
    SELECT coalesce(min(n), 1), coalesce(max(n), 0), (
        SELECT count(*) FROM messages e WHERE e.role = $2 AND e.at >= $1 AND ($3 = '' OR e.member IN (
            SELECT m.n FROM members m JOIN communities c ON c.n = m.community WHERE c.slug = $3)))
    FROM decisions WHERE at >= $1"""
# `a` is the last one of moderation's own, `p` the one before about the same message, `r` the last one of a person.
EVENTS = """
    SELECT d.n, m.n, d.automated, d.action, CASE WHEN d.automated = 1 THEN d.own ELSE a.own END, p.action, e.text,
        e.id, c.slug, m.id, m.joined_at, e.channel, e.at, a.action, a.score, r.action, m.attributes,
        CASE
            WHEN e.in_reply_to IS NULL THEN ''
            WHEN EXISTS (SELECT 1 FROM posts t WHERE t.id = e.in_reply_to) THEN 'post'
            ELSE 'message'
        END,
        CASE
            WHEN EXISTS (
                SELECT 1 FROM strikes s JOIN cases k ON k.id = s.case_id
                WHERE s.member = m.n AND s.taken_back_at IS NULL AND k.message = e.n)
            THEN 1 ELSE 0
        END
    FROM decisions d
    JOIN messages e ON e.n = d.message
    JOIN members m ON m.n = e.member
    JOIN communities c ON c.n = m.community
    JOIN decisions a ON a.n = (SELECT max(n) FROM decisions WHERE message = e.n AND automated = 1)
    LEFT JOIN decisions p ON p.n = (SELECT max(n) FROM decisions WHERE message = e.n AND n < d.n)
    LEFT JOIN decisions r ON r.n = (SELECT max(n) FROM decisions WHERE message = e.n AND automated = 0)
    WHERE d.n > $1 AND d.n <= $2 AND ($4 = '' OR c.slug = $4)
    ORDER BY d.n LIMIT $3"""
SINCE_THEN = """
    SELECT s.approved, d.automated, d.action, CASE WHEN d.automated = 1 THEN d.own ELSE a.own END, p.action,
        e.text, count(*)
    FROM streams s
    JOIN threads t ON t.member = s.member
    JOIN messages e ON e.thread = t.n
    JOIN decisions d ON d.message = e.n
    JOIN decisions a ON a.n = (SELECT max(n) FROM decisions WHERE message = e.n AND automated = 1)
    LEFT JOIN decisions p ON p.n = (SELECT max(n) FROM decisions WHERE message = e.n AND n < d.n)
    WHERE s.member = $1 AND d.n >= $2
    GROUP BY s.approved, d.automated, d.action, CASE WHEN d.automated = 1 THEN d.own ELSE a.own END, p.action, e.text"""


class Decided(Queries):
    async def span(self, since: datetime, community: str | None = None) -> Span:
        """All from a time on that is there by now; `community`, a slug, leaves the messages of others out."""
        ((first, last, messages),) = await self._scan(SPAN, us(since), int(Role.MEMBER), community or "")
        return Span(first, last, messages)

    async def events(self, after: int, last: int, limit: int, community: str | None = None) -> Sequence[Event]:
        """The following ones up to `last`; those of members who were erased are gone."""
        return [_event(row) for row in await self._scan(EVENTS, after, last, limit, community or "")]

    async def approved_before(self, member: int, n: int) -> int:
        """How many messages of the member were approved before the `n`th decision: those of today without what came since."""
        rows = await self._scan(SINCE_THEN, member, n)
        since = sum(_approves(row[1:6]) * row[6] for row in rows)
        return int(rows[0][0]) - since if rows else 0


def _event(row: Row) -> Event:
    n, member, before = row[0], row[1], row[5]
    return Event(n, member, _approves(row[2:7]), None if before else _past(row[6:]))


def _approves(decided: Row) -> int:
    """From whether it was automated, its action, what the message alone would have met with, the action before, the text."""
    automated, action, own, before, text = decided
    return approves(Action(action), Action(own), text, ruled=not automated, before=Action(before) if before else None)


def _past(row: Row) -> Past:
    text, id_, slug, member, joined_at, channel, at, action, score, ruled, attributes, reply_to, is_strike = row
    facts = MemberFacts(member, when(joined_at), known=bool(unpacked(attributes)))
    submission = Submission(id_, slug, facts, channel, text, when(at), reply_to or None)
    return Past(submission, Action(action), score, Action(ruled) if ruled else None, bool(is_strike))
