"""Two stores on one PostgreSQL claim at the same time: each thing goes out once, and one makes the first owner."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from typing import cast

import asyncpg
import pytest

from relay.core.attempt import Claim, ClaimAttempts, Claimed, SetPushed, SettleAttempts, Settlement
from relay.core.change import AddMember
from relay.core.delivery import DeliveryState
from relay.core.errors import Conflict
from relay.core.member import Address
from relay.core.run import RUN_FOR
from relay.stores.postgres import PostgresStore
from tests.stores.conftest import World
from tests.stores.postgres_waits import until_waiting

CHANNEL = "loopback"
MEMBERS, POSTS, AT_ONCE = 40, 3, 7


@pytest.fixture
async def worlds(url: str) -> AsyncIterator[tuple[World, World]]:
    stores = [await PostgresStore.open(url, lambda _changes, _outcomes: None) for _ in range(2)]
    first, second = World(stores[0]), World(stores[1])
    for world in (first, second):
        world.run = await world.start_run(RUN_FOR)
    yield first, second
    for store in stores:
        await store.close()


async def work(world: World, name: str) -> tuple[Claim, ...]:
    """Claims and settles once."""
    references = tuple(f"{name} {world.ids()}" for _ in range(AT_ONCE))
    (claimed,) = await world.store.commit(ClaimAttempts(CHANNEL, references, world.clock.now(), world.run))
    claims = cast("Claimed", claimed).claims
    settlements = tuple(Settlement(claim.reference, DeliveryState.SENT) for claim in claims)
    await world.store.commit(SettleAttempts(settlements, world.clock.now(), world.run))
    return claims


async def work_off(world: World, name: str) -> list[Claim]:
    """The same until nothing is due."""
    found: list[Claim] = []
    while await world.store.attempt_due(CHANNEL, world.clock.now()):
        found += await work(world, name)
    return found


async def test_two_that_claim_at_the_same_time_take_each_thing_once(worlds: tuple[World, World]) -> None:
    first, second = worlds
    await first.store.commit(SetPushed((CHANNEL,)))
    community = await first.community()
    for _ in range(MEMBERS):
        change = first.newcomer(community)
        addresses = (Address(CHANNEL, f"at {change.member.id}"),)
        await first.store.commit(AddMember(change.member, change.consent, addresses, change.token))
    posts = [await first.posted(community) for _ in range(POSTS)]

    begun = await asyncio.gather(work(first, "first"), work(second, "second"))
    claims = await asyncio.gather(work_off(first, "first"), work_off(second, "second"))
    rest = await work_off(first, "rest")

    times = Counter((claim.address, claim.seq) for each in (*begun, *claims, rest) for claim in each)
    assert set(times.values()) == {1}
    assert len(times) == MEMBERS * POSTS
    assert all(begun)
    assert [await first.counts(post) for post in posts] == [{"sent": MEMBERS}] * POSTS


async def test_of_relays_that_start_at_once_one_makes_the_owner(worlds: tuple[World, World], url: str) -> None:
    holding = await asyncpg.connect(url)
    await holding.execute("BEGIN; LOCK TABLE staff IN SHARE MODE")  # whoever has looked for staff waits with adding any
    firsts = [asyncio.create_task(world.store.commit(world.first_owner())) for world in worlds]
    await until_waiting(url, count=2)
    await holding.execute("COMMIT")

    ends = await asyncio.gather(*firsts, return_exceptions=True)

    assert len(await worlds[0].store.staff()) == 1
    assert {type(end) for end in ends} == {Conflict, tuple}
    await holding.close()
