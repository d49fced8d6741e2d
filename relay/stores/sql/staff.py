"""Staff and keys in SQL."""

from collections.abc import Sequence

from relay.core.change import AddKey, AddStaff, RemoveStaff, RevokeKey
from relay.core.errors import Conflict, Fault, Stale, Taken
from relay.core.session import NameStaff
from relay.core.staff import Key, Role, Staff, TokenKind, known_as
from relay.stores.sql import locks, sessions, tokens
from relay.stores.sql.cells import packed, unpacked, us, us_or_none, when, when_or_none
from relay.stores.sql.steps import Queries, Row, Steps

STAFF = """
    SELECT n, id, name, role, created_at, removed_at FROM staff ORDER BY n"""
STAFF_BY_ID = """
    SELECT n, id, name, role, created_at, removed_at FROM staff WHERE id = $1"""
ADD_STAFF = """
    INSERT INTO staff (id, name, role, created_at, removed_at) VALUES ($1, $2, $3, $4, $5)
    RETURNING n"""
ANYBODY = """
    SELECT 1 FROM staff LIMIT 1"""
NAMES = """
    SELECT id, name FROM staff WHERE removed_at IS NULL"""
NAME_STAFF = """
    UPDATE staff SET name = $2 WHERE id = $1 AND removed_at IS NULL
    RETURNING n"""
REMOVE_STAFF = """
    UPDATE staff SET removed_at = $2
    WHERE id = $1 AND removed_at IS NULL AND (role <> 'owner' OR EXISTS (
        SELECT 1 FROM staff o WHERE o.role = 'owner' AND o.removed_at IS NULL AND o.id <> $1))
    RETURNING n"""
STILL_HERE = """
    SELECT 1 FROM staff WHERE id = $1 AND removed_at IS NULL"""
KEYS = """
    SELECT n, id, name, scopes, created_by, created_at, expires_at, revoked_at FROM keys ORDER BY n"""
KEY_BY_ID = """
    SELECT n, id, name, scopes, created_by, created_at, expires_at, revoked_at FROM keys WHERE id = $1"""
ADD_KEY = """
    INSERT INTO keys (id, name, scopes, created_by, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6)
    RETURNING n"""
REVOKE_KEY = """
    UPDATE keys SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL
    RETURNING n"""


class People(Queries):
    """Staff, and keys beside them."""

    async def staff(self) -> Sequence[Staff]:
        return [_staff(row) for row in await self._rows(STAFF)]

    async def staff_by_id(self, staff_id: str) -> Staff | None:
        rows = await self._rows(STAFF_BY_ID, staff_id)
        return _staff(rows[0]) if rows else None

    async def keys(self) -> Sequence[Key]:
        return [_key(row) for row in await self._rows(KEYS)]

    async def key_by_id(self, key_id: str) -> Key | None:
        rows = await self._rows(KEY_BY_ID, key_id)
        return _key(rows[0]) if rows else None


def add_staff(change: AddStaff) -> Steps[int]:
    """Outcome: the person's key."""
    new = change.staff
    if change.is_first:
        yield locks.first_person()
        if (yield ANYBODY, ()):
            raise Conflict("This relay has staff already.")
    yield from _free(new.name, new.id)
    rows = yield ADD_STAFF, (new.id, new.name, new.role.value, us(new.created_at), us_or_none(new.removed_at))
    yield from tokens.put(change.token)
    return int(rows[0][0])


def name_staff(change: NameStaff) -> Steps[None]:
    yield locks.person(change.staff)
    yield from _free(change.name, change.staff)
    if not (yield NAME_STAFF, (change.staff, change.name)):
        raise Stale


def _free(name: str, staff_id: str) -> Steps[None]:
    """Compared here, since engines fold letters in ways of their own; people who work for one company are few."""
    yield locks.names_of_staff()
    rows = yield NAMES, ()
    if any(id_ != staff_id and known_as(other) == known_as(name) for id_, other in rows):
        fault = Fault(("body", "name"), "is the name of somebody else who works here")
        raise Taken("Names of staff are there once: they sign in by them.", [fault])


def remove_staff(change: RemoveStaff) -> Steps[None]:
    yield locks.owners()
    rows = yield REMOVE_STAFF, (change.id, us(change.at))
    if not rows:
        rows = yield STILL_HERE, (change.id,)
        raise Conflict("The last owner cannot be removed.") if rows else Stale()
    for kind in (TokenKind.STAFF, TokenKind.SESSION, TokenKind.LINK):
        yield from tokens.end(kind, change.id, change.at)
    yield from sessions.forget_passphrase(change.id)


def add_key(change: AddKey) -> Steps[int]:
    """Outcome: the key's key."""
    new = change.key
    rows = yield (
        ADD_KEY,
        (new.id, new.name, packed(new.scopes), new.created_by, us(new.created_at), us_or_none(new.expires_at)),
    )
    yield from tokens.put(change.token)
    return int(rows[0][0])


def revoke_key(change: RevokeKey) -> Steps[None]:
    rows = yield REVOKE_KEY, (change.id, us(change.at))
    if not rows:
        raise Stale
    yield from tokens.end(TokenKind.KEY, change.id, change.at)


def _staff(row: Row) -> Staff:
    n, id_, name, role, created_at, removed_at = row
    return Staff(id_, name, Role(role), when(created_at), when_or_none(removed_at), n)


def _key(row: Row) -> Key:
    n, id_, name, scopes, created_by, created_at, expires_at, revoked_at = row
    return Key(
        id=id_,
        name=name,
        scopes=tuple(unpacked(scopes)),
        created_by=created_by,
        created_at=when(created_at),
        expires_at=when_or_none(expires_at),
        revoked_at=when_or_none(revoked_at),
        n=n,
    )
