"""The contract on posts, on every engine: the audience is fixed when it is accepted, and its states always sum to it."""

from dataclasses import replace
from typing import cast

import pytest

from relay.core.change import (
    AcceptPost,
    AdvanceCursors,
    CancelPost,
    DropPlan,
    EditCommunity,
    Erase,
    FreezeAudience,
    Frozen,
    Leave,
    PlanPost,
    Press,
    Reached,
    Rejoin,
    ReleasePost,
)
from relay.core.delivery import Cursors, DeliveryState
from relay.core.errors import Conflict, Stale
from relay.core.member import Consent
from relay.core.post import PostState
from relay.core.run import DropPlans
from relay.core.stream import ItemKind, Sender
from relay.ports import DeliveryView, Paging
from tests.stores.conftest import World


async def test_a_planned_post_is_invisible_until_it_is_accepted(world: World) -> None:
    community = await world.community()
    await world.members(community, 3)
    planned = await world.plan(world.draft(community))

    assert await world.store.post(planned.id) is None
    assert (await world.store.posts(community.n, Paging())).items == ()
    assert await world.store.sending() == []
    accepted = await world.accept(planned)

    assert accepted.state is PostState.SENDING
    assert accepted.audience == 3
    assert accepted.buttons == planned.buttons
    assert await world.store.post(planned.id) == accepted
    assert await world.store.sending() == [accepted]
    assert await world.counts(accepted) == {"planned": 3}


async def test_the_audience_is_frozen_in_groups_of_active_members(world: World) -> None:
    community, other = await world.community("one"), await world.community("two")
    members = await world.members(community, 5)
    await world.member(other)
    await world.store.commit(Leave(members[1].n, world.clock.now()))
    (n,) = await world.store.commit(PlanPost(world.draft(community), world.run))

    groups, after = [], 0
    for _ in range(3):
        (outcome,) = await world.store.commit(FreezeAudience(cast("int", n), community.n, after, 3))
        groups.append(outcome)
        after = cast("Frozen", outcome).last_member or after

    assert groups == [Frozen(members[3].n, 3), Frozen(members[4].n, 1), Frozen(None, 0)]


async def test_who_joins_or_leaves_after_the_acceptance_changes_no_audience(world: World) -> None:
    community = await world.community()
    stays, leaves, erased = await world.members(community, 3)
    post = await world.accepted(community)
    joined = await world.member(community)
    await world.store.commit(Leave(leaves.n, world.clock.now()), Erase(erased.n, erased.id, world.clock.now()))

    released = await world.release(post)

    assert released.seqs == ((stays.n, 1),)
    assert released.finished
    assert await world.counts(post) == {"sending": 1, "suppressed": 1, "erased": 1}
    assert await world.store.of(joined.n).items(0, 10) == []
    assert await world.store.sending() == []


async def test_a_post_to_nobody_is_sent_at_once(world: World) -> None:
    post = await world.accepted(await world.community())

    released = await world.release(post)

    assert (post.audience, released.seqs, released.finished) == (0, (), True)
    assert await world.counts(post) == {}


async def test_release_goes_on_where_it_stands_in_the_store_whatever_the_caller_knows(world: World) -> None:
    community = await world.community()
    members = await world.members(community, 5)
    post = await world.accepted(community)

    first = await world.release(post, 2)
    second = await world.release(post, 2)
    third = await world.release(post, 2)
    fourth = await world.release(post, 2)

    seqs = [pair for released in (first, second, third, fourth) for pair in released.seqs]
    assert seqs == [(member.n, 1) for member in members]
    assert [released.finished for released in (first, second, third, fourth)] == [False, False, True, True]


async def test_each_member_has_a_stream_without_a_gap(world: World) -> None:
    community = await world.community()
    early = await world.member(community)
    first = await world.posted(community)
    late = await world.member(community)
    second = await world.posted(community)
    await world.replied(early, text="Thanks")

    items = await world.store.of(early.n).items(0, 10)

    assert [(item.seq, item.kind, item.id) for item in items[:2]] == [
        (1, ItemKind.POST, first.id),
        (2, ItemKind.POST, second.id),
    ]
    assert (items[2].seq, items[2].sender, items[2].text, items[2].name) == (3, Sender.SELF, "Thanks", "")
    assert items[0].name == community.name
    assert items[0].at == first.accepted_at
    assert [item.id for item in await world.store.of(late.n).items(0, 10)] == [second.id]
    assert await world.store.of(early.n).items(1, 1) == [items[1]]
    assert await world.store.of(early.n).cursors() == Cursors(last=3)


