"""What the relay keeps for itself in SQL: the audit log, answers to repeated requests, its own facts."""

from relay.core.change import Forget, Record, Remember, SetFact
from relay.ports import AuditEntry, Page, Paging, Remembered
from relay.stores.sql.cells import HIGHEST, asked, packed, page, place_in, unpacked, us, when
from relay.stores.sql.steps import Queries, Row, Steps

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
    SELECT n, at, actor, action, subject, detail FROM audit WHERE n < $1 ORDER BY n DESC LIMIT $2"""
RECORD = """
    INSERT INTO audit (at, actor, action, subject, detail) VALUES ($1, $2, $3, $4, $5)"""


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
    yield RECORD, (us(change.at), change.actor, change.action, change.subject, packed(dict(change.detail)))


def _entry(row: Row) -> AuditEntry:
    n, at, actor, action, subject, detail = row
    return AuditEntry(n, when(at), actor, action, subject, unpacked(detail))
