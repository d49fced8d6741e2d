"""Reads on behalf of one member: the member's key is `$1` of every query here, so nothing of another can come back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from relay.core.case import CaseView
from relay.core.delivery import Cursors
from relay.core.identity import token_digest
from relay.core.measure import Measure, Past
from relay.core.post import Post
from relay.core.stream import Item, ItemKind, Sender, message_item
from relay.core.thread import Message, Role, Stored, Surroundings, ThreadRef, ThreadState
from relay.ports import OwnDevice
from relay.stores.sql import cases, measures, posts
from relay.stores.sql.cells import when
from relay.stores.sql.exports import export
from relay.stores.sql.steps import Read, Row

CURSORS = """
    SELECT first_seq, last_seq, sent_seq, delivered_seq, read_seq FROM streams WHERE member = $1"""
ITEMS = """
    SELECT d.seq, c.name,
        p.id, p.accepted_at, p.text, p.title, p.buttons,
        e.id, e.role, e.text, e.at, e.in_reply_to, e.case_id
    FROM deliveries d
    JOIN members m ON m.n = d.member
    JOIN communities c ON c.n = m.community
    LEFT JOIN posts p ON p.n = d.post
    LEFT JOIN messages e ON e.n = d.message
    WHERE d.member = $1 AND d.seq > $2
    ORDER BY d.seq NULLS FIRST LIMIT $3"""
STORED = """
    SELECT id, at, text FROM messages WHERE member = $1 AND client_id = $2"""
THREAD = """
    SELECT t.n, t.id, t.member, t.post, t.state, t.version FROM threads t"""
ANSWERED = f"""{THREAD} JOIN messages e ON e.thread = t.n WHERE t.member = $1 AND e.id = $2 AND e.internal = 0"""
LATEST = f"""{THREAD} WHERE t.member = $1 AND t.state <> 3 ORDER BY t.active_at DESC, t.n DESC LIMIT 1"""
OF_POST = f"""{THREAD} WHERE t.member = $1 AND t.post = $2"""
RELEASED = f"""
    SELECT {posts.COLUMNS} FROM posts p
    WHERE p.id = $2 AND p.state <> 0 AND EXISTS (
        SELECT 1 FROM deliveries d
        WHERE d.member = $1 AND d.seq IS NOT NULL AND d.post = p.n
            AND d.n + 0 >= p.first_delivery AND d.n + 0 <= p.last_delivery)
"""  # noqa: S608  columns, no values; + 0 keeps the planner on the member's few rows, off the post's many
LAST_POST = """
    SELECT p.n, p.accepted_at FROM deliveries d JOIN posts p ON p.n = d.post
    WHERE d.member = $1 AND d.seq IS NOT NULL
    ORDER BY d.seq DESC NULLS LAST LIMIT 1"""

PRESSES = """
    SELECT p.id, r.button FROM presses r JOIN posts p ON p.n = r.post WHERE r.member = $1"""
DEVICES = """
    SELECT t.id, t.device, t.created_at, 'web' FROM tokens t JOIN members m ON m.id = t.subject
    WHERE m.n = $1 AND t.kind = 'member' AND t.revoked_at IS NULL
    UNION ALL
    SELECT d.id, d.device, d.created_at, 'mqtt' FROM devices d JOIN members m ON m.id = d.subject
    WHERE m.n = $1 AND d.kind = 'member' AND d.revoked_at IS NULL
    ORDER BY 3 NULLS FIRST"""


@dataclass(frozen=True, slots=True)
class OwnScope:
    """What one member may read; the engine gives the ways to read."""

    member: int
    _rows: Read
    _scan: Read

    async def cursors(self) -> Cursors:
        """All at the start when the member is gone."""
        rows = await self._rows(CURSORS, self.member)
        return Cursors(*rows[0]) if rows else Cursors()

    async def items(self, after: int, limit: int) -> Sequence[Item]:
        """In the order of their seq."""
        return [self._item(row) for row in await self._rows(ITEMS, self.member, after, limit)]

    async def surroundings(self, client_id: str | None, in_reply_to: str | None) -> Surroundings:
        """Looks no further than what decides the reply's place: stored already, then what it answers, then what is at hand."""
        if client_id is not None:
            rows = await self._rows(STORED, self.member, client_id)
            if rows:
                id_, at, text = rows[0]
                return Surroundings(stored=Stored(id_, when(at), token_digest(text)))
        if in_reply_to is not None:
            return await self._answered(in_reply_to)
        if latest := await self._thread(LATEST):
            return Surroundings(latest=latest)
        rows = await self._rows(LAST_POST, self.member)
        if not rows:
            return Surroundings()
        post, at = rows[0]
        return Surroundings(last_post=post, last_post_at=when(at), last_post_thread=await self._thread(OF_POST, post))

    async def _answered(self, id_: str) -> Surroundings:
        if answered := await self._thread(ANSWERED, id_):
            return Surroundings(answered=answered)
        post = await self.released_post(id_)
        if post is None:
            return Surroundings()
        return Surroundings(post=post.n, post_thread=await self._thread(OF_POST, post.n))

    async def _thread(self, sql: str, *args: object) -> ThreadRef | None:
        rows = await self._rows(sql, self.member, *args)
        if not rows:
            return None
        n, id_, member, post, state, version = rows[0]
        return ThreadRef(n, id_, member, post, ThreadState(state), version)

    async def released_post(self, post_id: str) -> Post | None:
        rows = await self._rows(RELEASED, self.member, post_id)
        return posts.made(rows[0]) if rows else None

    async def case(self, case_id: str) -> CaseView | None:
        rows = await self._rows(cases.OWN_BY_ID, self.member, case_id)
        return cases.made(rows[0]) if rows else None

    async def past(self) -> Past:
        """Strikes and measures, ended ones and proposals included, oldest first."""
        strikes = await self._rows(measures.STRIKES, self.member)
        return Past(self.member, [measures.strike_made(row) for row in strikes], await self.measures())

    async def measures(self) -> Sequence[Measure]:
        """Without the strikes: what decides whether they may write."""
        return [measures.made(row) for row in await self._rows(measures.OWN, self.member)]

    async def presses(self) -> Mapping[str, str]:
        """The button that was pressed last under each post, by the posts' ids."""
        return dict(await self._rows(PRESSES, self.member))

    async def devices(self) -> Sequence[OwnDevice]:
        """Those whose credentials are valid, the oldest first."""
        rows = await self._rows(DEVICES, self.member)
        return [OwnDevice(id_, name, when(since), channel) for id_, name, since, channel in rows]

    async def export(self) -> Mapping[str, object]:
        """All of theirs as plain values, times as datetimes."""
        return await export(self._scan, self.member)

    def _item(self, row: Row) -> Item:
        seq, company, post, accepted_at, post_text, title, buttons, id_, role, text, at, in_reply_to, case = row
        if post is not None:
            return Item(
                seq=seq,
                kind=ItemKind.POST,
                id=post,
                at=when(accepted_at),
                sender=Sender.COMPANY,
                name=company,
                text=post_text,
                title=title,
                buttons=posts.buttons_in(buttons),
            )
        message = Message(id_, self.member, Role(role), text, when(at), in_reply_to=in_reply_to, case=case)
        return message_item(message, seq, company)
