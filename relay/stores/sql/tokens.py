"""Credentials in SQL: found by the digest alone, never by the secret."""

from datetime import datetime

from relay.core.change import AddToken, RevokeTokens
from relay.core.errors import Stale
from relay.core.staff import Token, TokenKind
from relay.stores.sql import devices, locks
from relay.stores.sql.cells import us, us_or_none, when, when_or_none
from relay.stores.sql.steps import Queries, Row, Steps

VALID = """
    SELECT t.id, t.kind, t.digest, t.subject, t.created_at, t.device, t.expires_at, t.seen_at
    FROM tokens t
    WHERE t.digest = $1 AND t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > $2)"""
ADD_TO_MEMBER = """
    INSERT INTO tokens (digest, id, kind, subject, device, created_at, expires_at)
    SELECT $1, $2, $3, m.id, $5, $6, $7 FROM members m WHERE m.id = $4
    RETURNING n"""
ADD_TO_STAFF = """
    INSERT INTO tokens (digest, id, kind, subject, device, created_at, expires_at)
    SELECT $1, $2, $3, s.id, $5, $6, $7 FROM staff s WHERE s.id = $4 AND s.removed_at IS NULL
    RETURNING n"""
ADD_TO_KEY = """
    INSERT INTO tokens (digest, id, kind, subject, device, created_at, expires_at)
    SELECT $1, $2, $3, k.id, $5, $6, $7 FROM keys k WHERE k.id = $4 AND k.revoked_at IS NULL
    RETURNING n"""
REVOKE_DEVICE = """
    UPDATE tokens SET revoked_at = $4 WHERE subject = $1 AND kind = $2 AND device = $3 AND revoked_at IS NULL"""
REVOKE_ONE = """
    UPDATE tokens SET revoked_at = $4 WHERE id = $3 AND subject = $1 AND kind = $2 AND revoked_at IS NULL"""
REVOKE_ALL = """
    UPDATE tokens SET revoked_at = $3 WHERE subject = $1 AND kind = $2 AND revoked_at IS NULL"""
_ADD = {
    TokenKind.MEMBER: ADD_TO_MEMBER,
    TokenKind.STAFF: ADD_TO_STAFF,
    TokenKind.KEY: ADD_TO_KEY,
    TokenKind.SESSION: ADD_TO_STAFF,
    TokenKind.LINK: ADD_TO_STAFF,
}


class Tokens(Queries):
    async def token(self, digest: str, now: datetime) -> Token | None:
        rows = await self._rows(VALID, digest, us(now))
        return made(rows[0]) if rows else None


def add(change: AddToken) -> Steps[None]:
    new = change.token
    yield locks.subject_of(new)
    yield REVOKE_DEVICE, (new.subject, new.kind.value, new.device, us(new.created_at))
    yield from put(new)


def put(token: Token) -> Steps[None]:
    """The row alone. Stale when its subject is gone, so that nothing comes to be of who was erased."""
    rows = yield (
        _ADD[token.kind],
        (
            token.digest, token.id, token.kind.value, token.subject, token.device,
            us(token.created_at), us_or_none(token.expires_at),
        ),
    )  # fmt: skip
    if not rows:
        raise Stale


def revoke(change: RevokeTokens) -> Steps[None]:
    if change.only is None:
        yield from end(change.kind, change.subject, change.at, change.device)
    else:
        yield from devices.end_one(change.kind, change.subject, change.at, change.only.id)
        yield REVOKE_ONE, (change.subject, change.kind.value, change.only.id, us(change.at))


def end(kind: TokenKind, subject: str, at: datetime, device: str | None = None) -> Steps[None]:
    """All of the subject, or those of one device; what may connect to the broker ends with them."""
    yield from devices.end(kind, subject, at, device)
    if device is None:
        yield REVOKE_ALL, (subject, kind.value, us(at))
    else:
        yield REVOKE_DEVICE, (subject, kind.value, device, us(at))


def made(row: Row) -> Token:
    """From the columns of VALID."""
    id_, kind, digest, subject, created_at, device, expires_at, seen_at = row
    return Token(
        id_, TokenKind(kind), digest, subject, when(created_at), device, when_or_none(expires_at), when_or_none(seen_at)
    )
