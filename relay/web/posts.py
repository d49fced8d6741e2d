"""Posts over HTTP: accepted for everybody, read with what became of each delivery, cancelled."""

from relay.core.delivery import DeliveryState
from relay.core.errors import Unknown
from relay.core.post import Button, Draft, Post
from relay.ports import Paging
from relay.web.bodies import DeliveriesQuery, NewPost, PagingQuery
from relay.web.communities import community_at
from relay.web.route import StaffCall
from relay.web.views import DeliveryRow, Listed, PostBrief, PostView, delivery_row, listed, post_brief, post_view


async def _post(call: StaffCall[object, object]) -> Post:
    post = await call.parts.store.post(call.path["id"])
    if post is None:
        raise Unknown
    return post


def accepted(post: Post) -> PostView:
    """At the moment of acceptance everything is planned and nobody has pressed."""
    return post_view(post, {DeliveryState.PLANNED: post.audience})


async def publish(call: StaffCall[NewPost, None]) -> PostView:
    community = await community_at(call.parts, call.path["slug"])
    parts, body = call.parts, call.body
    noted = await parts.look.before(call.actor, community.n, None, body.text, body.despite)
    return accepted(await parts.publish.post(community, draft_of(body), call.actor, call.also(accepted), noted))


def draft_of(body: NewPost) -> Draft:
    return Draft(
        text=body.text,
        title=body.title,
        buttons=tuple(Button(one.id, one.label, one.opens_thread) for one in body.buttons),
        urgent=body.urgent,
        expires_at=body.expires_at,
    )


async def listed_of(call: StaffCall[None, PagingQuery]) -> Listed[PostBrief]:
    """Without counts: each takes a walk through the post's whole ledger."""
    community = await community_at(call.parts, call.path["slug"])
    page = await call.parts.store.posts(community.n, Paging(call.query.limit, call.query.after))
    return listed(page, post_brief)


async def read(call: StaffCall[None, None]) -> PostView:
    post, store = await _post(call), call.parts.store
    return post_view(post, await store.post_counts(post), await store.post_presses(post.n))


async def deliveries(call: StaffCall[None, DeliveriesQuery]) -> Listed[DeliveryRow]:
    """It tells of each member what they have read, so it is written to the audit log."""
    state = DeliveryState[call.query.state.upper()] if call.query.state else None
    paging = Paging(call.query.limit, call.query.after)
    post = await _post(call)
    page = await call.parts.store.deliveries(post, state, paging)
    await call.parts.govern.looked(call.actor.id, "delivery.list", [post.id])
    return listed(page, delivery_row)


async def cancel(call: StaffCall[None, None]) -> PostView:
    await call.parts.publish.cancel(call.actor, await _post(call))
    return await read(call)