async def test_posts_that_are_planned_at_the_same_time_keep_their_ledgers_apart(world: World) -> None:
    community = await world.community()
    members = await world.members(community, 6)
    drafts = [world.draft(community), world.draft(community)]
    keys = [cast("int", (await world.store.commit(PlanPost(draft, world.run)))[0]) for draft in drafts]
    for after in (0, members[1].n, members[3].n):
        for key in keys:
            await world.store.commit(FreezeAudience(key, community.n, after, 2))
            await world.replied(members[0]) if after == 0 and key == keys[0] else None

    posts = [await world.accept(replace(draft, n=key)) for draft, key in zip(drafts, keys, strict=True)]
    seqs: list[tuple[int, int]] = []
    for _ in range(8):
        for post in posts:
            seqs += (await world.release(post, 2)).seqs

    assert [post.audience for post in posts] == [6, 6]
    assert sorted(seqs) == sorted((member.n, seq + (member == members[0])) for member in members for seq in (1, 2))
    assert [await world.counts(post) for post in posts] == [{"sending": 6}, {"sending": 6}]


async def test_cursors_tell_what_became_of_deliveries(world: World) -> None:
    community = await world.community()
    members = await world.members(community, 4)
    post = await world.posted(community)

    await world.store.commit(
        AdvanceCursors((Reached(members[0].n, 1, 0, 0), Reached(members[1].n, 1, 1, 0), Reached(members[2].n, 0, 0, 1)))
    )

    assert await world.counts(post) == {"sending": 1, "sent": 1, "delivered": 1, "read": 1}
    assert await world.store.of(members[2].n).cursors() == Cursors(last=1, sent=1, delivered=1, read=1)


async def test_cursors_never_go_back_nor_beyond_the_stream(world: World) -> None:
    community = await world.community()
    member = await world.member(community)
    await world.posted(community)
    await world.posted(community)

    await world.store.commit(AdvanceCursors((Reached(member.n, 2, 1, 1),)))
    await world.store.commit(AdvanceCursors((Reached(member.n, 1, 0, 0),)))
    before = await world.store.of(member.n).cursors()
    await world.store.commit(AdvanceCursors((Reached(member.n, 9, 9, 9),)))

    assert before == Cursors(last=2, sent=2, delivered=1, read=1)
    assert await world.store.of(member.n).cursors() == Cursors(last=2, sent=2, delivered=2, read=2)


async def test_what_is_not_released_of_a_cancelled_post_is_cancelled(world: World) -> None:
    community = await world.community()
    members = await world.members(community, 3)
    post = await world.accepted(community)
    await world.release(post, 1)

    await world.store.commit(CancelPost(post, world.clock.now()))
    released = await world.release(post)

    assert (released.seqs, released.finished) == ((), True)
    assert await world.counts(post) == {"sending": 1, "cancelled": 2}
    assert await world.store.of(members[2].n).cursors() == Cursors()
    with pytest.raises(Stale):
        await world.store.commit(CancelPost(post, world.clock.now()))


async def test_what_is_not_released_in_its_time_expires(world: World) -> None:
    community = await world.community()
    await world.members(community, 3)
    post = await world.accepted(community, expires_in=60)
    await world.release(post, 1)
    world.clock.pass_(60)

    released = await world.release(post)

    assert (released.seqs, released.finished) == ((), True)
    assert await world.counts(post) == {"sending": 1, "expired": 2}


async def test_who_is_erased_while_a_post_is_planned_stays_a_count(world: World) -> None:
    community = await world.community()
    gone, stays = await world.members(community, 2)
    planned = await world.plan(world.draft(community))
    await world.store.commit(Erase(gone.n, gone.id, world.clock.now()))

    post = await world.accept(planned)

    assert await world.counts(post) == {"planned": 1, "erased": 1}
    assert (await world.release(post)).seqs == ((stays.n, 1),)
    assert await world.counts(post) == {"sending": 1, "erased": 1}


async def test_plans_of_an_earlier_run_are_dropped_with_their_ledger(world: World) -> None:
    community = await world.community()
    member = await world.member(community)
    kept = await world.accepted(community)
    planned = await world.plan(world.draft(community))

    await world.next_run()
    (left,) = await world.store.commit(DropPlans(world.clock.now(), 100))

    with pytest.raises(Stale):
        await world.store.commit(AcceptPost(replace(planned, accepted_at=world.clock.now())))
    with pytest.raises(Stale):
        await world.store.commit(FreezeAudience(planned.n, community.n, 0, 10))
    assert await world.counts(kept) == {"planned": 1}
    assert (await world.release(kept)).seqs == ((member.n, 1),)
    assert await world.counts(planned) == {}
    assert left == 0


