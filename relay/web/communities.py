"""Communities over HTTP: found, read, edit; and what is loaded to moderate them."""

from relay.core.community import Community
from relay.core.errors import Unknown
from relay.web.bodies import CommunityEdit, NewCommunity, PagingQuery
from relay.web.parts import Parts
from relay.web.piece import piece
from relay.web.route import StaffCall
from relay.web.views import CommunityBrief, CommunityView, Listed, community_brief, community_view, listed


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


async def plugins(call: StaffCall[None, PagingQuery]) -> Listed[dict[str, object]]:
    """All communities are moderated by the same plugins."""
    await community_at(call.parts, call.path["slug"])
    return listed(piece(call.parts.plugins(), call.query, lambda plugin: str(plugin["name"])), dict)
