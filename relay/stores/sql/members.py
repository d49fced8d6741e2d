"""Members in SQL: who they are, their consents and addresses; how they go stands in erasures."""

from collections.abc import Sequence

from relay.core.change import AddMember, EditMember, Leave, Rejoin
from relay.core.delivery import Cursors
from relay.core.errors import Stale
from relay.core.member import AddAddress, Address, Consent, Member, Standing
from relay.ports import Page, Paging, Reachable
from relay.stores.sql import locks, tokens
from relay.stores.sql.cells import asked, packed, page, place_in, unpacked, us, us_or_none, when, when_or_none
from relay.stores.sql.erasures import Erasures
from relay.stores.sql.steps import Many, Row, Steps

# From members and, as `s`, their streams.
COLUMNS = """
    m.n, m.id, m.community, m.pseudonym, m.name, m.language, m.time_zone, m.tags, m.attributes, m.standing, m.joined_at,
    m.paused_until, s.approved"""
WIDTH = 13
BY_ID = f"""SELECT {COLUMNS} FROM members m JOIN streams s ON s.member = m.n WHERE m.id = $1"""  # noqa: S608  columns, no values
LISTED = f"""
    SELECT {COLUMNS} FROM members m JOIN streams s ON s.member = m.n
    WHERE m.community = $1 AND m.n > $2 ORDER BY m.n LIMIT $3"""  # noqa: S608
CONSENTS = """
    SELECT channel, source, text_version, at, withdrawn_at, language FROM consents WHERE member = $1 ORDER BY n"""
ADDRESSES = """
    SELECT channel, address FROM addresses WHERE member = $1 ORDER BY channel, address"""

ADD = """
    INSERT INTO members
        (id, community, pseudonym, name, language, time_zone, tags, attributes, standing, joined_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
    RETURNING n"""
ADD_STREAM = """
    INSERT INTO streams (member, first_seq, last_seq, sent_seq, delivered_seq, read_seq, approved)
    VALUES ($1, 1, 0, 0, 0, 0, $2)"""
ADD_CONSENT = """
    INSERT INTO consents (member, channel, source, text_version, at, withdrawn_at, language)
    VALUES ($1, $2, $3, $4, $5, $6, $7)"""
ADD_ADDRESS = """
    INSERT INTO addresses (community, channel, address, member) VALUES ($1, $2, $3, $4)"""
ADD_LATER = """
    INSERT INTO addresses (community, channel, address, member)
    SELECT m.community, $2, $3, m.n FROM members m WHERE m.n = $1
    ON CONFLICT (community, channel, address) DO NOTHING"""
REACHED_BY = """
    SELECT m.n, m.id, m.community, s.first_seq, s.last_seq, s.sent_seq, s.delivered_seq, s.read_seq
    FROM addresses a
    JOIN members m ON m.n = a.member
    JOIN streams s ON s.member = m.n
    WHERE a.channel = $1 AND a.address = m.id AND a.member > $2
    ORDER BY a.member LIMIT $3"""
EDIT = """
    UPDATE members
    SET name = COALESCE($2, name), language = COALESCE($3, language), time_zone = COALESCE($4, time_zone),
        tags = COALESCE($5, tags), attributes = COALESCE($6, attributes)
    WHERE n = $1 AND EXISTS (SELECT 1 FROM streams s WHERE s.member = $1)
    RETURNING n"""
STAND = """
    UPDATE members SET standing = $2
    WHERE n = $1 AND standing <> $2 AND EXISTS (SELECT 1 FROM streams s WHERE s.member = $1)
    RETURNING n"""
WITHDRAW = """
    UPDATE consents SET withdrawn_at = $2 WHERE member = $1 AND withdrawn_at IS NULL"""


class Members(Erasures):
    async def member(self, member_id: str) -> Member | None:
        rows = await self._rows(BY_ID, member_id)
        return made(rows[0]) if rows else None

    async def members(self, community: int, paging: Paging) -> Page[Member]:
        (after,) = place_in(paging, (0,))
        rows = await self._scan(LISTED, community, after, asked(paging))
        return page(rows, paging, made, lambda row: (row[0],))

    async def reached_by(self, channel: str, after: int, limit: int) -> Sequence[Reachable]:
        rows = await self._scan(REACHED_BY, channel, after, limit)
        return [Reachable(n, id_, community, Cursors(*cursors)) for n, id_, community, *cursors in rows]

    async def consents(self, member: int) -> Sequence[Consent]:
        return [_consent(row) for row in await self._rows(CONSENTS, member)]

    async def addresses(self, member: int) -> Sequence[Address]:
        return [Address(channel, address) for channel, address in await self._rows(ADDRESSES, member)]


def add(change: AddMember) -> Steps[int]:
    """The member with stream, consent, addresses and first token."""
    new = change.member
    rows = yield (
        ADD,
        (
            new.id, new.community, new.pseudonym, new.name, new.language, new.time_zone,
            packed(new.tags), packed(dict(new.attributes)), int(new.standing), us(new.joined_at),
        ),
    )  # fmt: skip
    n = int(rows[0][0])
    yield ADD_STREAM, (n, new.approved)
    yield from _agree(n, change.consent)
    yield Many(ADD_ADDRESS, [(new.community, each.channel, each.address, n) for each in change.addresses])
    yield from tokens.put(change.token)
    return n


def edit(change: EditMember) -> Steps[None]:
    tags = None if change.tags is None else packed(change.tags)
    attributes = None if change.attributes is None else packed(dict(change.attributes))
    rows = yield EDIT, (change.member, change.name, change.language, change.time_zone, tags, attributes)
    if not rows:
        raise Stale


def add_address(change: AddAddress) -> Steps[None]:
    yield locks.member(change.member)
    yield ADD_LATER, (change.member, change.address.channel, change.address.address)


def leave(change: Leave) -> Steps[None]:
    """Nothing happens when they have left already."""
    yield locks.member(change.member)
    if (yield from _stand(change.member, Standing.LEFT)):
        yield WITHDRAW, (change.member, us(change.at))


def rejoin(change: Rejoin) -> Steps[None]:
    """Nothing happens when they are in already."""
    yield locks.member(change.member)
    if (yield from _stand(change.member, Standing.ACTIVE)):
        yield from _agree(change.member, change.consent)


def _stand(member: int, standing: Standing) -> Steps[bool]:
    """Whether that changed anything."""
    rows = yield STAND, (member, int(standing))
    return bool(rows)


def _agree(member: int, consent: Consent) -> Steps[None]:
    yield (
        ADD_CONSENT,
        (
            member, consent.channel, consent.source, consent.text_version,
            us(consent.at), us_or_none(consent.withdrawn_at), consent.language,
        ),
    )  # fmt: skip


def made(row: Row) -> Member:
    """From COLUMNS."""
    n, id_, community, pseudonym, name, language, time_zone, tags, attributes, standing, joined_at, paused_until, approved = row
    return Member(
        id=id_,
        community=community,
        pseudonym=pseudonym,
        joined_at=when(joined_at),
        name=name,
        language=language,
        time_zone=time_zone,
        tags=tuple(unpacked(tags)),
        attributes=unpacked(attributes),
        standing=Standing(standing),
        approved=approved,
        paused_until=when_or_none(paused_until),
        n=n,
    )


def _consent(row: Row) -> Consent:
    channel, source, text_version, at, withdrawn_at, language = row
    return Consent(channel, source, text_version, when(at), when_or_none(withdrawn_at), language)
