"""Sessions of staff, one-time links and passphrases in SQL."""

from collections.abc import Sequence
from datetime import datetime

from relay.core.errors import Stale
from relay.core.session import LASTS, BeginSession, EndSession, Rehash, SeeSessions, Session, SetPassphrase, UseLink
from relay.stores.sql import locks, tokens
from relay.stores.sql.cells import us, when
from relay.stores.sql.steps import Many, Queries, Row, Steps

OF_PERSON = """
    SELECT t.id, t.subject, t.device, t.created_at, coalesce(t.seen_at, t.created_at), t.expires_at
    FROM tokens t
    WHERE t.subject = $1 AND t.kind = 'session' AND t.revoked_at IS NULL AND t.expires_at > $2 ORDER BY t.n"""
HASH_OF_PERSON = """
    SELECT p.hash FROM staff s JOIN passphrases p ON p.staff = s.n WHERE s.id = $1 AND s.removed_at IS NULL"""
CLEAR = """
    DELETE FROM tokens
    WHERE subject = $1 AND kind IN ('session', 'link') AND (revoked_at IS NOT NULL OR expires_at <= $2)"""
END = """
    UPDATE tokens SET revoked_at = $3 WHERE subject = $1 AND id = $2 AND kind = 'session' AND revoked_at IS NULL"""
SEE = """
    UPDATE tokens SET seen_at = $3, expires_at = $4
    WHERE subject = $1 AND id = $2 AND kind = 'session' AND revoked_at IS NULL AND expires_at > $3"""
USE_LINK = """
    UPDATE tokens SET revoked_at = $3
    WHERE digest = $1 AND subject = $2 AND kind = 'link' AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $3)
    RETURNING n"""
SET = """
    INSERT INTO passphrases (staff, hash, changed_at)
    SELECT s.n, $2, $3 FROM staff s WHERE s.id = $1 AND s.removed_at IS NULL
    ON CONFLICT (staff) DO UPDATE SET hash = excluded.hash, changed_at = excluded.changed_at
    RETURNING staff"""
REHASH = """
    UPDATE passphrases SET hash = $3 WHERE hash = $2 AND staff IN (SELECT n FROM staff WHERE id = $1)"""
FORGET = """
    DELETE FROM passphrases WHERE staff IN (SELECT n FROM staff WHERE id = $1)"""


class Sessions(Queries):
    async def sessions(self, staff_id: str, now: datetime) -> Sequence[Session]:
        return [_session(row) for row in await self._rows(OF_PERSON, staff_id, us(now))]

    async def passphrase(self, staff_id: str) -> str | None:
        """Its hash."""
        rows = await self._rows(HASH_OF_PERSON, staff_id)
        return str(rows[0][0]) if rows else None


def begin(change: BeginSession) -> Steps[None]:
    new = change.token
    yield locks.subject_of(new)
    if (yield HASH_OF_PERSON, (new.subject,)) != [(change.hash,)]:
        raise Stale
    yield CLEAR, (new.subject, us(new.created_at))
    yield from tokens.put(new)


def end(change: EndSession) -> Steps[None]:
    yield END, (change.staff, change.id, us(change.at))


def see(change: SeeSessions) -> Steps[None]:
    yield Many(SEE, [(seen.staff, seen.id, us(seen.at), us(seen.at + LASTS)) for seen in change.seen])


def use_link(change: UseLink) -> Steps[None]:
    yield locks.person(change.staff)
    if not (yield USE_LINK, (change.digest, change.staff, us(change.at))):
        raise Stale


def set_passphrase(change: SetPassphrase) -> Steps[None]:
    yield locks.person(change.staff)
    if not (yield SET, (change.staff, change.hash, us(change.at))):
        raise Stale


def rehash(change: Rehash) -> Steps[None]:
    yield locks.person(change.staff)
    yield REHASH, (change.staff, change.old, change.new)


def forget_passphrase(staff_id: str) -> Steps[None]:
    """Of who leaves."""
    yield FORGET, (staff_id,)


def _session(row: Row) -> Session:
    id_, staff, browser, created_at, seen_at, expires_at = row
    return Session(id_, staff, browser, when(created_at), when(seen_at), when(expires_at))
