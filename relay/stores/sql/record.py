"""What the relay keeps for itself in SQL: the audit log and its chain, answers to repeated requests, its own facts."""

from collections.abc import Sequence
from dataclasses import replace

from relay.core.chain import NOTHING, AuditRow, canonical, digest_of
from relay.core.change import Record, SetFact
from relay.core.repeat import Forget, Remember
from relay.ports import AuditEntry, Page, Paging, Remembered
from relay.stores.sql.cells import HIGHEST, asked, page, place_in, unpacked, us, when
from relay.stores.sql.steps import Lock, Queries, Row, Steps

FACT = """
    SELECT value FROM facts WHERE name = $1"""
SET_FACT = """
    INSERT INTO facts (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING"""
REMEMBERED = """
    SELECT fingerprint, status, body FROM answers WHERE caller = $1 AND key = $2"""
REMEMBER = """
    INSERT INTO answers (caller, key, fingerprint, status, body, at, about) VALUES ($1, $2, $3, $4, $5, $6, $7)"""
FORGET = """
    DELETE FROM answers WHERE at < $1"""
AUDIT = """
    SELECT n, at, actor, action, subject, detail, digest FROM audit WHERE n < $1 ORDER BY n DESC LIMIT $2"""
CHAIN = """
    SELECT n, at, actor, action, subject, detail, digest FROM audit WHERE n > $1 ORDER BY n LIMIT $2"""
ONE_BY_ONE = """
    SELECT pg_advisory_xact_lock(1096107092)"""  # any number that nothing else locks by
LAST = """
    SELECT n, digest FROM audit ORDER BY n DESC LIMIT 1"""
RECORD = """
    INSERT INTO audit (n, at, actor, action, subject, detail, digest) VALUES ($1, $2, $3, $4, $5, $6, $7)"""


class OwnRecord(Queries):
    async def fact(self, name: str) -> str | None:
        rows = await self._rows(FACT, name)
        return str(rows[0][0]) if rows else None

    async def remembered(self, caller: str, key: str) -> Remembered | None:
        rows = await self._rows(REMEMBERED, caller, key)
        return Remembered(*rows[0]) if rows else None

    async def audit(self, paging: Paging) -> Page[AuditEntry]:
        """Newest first."""
        (before,) = place_in(paging, (HIGHEST,))
        rows = await self._scan(AUDIT, before, asked(paging))
        return page(rows, paging, _entry, lambda row: (row[0],))

    async def audit_chain(self, after: int, limit: int) -> Sequence[AuditRow]:
        """The oldest first, as they are stored: nothing is read into what somebody may have changed."""
        return [AuditRow(*row) for row in await self._scan(CHAIN, after, limit)]


def set_fact(change: SetFact) -> Steps[None]:
    yield SET_FACT, (change.name, change.value)


def remember(change: Remember) -> Steps[None]:
    yield (
        REMEMBER,
        (change.caller, change.key, change.fingerprint, change.status, change.body, us(change.at), change.about),
    )


def forget(change: Forget) -> Steps[None]:
    yield FORGET, (us(change.before),)


def record(change: Record) -> Steps[None]:
    """Its key is chosen here, since the digest covers it: no row is ever changed, not even to add its own digest."""
    yield Lock(ONE_BY_ONE)
    rows = yield LAST, ()
    n, before = rows[0] if rows else (0, NOTHING)
    row = AuditRow(n + 1, us(change.at), change.actor, change.action, change.subject, canonical(change.detail))
    row = replace(row, digest=digest_of(before, row))
    yield RECORD, (row.n, row.at, row.actor, row.action, row.subject, row.detail, row.digest)


def _entry(row: Row) -> AuditEntry:
    n, at, actor, action, subject, detail, digest = row
    return AuditEntry(n, when(at), actor, action, subject, unpacked(detail), digest)
