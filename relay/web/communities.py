"""Communities over HTTP: found, read, edit; and what is loaded to moderate them."""

from dataclasses import replace
from datetime import datetime

from relay.core.community import Community
from relay.core.errors import Unknown
from relay.web.bodies import CommunityEdit, NewCommunity
from relay.web.parts import Parts
from relay.web.route import StaffCall
from relay.web.views import CommunityBrief, CommunityView, Listed, community_brief, community_view


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


async def listed(call: StaffCall[None, None]) -> Listed[CommunityBrief]:
    return Listed(tuple(map(community_brief, await call.parts.store.communities())))


async def read(call: StaffCall[None, None]) -> CommunityView:
    return community_view(await community_at(call.parts, call.path["slug"]))


async def edit(call: StaffCall[CommunityEdit, None]) -> CommunityView:
    community = await community_at(call.parts, call.path["slug"])
    edited = _edited(community, call.body, call.parts.clock.now())
    await call.parts.govern.edit(call.actor, edited)
    return community_view(edited)


def _edited(community: Community, body: CommunityEdit, now: datetime) -> Community:
    given = body.given()
    closed = given.pop("closed", None)
    if "rules" in given:
        given["rules"] = given["rules"].value()
    if closed is not None:
        given["closed_at"] = (community.closed_at or now) if closed else None
    return replace(community, **given)


async def plugins(call: StaffCall[None, None]) -> Listed[dict[str, object]]:
    """All communities are moderated by the same plugins."""
    await community_at(call.parts, call.path["slug"])
    return Listed(tuple(dict(plugin) for plugin in call.parts.plugins()))
