"""Company post -> every member: frozen, released once, counted at every instant."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from relay.core.change import AcceptPost, Change, DropPlan, PlanPost, Reached, ReleasePost
from relay.core.delivery import DeliveryState
from relay.core.errors import Conflict, Invalid, Stale
from relay.core.post import Draft, Post, PostState
from relay.waiting import RETRY_AFTER
from tests.flows.conftest import EVA, PATIENCE_S, House


async def test_everybody_who_is_in_gets_the_post_as_their_first_item(house: House) -> None:
    community = await house.community()
    members = [await house.member(community) for _ in range(3)]

    post = await house.publish.post(community, Draft("Closed tomorrow"), EVA)
    await house.release()

    assert post.audience == 3
    for member in members:
        (item,) = await house.store.of(member.member.n).items(0, 10)
        assert (item.seq, item.id, item.text, item.name) == (1, post.id, "Closed tomorrow", "Bad am See")


async def test_who_joins_after_acceptance_does_not_get_it(house: House) -> None:
    community = await house.community()
    await house.member(community)

    post = await house.publish.post(community, Draft("Closed tomorrow"), EVA)
    late = await house.member(community)
    await house.release()

    assert post.audience == 1
    assert await house.store.of(late.member.n).items(0, 10) == []


async def test_who_leaves_before_release_is_left_out_and_counted(house: House) -> None:
    community = await house.community()
    staying, leaving = await house.member(community), await house.member(community)

    post = await house.publish.post(community, Draft("Closed tomorrow"), EVA)
    await house.enrol.leave(leaving)
    await house.release()

    counts = await house.store.post_counts(await _read(house, post))
    assert counts == {DeliveryState.SENDING: 1, DeliveryState.SUPPRESSED: 1}
    assert len(await house.store.of(staying.member.n).items(0, 10)) == 1


async def test_who_is_erased_leaves_a_count(house: House) -> None:
    community = await house.community()
    before, after = await house.member(community), await house.member(community)

    post = await house.publish.post(community, Draft("Closed tomorrow"), EVA)
    await house.enrol.erase("eva", before.member)
    await house.release()
    await house.enrol.erase("eva", after.member)

    counts = await house.store.post_counts(await _read(house, post))
    assert counts == {DeliveryState.ERASED: 2}


async def test_a_post_that_expired_before_its_release_is_not_sent(house: House) -> None:
    community = await house.community()
    member = await house.member(community)

    post = await house.publish.post(community, Draft("Only today", expires_at=house.clock.now() + timedelta(hours=1)), EVA)
    house.clock.pass_(3600)
    await house.release()

    assert await house.store.post_counts(await _read(house, post)) == {DeliveryState.EXPIRED: 1}
    assert await house.store.of(member.member.n).items(0, 10) == []


async def test_acknowledgements_move_the_counts_and_never_back(house: House) -> None:
    community = await house.community()
    member = await house.member(community)
    post = await house.publish.post(community, Draft("Closed tomorrow"), EVA)
    await house.release()

    house.deliver.reached(Reached(member.member.n, sent=1, delivered=1, read=0))
    await house.deliver.flush()
    delivered = await house.store.post_counts(await _read(house, post))
    await house.deliver.acknowledge(member, delivered=1, read=1)
    house.deliver.reached(Reached(member.member.n, sent=1, delivered=0, read=0))
    await house.deliver.flush()
    read = await house.store.post_counts(await _read(house, post))

    assert delivered == {DeliveryState.DELIVERED: 1}
    assert read == {DeliveryState.READ: 1}


async def test_a_slower_device_takes_nothing_back_that_is_not_written_yet(house: House) -> None:
    community = await house.community()
    member = await house.member(community)
    post = await house.publish.post(community, Draft("Closed tomorrow"), EVA)
    await house.release()

    house.deliver.reached(Reached(member.member.n, sent=1, delivered=1, read=1))
    house.deliver.reached(Reached(member.member.n, sent=1, delivered=0, read=0))
    await house.deliver.flush()

    assert await house.store.post_counts(await _read(house, post)) == {DeliveryState.READ: 1}


async def test_acknowledgements_that_the_store_refuses_are_tried_again_after_a_while(house: House) -> None:
    await house.store.close()
    house.deliver.reached(Reached(1, sent=1, delivered=1, read=0))

    with capture_logs() as said, pytest.raises(TimeoutError):
        await asyncio.wait_for(house.deliver.run_cursors(), RETRY_AFTER / 2)

    assert len([line for line in said if line["event"] == "acknowledgements wait"]) == 1


async def test_what_was_not_sent_yet_cannot_be_acknowledged(house: House) -> None:
    community = await house.community()
    member = await house.member(community)

    with pytest.raises(Invalid):
        await house.deliver.acknowledge(member, delivered=1, read=0)


async def test_a_large_audience_is_written_in_groups_and_is_invisible_until_accepted(
    house: House,
) -> None:
    small = replace(house.publish, group=2)
    community = await house.community()
    for _ in range(5):
        await house.member(community)

    post = await small.post(community, Draft("Closed tomorrow"), EVA)

    assert post.audience == 5
    assert (await house.store.post_counts(await _read(house, post)))[DeliveryState.PLANNED] == 5


async def test_a_plan_that_nobody_accepted_is_gone_after_a_restart(house: House) -> None:
    community = await house.community()
    draft = Post(id="half", community=community.n, author="eva", text="x", created_at=house.clock.now())
    await house.store.commit(PlanPost(draft, house.keep.epoch()))

    await house.keep.end()
    pending = await house.deliver.recover()

    assert pending == 0
    assert await house.store.post("half") is None


async def test_a_post_that_cannot_be_accepted_leaves_no_plan(house: House) -> None:
    community = await house.community()
    for _ in range(3):
        await house.member(community)

    def fails(_: Post) -> tuple[Change, ...]:
        raise LookupError

    with pytest.raises(LookupError):
        await replace(house.publish, group=2).post(community, Draft("Closed tomorrow"), EVA, fails)

    with pytest.raises(Stale):
        await house.store.commit(AcceptPost(_planned(house)))
    assert [left for change, left in house.announced if isinstance(change, DropPlan)] == [1, 0]


async def test_a_post_that_nobody_waits_for_any_more_leaves_no_plan(house: House) -> None:
    community = await house.community()
    await house.member(community)
    posting = asyncio.create_task(house.publish.post(community, Draft("Closed tomorrow"), EVA))
    await asyncio.sleep(0)

    posting.cancel()
    await asyncio.wait([posting], timeout=PATIENCE_S)

    assert posting.cancelled()
    await house.store.commit()
    with pytest.raises(Stale):
        await house.store.commit(AcceptPost(_planned(house)))


async def test_posts_of_a_closed_community_are_refused(house: House) -> None:
    community = await house.community()

    with pytest.raises(Conflict):
        await house.publish.post(replace(community, closed_at=house.clock.now()), Draft("x"), EVA)


async def test_a_post_to_nobody_is_sent_to_nobody(house: House) -> None:
    community = await house.community()

    post = await house.publish.post(community, Draft("Anybody here?"), EVA)
    await house.release()

    assert (await _read(house, post)).state is PostState.SENT
    assert await house.store.post_counts(await _read(house, post)) == {}


async def test_the_delivering_task_starts_on_its_own_when_something_is_accepted(house: House) -> None:
    community = await house.community()
    member = await house.member(community)
    released = asyncio.Event()
    house.bus.on(AcceptPost, house.deliver.accepted)
    house.bus.on(ReleasePost, lambda _change, _outcome: released.set())
    working = asyncio.create_task(house.deliver.run())
    await house.publish.post(community, Draft("Closed tomorrow"), EVA)

    await asyncio.wait_for(released.wait(), PATIENCE_S)
    working.cancel()

    assert len(await house.store.of(member.member.n).items(0, 10)) == 1


async def test_two_posts_keep_their_order_in_every_stream(house: House) -> None:
    community = await house.community()
    member = await house.member(community)
    first = await house.publish.post(community, Draft("one"), EVA)
    await house.release()
    second = await house.publish.post(community, Draft("two"), EVA)
    await house.release()

    items = await house.store.of(member.member.n).items(0, 10)

    assert [(item.seq, item.id) for item in items] == [(1, first.id), (2, second.id)]


async def test_who_is_erased_is_gone_and_cannot_be_erased_again(house: House) -> None:
    community = await house.community()
    member = await house.member(community)

    await house.enrol.erase("eva", member.member)

    assert await house.store.member(member.member.id) is None
    with pytest.raises(Stale):
        await house.enrol.erase("eva", member.member)


async def _read(house: House, post: Post) -> Post:
    found = await house.store.post(post.id)
    assert found is not None
    return found


def _planned(house: House) -> Post:
    (planned,) = (change.post for change, _ in house.announced if isinstance(change, PlanPost))
    return replace(planned, accepted_at=house.clock.now())
