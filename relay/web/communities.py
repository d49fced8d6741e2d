"""Communities over HTTP: found, read, edit."""

from typing import Any

from relay.core.community import Community
from relay.core.errors import Unknown
from relay.core.export import ExportKind
from relay.ports import Paging
from relay.web.bodies import CommunityEdit, ExportQuery, NewCommunity, PagingQuery
from relay.web.parts import Parts
from relay.web.piece import piece
from relay.web.route import StaffCall
from relay.web.views import (
    CommunityBrief,
    CommunityView,
    Listed,
    NumbersView,
    RaidView,
    community_brief,
    community_view,
    listed,
    numbers_view,
    raid_view,
)


async def community_at(parts: Parts, slug: str) -> Community:
    """Raises Unknown when there is none."""
    community = await parts.store.community(slug)
    if community is None:
        raise Unknown
    return community


async def found(call: StaffCall[NewCommunity, None]) -> CommunityView:
    body, parts = call.body, call.parts
    community = Community(
        id=parts.ids(),
        slug=body.slug,
        name=body.name,
        created_at=parts.clock.now(),
        language=body.language,
        time_zone=body.time_zone,
        imprint=body.imprint,
        privacy_url=body.privacy_url,
        rules=body.rules.value(),
    )
    return community_view(await parts.govern.found(call.actor, community, call.also(community_view)))


async def listed_of(call: StaffCall[None, PagingQuery]) -> Listed[CommunityBrief]:
    page = piece(await call.parts.store.communities(), call.query, lambda community: community.id)
    return listed(page, community_brief)


async def read(call: StaffCall[None, None]) -> CommunityView:
    return community_view(await community_at(call.parts, call.path["slug"]))


async def edit(call: StaffCall[CommunityEdit, None]) -> CommunityView:
    community = await community_at(call.parts, call.path["slug"])
    given = call.body.given()
    if "rules" in given:
        given["rules"] = given["rules"].value()
    return community_view(await call.parts.govern.edit(call.actor, community, given))


async def export(call: StaffCall[None, ExportQuery]) -> Listed[dict[str, Any]]:
    """Written to the audit log before anything is read, whichever page is asked for."""
    parts, query = call.parts, call.query
    community = await community_at(parts, call.path["slug"])
    await parts.govern.looked(call.actor.id, "community.export", [community.id])
    return listed(await parts.store.exported(community.n, ExportKind(query.kind), Paging(query.limit, query.after)), dict)


async def rules(call: StaffCall[None, PagingQuery]) -> Listed[dict[str, object]]:
    """The same for all communities."""
    await community_at(call.parts, call.path["slug"])
    return listed(piece(call.parts.rules(), call.query, lambda rule: str(rule["name"])), dict)


async def raid(call: StaffCall[None, None]) -> RaidView:
    community = await community_at(call.parts, call.path["slug"])
    return raid_view(call.parts.raid(community.slug))


async def end_raid(call: StaffCall[None, None]) -> None:
    await call.parts.watch.end(call.actor, await community_at(call.parts, call.path["slug"]))


async def numbers(call: StaffCall[None, None]) -> NumbersView:
    """Sums alone, nothing of a single member."""
    parts = call.parts
    community = await community_at(parts, call.path["slug"])
    return numbers_view(await parts.store.numbers(community.n, call.actor.person, parts.clock.now()))
