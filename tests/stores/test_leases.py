"""Leases on both engines: one holder at a time, renewed, given back, taken when it is overdue; and who is on a channel."""

import asyncio
from datetime import timedelta

from relay.core.change import Leave
from relay.core.lease import EndLease, HoldLease
from relay.core.member import AddAddress, Address
from tests.stores.conftest import World

HELD = timedelta(seconds=6)


def hold(world: World, run: int, after: float = 0.0) -> HoldLease:
    now = world.clock.now() + timedelta(seconds=after)
    return HoldLease("mqtt", run, now, now + HELD)


async def test_one_holds_it_and_renews_it(world: World) -> None:
    taken = [
        (await world.store.commit(hold(world, run, after)))[0] for run, after in ((1, 0), (2, 1), (1, 5), (2, 10), (1, 10))
    ]

    assert taken == [1, 0, 1, 0, 1]


async def test_what_is_overdue_another_takes(world: World) -> None:
    taken = [(await world.store.commit(hold(world, run, after)))[0] for run, after in ((1, 0), (2, 6), (1, 7))]

    assert taken == [1, 1, 0]


async def test_what_is_given_back_another_has_at_once(world: World) -> None:
    await world.store.commit(hold(world, 1))
    await world.store.commit(EndLease("mqtt", 2))
    before = await world.store.commit(hold(world, 2))
    await world.store.commit(EndLease("mqtt", 1))

    after = await world.store.commit(hold(world, 2))

    assert (before, after) == ((0,), (1,))


async def test_of_many_who_ask_at_once_one_gets_it(world: World) -> None:
    found = await asyncio.gather(*(world.store.commit(hold(world, run)) for run in range(1, 9)))

    assert sorted(found) == [(0,)] * 7 + [(1,)]


async def test_a_member_is_reached_by_a_channel_from_the_first_word_there(world: World) -> None:
    community = await world.community()
    ada, ben = [await world.member(community) for _ in range(2)]
    for _ in range(2):
        await world.store.commit(AddAddress(ada.n, Address("mqtt", ada.id)))
    await world.store.commit(AddAddress(ben.n, Address("mqtt", ada.id)))
    await world.store.commit(Leave(ada.n, world.clock.now()))

    found = await world.store.reached_by("mqtt", 0, 10)

    assert [(each.n, each.id, each.community) for each in found] == [(ada.n, ada.id, community.n)]
    assert await world.store.reached_by("mqtt", found[-1].n, 10) == []
    assert await world.store.reached_by("sms", 0, 10) == []


async def test_a_member_is_known_without_a_token_where_a_broker_vouches_for_them(world: World) -> None:
    community = await world.community()
    ada = await world.member(community)

    signed = await world.store.signed_member(ada.id)

    assert signed is not None
    assert (signed.member.id, signed.community.n, signed.token) == (ada.id, community.n, "")
    assert await world.store.signed_member("nobody") is None
