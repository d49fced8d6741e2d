"""What may connect to the MQTT broker, in SQL: credentials in force, and those that ended while the broker may know of them."""

from collections.abc import Sequence
from datetime import datetime

from relay.core.device import AddDevice, ConfirmDevice, Device, DropDevices, SecretHash
from relay.core.errors import Stale
from relay.core.staff import TokenKind
from relay.ports import Page, Paging
from relay.stores.sql import locks
from relay.stores.sql.cells import asked, page, place_in, us, us_or_none, when, when_or_none
from relay.stores.sql.steps import Queries, Row, Steps

IN_FORCE = """
    SELECT n, id, kind, subject, device, digest, salt, iterations, created_at, expires_at, revoked_at, sealed
    FROM devices WHERE n > $1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $2) ORDER BY n LIMIT $3"""
OF_SUBJECT = """
    SELECT n, id, kind, subject, device, digest, salt, iterations, created_at, expires_at, revoked_at, sealed
    FROM devices WHERE subject = $1 ORDER BY n"""
ENDED = """
    SELECT n, id, kind, subject, device, digest, salt, iterations, created_at, expires_at, revoked_at, sealed
    FROM devices WHERE revoked_at IS NOT NULL OR expires_at <= $1 ORDER BY n"""
SEALED = """
    SELECT n, id, kind, subject, device, digest, salt, iterations, created_at, expires_at, revoked_at, sealed
    FROM devices WHERE sealed <> '' AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $1) ORDER BY n LIMIT $2"""
MEMBER_THERE = """
    SELECT 1 FROM members WHERE id = $1"""
KEY_THERE = """
    SELECT 1 FROM keys WHERE id = $1 AND revoked_at IS NULL"""
ADD = """
    INSERT INTO devices (id, kind, subject, device, digest, salt, iterations, created_at, expires_at, sealed)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"""
END_ONE = """
    UPDATE devices SET revoked_at = $4 WHERE subject = $1 AND kind = $2 AND device = $3 AND revoked_at IS NULL"""
END_BY_ID = """
    UPDATE devices SET revoked_at = $4 WHERE id = $3 AND subject = $1 AND kind = $2 AND revoked_at IS NULL"""
END_OF_SUBJECT = """
    UPDATE devices SET revoked_at = $3 WHERE subject = $1 AND kind = $2 AND revoked_at IS NULL"""
END_ALL = """
    UPDATE devices SET revoked_at = $1 WHERE revoked_at IS NULL"""
CONFIRM = """
    UPDATE devices SET sealed = '' WHERE id = $1"""
DROP = """
    DELETE FROM devices WHERE id = $1
    RETURNING n"""
_THERE = {TokenKind.MEMBER: MEMBER_THERE, TokenKind.KEY: KEY_THERE}


class Devices(Queries):
    async def devices(self, now: datetime, paging: Paging) -> Page[Device]:
        """Those in force."""
        (after,) = place_in(paging, (0,))
        rows = await self._scan(IN_FORCE, after, us(now), asked(paging))
        return page(rows, paging, _made, lambda row: (row[0],))

    async def devices_of(self, subject: str) -> Sequence[Device]:
        """All that there are of a member or key, those that ended too."""
        return [_made(row) for row in await self._rows(OF_SUBJECT, subject)]

    async def ended_devices(self, now: datetime) -> Sequence[Device]:
        """Those that ended, and may still be known to the broker."""
        return [_made(row) for row in await self._scan(ENDED, us(now))]

    async def sealed_devices(self, now: datetime, limit: int) -> Sequence[Device]:
        """Those in force that the broker may not know yet, the oldest first."""
        return [_made(row) for row in await self._rows(SEALED, us(now), limit)]


def add(change: AddDevice) -> Steps[None]:
    new = change.device
    yield locks.subject(new.kind, new.subject)
    if not (yield _THERE[new.kind], (new.subject,)):
        raise Stale
    yield END_ONE, (new.subject, new.kind.value, new.name, us(new.created_at))
    yield (
        ADD,
        (
            new.id, new.kind.value, new.subject, new.name, new.secret.digest, new.secret.salt, new.secret.iterations,
            us(new.created_at), us_or_none(new.expires_at), new.sealed,
        ),
    )  # fmt: skip


def end(kind: TokenKind, subject: str, at: datetime, name: str | None = None) -> Steps[None]:
    """All of the subject, or the one of this name."""
    if name is None:
        yield END_OF_SUBJECT, (subject, kind.value, us(at))
    else:
        yield END_ONE, (subject, kind.value, name, us(at))


def end_one(kind: TokenKind, subject: str, at: datetime, id_: str) -> Steps[None]:
    yield END_BY_ID, (subject, kind.value, id_, us(at))


def end_all(at: datetime) -> Steps[None]:
    yield END_ALL, (us(at),)


def confirm(change: ConfirmDevice) -> Steps[None]:
    yield CONFIRM, (change.id,)


def drop(change: DropDevices) -> Steps[int]:
    gone = 0
    for each in change.ids:
        gone += len((yield DROP, (each,)))
    return gone


def _made(row: Row) -> Device:
    _, id_, kind, subject, device, digest, salt, iterations, created_at, expires_at, revoked_at, sealed = row
    return Device(
        id=id_,
        kind=TokenKind(kind),
        subject=subject,
        name=device,
        secret=SecretHash(digest, salt, iterations),
        created_at=when(created_at),
        expires_at=when_or_none(expires_at),
        revoked_at=when_or_none(revoked_at),
        sealed=sealed,
    )
