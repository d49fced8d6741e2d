"""Signing a member in: token, member, community and cursors by one query; or without one, where a broker vouches for them."""

from datetime import datetime

from relay.core.delivery import Cursors
from relay.ports import SignedIn
from relay.stores.sql import communities, members
from relay.stores.sql.cells import us
from relay.stores.sql.steps import Queries, Row

SIGNED_IN = f"""
    SELECT t.id, t.device, s.first_seq, s.last_seq, s.sent_seq, s.delivered_seq, s.read_seq,
        {members.COLUMNS}, {communities.COLUMNS}
    FROM tokens t
    JOIN members m ON m.id = t.subject
    JOIN communities c ON c.n = m.community
    JOIN streams s ON s.member = m.n
    WHERE t.digest = $1 AND t.kind = 'member' AND t.revoked_at IS NULL
        AND (t.expires_at IS NULL OR t.expires_at > $2)"""  # noqa: S608  columns, no values
VOUCHED_FOR = f"""
    SELECT '', '', s.first_seq, s.last_seq, s.sent_seq, s.delivered_seq, s.read_seq,
        {members.COLUMNS}, {communities.COLUMNS}
    FROM members m
    JOIN communities c ON c.n = m.community
    JOIN streams s ON s.member = m.n
    WHERE m.id = $1"""  # noqa: S608  columns, no values
CURSORS_END = 7
MEMBER_END = CURSORS_END + members.WIDTH


class SigningIn(Queries):
    async def signed_in(self, digest: str, now: datetime) -> SignedIn | None:
        rows = await self._rows(SIGNED_IN, digest, us(now))
        return _made(rows[0]) if rows else None

    async def signed_member(self, member_id: str) -> SignedIn | None:
        rows = await self._rows(VOUCHED_FOR, member_id)
        return _made(rows[0]) if rows else None


def _made(row: Row) -> SignedIn:
    return SignedIn(
        token=row[0],
        member=members.made(row[CURSORS_END:MEMBER_END]),
        community=communities.made(row[MEMBER_END:]),
        cursors=Cursors(*row[2:CURSORS_END]),
        device=row[1],
    )
