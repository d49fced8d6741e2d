"""Joining in SQL: invites and their uses, the texts that people agree to, and the marks of steps that were taken."""

from collections.abc import Sequence

from relay.core.errors import Stale
from relay.core.joining import AddConsentText, AddInvite, ConsentText, ForgetJoins, Invite, Redeem, RevokeInvite
from relay.ports import Page, Paging
from relay.stores.sql import locks
from relay.stores.sql.cells import asked, page, place_in, us, us_or_none, when, when_or_none
from relay.stores.sql.steps import Queries, Row, Steps

COLUMNS = """
    i.n, i.id, i.community, i.code, i.label, i.created_by, i.created_at, i.expires_at, i.uses, i.used, i.revoked_at"""
BY_CODE = f"""SELECT {COLUMNS} FROM invites i WHERE i.code = $1"""  # noqa: S608  columns, no values
BY_ID = f"""SELECT {COLUMNS} FROM invites i WHERE i.id = $1"""  # noqa: S608
LISTED = f"""
    SELECT {COLUMNS} FROM invites i WHERE i.community = $1 AND i.n > $2 ORDER BY i.n LIMIT $3"""  # noqa: S608
ADD = """
    INSERT INTO invites (id, community, code, label, created_by, created_at, expires_at, uses, used)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0)"""
REVOKE = """
    UPDATE invites SET revoked_at = COALESCE(revoked_at, $2) WHERE id = $1
    RETURNING n"""
# The row itself says whether there is a use left, so that two who come at once cannot both take the last.
USE = """
    UPDATE invites SET used = used + 1
    WHERE id = $1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $2) AND (uses IS NULL OR used < uses)
        AND EXISTS (SELECT 1 FROM communities c WHERE c.n = invites.community AND c.closed_at IS NULL)
    RETURNING n"""

TEXT_COLUMNS = """
    x.language, x.version, x.text, x.created_by, x.created_at"""
PRESENT = f"""
    SELECT {TEXT_COLUMNS} FROM consent_texts x
    WHERE x.community = $1 AND x.version = (
        SELECT max(y.version) FROM consent_texts y WHERE y.community = x.community AND y.language = x.language)
    ORDER BY x.language"""  # noqa: S608
EVERY = f"""
    SELECT {TEXT_COLUMNS} FROM consent_texts x WHERE x.community = $1 ORDER BY x.language, x.version"""  # noqa: S608
LATEST = """
    SELECT max(version) FROM consent_texts WHERE community = $1 AND language = $2"""
ADD_TEXT = """
    INSERT INTO consent_texts (community, language, version, text, created_by, created_at) VALUES ($1, $2, $3, $4, $5, $6)"""

MARK = """
    INSERT INTO joins (mark, until_at) VALUES ($1, $2)"""
FORGET = """
    DELETE FROM joins WHERE until_at < $1"""


class Joinings(Queries):
    async def invite_by_code(self, code: str) -> Invite | None:
        rows = await self._rows(BY_CODE, code)
        return _invite(rows[0]) if rows else None

    async def invite(self, invite_id: str) -> Invite | None:
        rows = await self._rows(BY_ID, invite_id)
        return _invite(rows[0]) if rows else None

    async def invites(self, community: int, paging: Paging) -> Page[Invite]:
        (after,) = place_in(paging, (0,))
        rows = await self._scan(LISTED, community, after, asked(paging))
        return page(rows, paging, _invite, lambda row: (row[0],))

    async def consent_texts(self, community: int, *, past: bool = False) -> Sequence[ConsentText]:
        """The newest of each language; with `past` those before as well, that receipts name."""
        return [_text(row) for row in await self._rows(EVERY if past else PRESENT, community)]


def add_invite(change: AddInvite) -> Steps[None]:
    new = change.invite
    yield (
        ADD,
        (
            new.id, new.community, new.code, new.label, new.created_by, us(new.created_at), us_or_none(new.expires_at),
            new.uses,
        ),
    )  # fmt: skip


def revoke_invite(change: RevokeInvite) -> Steps[None]:
    rows = yield REVOKE, (change.id, us(change.at))
    if not rows:
        raise Stale


def add_consent_text(change: AddConsentText) -> Steps[int]:
    text = change.text
    yield locks.consent_texts(change.community)
    ((last,),) = yield LATEST, (change.community, text.language)
    number = (last or 0) + 1
    yield ADD_TEXT, (change.community, text.language, number, text.text, text.created_by, us_or_none(text.created_at))
    return number


def redeem(change: Redeem) -> Steps[None]:
    yield MARK, (change.mark, us(change.until))
    rows = yield USE, (change.invite, us(change.at))
    if not rows:
        raise Stale


def forget(change: ForgetJoins) -> Steps[None]:
    yield FORGET, (us(change.before),)


def _invite(row: Row) -> Invite:
    n, id_, community, code, label, created_by, created_at, expires_at, uses, used, revoked_at = row
    return Invite(
        id=id_,
        community=community,
        code=code,
        created_by=created_by,
        created_at=when(created_at),
        label=label,
        expires_at=when_or_none(expires_at),
        uses=uses,
        used=used,
        revoked_at=when_or_none(revoked_at),
        n=n,
    )


def _text(row: Row) -> ConsentText:
    language, version, text, created_by, created_at = row
    return ConsentText(language, str(version), text, created_by, when(created_at))