async def test_one_plan_is_taken_back_in_groups_and_nothing_of_others(world: World) -> None:
    community = await world.community()
    members = await world.members(community, 5)
    other = await world.plan(world.draft(community))
    planned = await world.plan(world.draft(community), group=2)

    left = [(await world.store.commit(DropPlan(planned.id, 2)))[0] for _ in range(4)]

    assert left == [3, 1, 0, 0]
    with pytest.raises(Stale):
        await world.store.commit(FreezeAudience(planned.n, community.n, 0, 10))
    again = await world.accept(await world.plan(replace(planned, n=0)))
    kept = await world.accept(other)
    assert [await world.counts(post) for post in (again, kept)] == [{"planned": 5}] * 2
    assert len((await world.release(kept)).seqs) == len(members)


async def test_an_accepted_post_is_no_plan_to_take_back(world: World) -> None:
    community = await world.community()
    await world.members(community, 2)
    post = await world.accepted(community)

    (left,) = await world.store.commit(DropPlan(post.id, 100))

    assert left == 0
    assert await world.counts(post) == {"planned": 2}


async def test_a_community_that_closed_meanwhile_accepts_no_post(world: World) -> None:
    community = await world.community()
    planned = await world.plan(world.draft(community))
    await world.store.commit(EditCommunity(community.n, world.clock.now(), closed=True))

    with pytest.raises(Conflict, match="closed"):
        await world.accept(planned)

    assert await world.store.post(planned.id) is None


async def test_a_post_is_accepted_once(world: World) -> None:
    community = await world.community()
    await world.members(community, 2)
    post = await world.posted(community)

    with pytest.raises(Stale):
        await world.store.commit(AcceptPost(post))

    assert await world.counts(post) == {"sending": 2}


async def test_deliveries_are_listed_by_state_and_page(world: World) -> None:
    community = await world.community()
    members = await world.members(community, 5)
    post = await world.accepted(community)
    await world.store.commit(Leave(members[1].n, world.clock.now()), Erase(members[2].n, members[2].id, world.clock.now()))
    while not (await world.release(post)).finished:
        pass

    first = await world.store.deliveries(post, None, Paging(3))
    second = await world.store.deliveries(post, None, Paging(3, first.next))
    suppressed = await world.store.deliveries(post, DeliveryState.SUPPRESSED, Paging())

    states = [view.state.word for view in (*first.items, *second.items)]
    assert states == ["sending", "suppressed", "erased", "sending", "sending"]
    assert suppressed.items == (DeliveryView(members[1].id, members[1].pseudonym, DeliveryState.SUPPRESSED),)
    assert first.items[2] == DeliveryView("", "", DeliveryState.ERASED)
    assert second.next is None


async def test_posts_are_listed_from_the_newest(world: World) -> None:
    community, other = await world.community("one"), await world.community("two")
    posts = [await world.accepted(community) for _ in range(3)]
    await world.accepted(other)

    first = await world.store.posts(community.n, Paging(2))
    second = await world.store.posts(community.n, Paging(2, first.next))

    assert (*first.items, *second.items) == tuple(reversed(posts))


async def test_a_second_press_changes_the_answer(world: World) -> None:
    community = await world.community()
    one, two = await world.members(community, 2)
    post = await world.posted(community)
    now = world.clock.now()

    await world.store.commit(Press(post.n, one.n, "yes", now), Press(post.n, two.n, "yes", now))
    await world.store.commit(Press(post.n, one.n, "no", now))

    assert await world.store.post_presses(post.n) == {"yes": 1, "no": 1}


async def test_a_post_is_a_members_own_once_it_is_released_to_them(world: World) -> None:
    community = await world.community()
    member = await world.member(community)
    post = await world.accepted(community)
    late = await world.member(community)

    assert await world.store.of(member.n).released_post(post.id) is None
    await world.release(post)

    found = await world.store.of(member.n).released_post(post.id)
    assert found is not None
    assert found.id == post.id
    assert await world.store.of(late.n).released_post(post.id) is None


async def test_a_release_to_who_came_back_meanwhile_reaches_them(world: World) -> None:
    community = await world.community()
    member = await world.member(community)
    post = await world.accepted(community)
    now = world.clock.now()
    await world.store.commit(Leave(member.n, now), Rejoin(member.n, Consent("web", "keyword", "3", now)))

    (released,) = await world.store.commit(ReleasePost(post, 10, now))

    assert getattr(released, "seqs", None) == ((member.n, 1),)
