"""Communities in SQL."""

from collections.abc import Sequence
from dataclasses import asdict

from relay.core.change import AddCommunity, EditCommunity
from relay.core.community import Community, QuietHours, Rules
from relay.core.errors import Stale
from relay.stores.sql.cells import packed, unpacked, us, us_or_none, when, when_or_none
from relay.stores.sql.community_exports import CommunityExports
from relay.stores.sql.steps import Row, Steps
from relay.stores.sql.sums import Sums

COLUMNS = """
    c.n, c.id, c.slug, c.name, c.language, c.time_zone, c.imprint, c.privacy_url, c.rules, c.created_at, c.closed_at"""
WIDTH = 11
ALL = f"""SELECT {COLUMNS} FROM communities c ORDER BY c.slug"""  # noqa: S608  columns, no values
BY_SLUG = f"""SELECT {COLUMNS} FROM communities c WHERE c.slug = $1"""  # noqa: S608
BY_N = f"""SELECT {COLUMNS} FROM communities c WHERE c.n = $1"""  # noqa: S608
ADD = """
    INSERT INTO communities
        (id, slug, name, language, time_zone, imprint, privacy_url, rules, created_at, closed_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
    RETURNING n"""
EDIT = """
    UPDATE communities
    SET name = COALESCE($2, name), language = COALESCE($3, language), time_zone = COALESCE($4, time_zone),
        imprint = COALESCE($5, imprint), privacy_url = COALESCE($6, privacy_url), rules = COALESCE($7, rules),
        closed_at = CASE CAST($8 AS BIGINT) WHEN 1 THEN COALESCE(closed_at, $9) WHEN 0 THEN NULL ELSE closed_at END
    WHERE n = $1
    RETURNING n"""
_UNCHANGED = -1  # neither closed nor opened; a bare NULL would have no type in PostgreSQL


class Communities(CommunityExports, Sums):
    async def communities(self) -> Sequence[Community]:
        return [made(row) for row in await self._rows(ALL)]

    async def community(self, slug: str) -> Community | None:
        rows = await self._rows(BY_SLUG, slug)
        return made(rows[0]) if rows else None

    async def community_by_n(self, n: int) -> Community | None:
        rows = await self._rows(BY_N, n)
        return made(rows[0]) if rows else None


def add(change: AddCommunity) -> Steps[int]:
    """Outcome: the community's key."""
    new = change.community
    rows = yield (
        ADD,
        (
            new.id, new.slug, new.name, new.language, new.time_zone, new.imprint, new.privacy_url,
            packed(asdict(new.rules)), us(new.created_at), us_or_none(new.closed_at),
        ),
    )  # fmt: skip
    return int(rows[0][0])


def edit(change: EditCommunity) -> Steps[None]:
    """Stale when it is not there."""
    rows = yield (
        EDIT,
        (
            change.community, change.name, change.language, change.time_zone, change.imprint, change.privacy_url,
            None if change.rules is None else packed(asdict(change.rules)),
            _UNCHANGED if change.closed is None else int(change.closed), us(change.at),
        ),
    )  # fmt: skip
    if not rows:
        raise Stale


def made(row: Row) -> Community:
    """From COLUMNS."""
    n, id_, slug, name, language, time_zone, imprint, privacy_url, rules, created_at, closed_at = row
    return Community(
        id=id_,
        slug=slug,
        name=name,
        created_at=when(created_at),
        language=language,
        time_zone=time_zone,
        imprint=imprint,
        privacy_url=privacy_url,
        rules=_rules(unpacked(rules)),
        closed_at=when_or_none(closed_at),
        n=n,
    )


def _rules(kept: dict[str, object]) -> Rules:
    quiet = kept.pop("quiet_hours", None)
    return Rules(quiet_hours=QuietHours(**quiet) if isinstance(quiet, dict) else None, **kept)  # type: ignore[arg-type]
