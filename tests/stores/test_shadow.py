"""The contract on what shadow mode keeps, on every engine: out of lists, counted, brought back once, gone with its member."""

from dataclasses import replace
from datetime import timedelta

import pytest

from relay.core.change import Erase, FileReply
from relay.core.errors import Stale
from relay.core.ladder import MeasureKind
from relay.core.measure import BringBack, Brought, Impose, Measure, MeasureState, MoveMeasure
from relay.core.member import Member
from relay.core.shadow import apart
from relay.core.thread import ThreadRef
from relay.ports import Paging, ThreadFilter
from tests.stores.conftest import ALLOWED, World


async def begun(world: World, member: Member) -> Measure:
    now = world.clock.now()
    measure = Measure(world.ids(), member.n, MeasureKind.SHADOW, now, now + timedelta(days=1), "eva", "Tone")
    await world.store.commit(Impose(measure))
    return measure


def reply(world: World, member: Member, measure: Measure, thread: ThreadRef | None = None) -> FileReply:
    change = world.reply(member, thread, apart(ALLOWED), "Kept")
    message = replace(change.filing.message, measure=measure.id)
    return replace(change, filing=replace(change.filing, message=message))


async def listed(world: World, community: int) -> list[str]:
    return [thread.id for thread in (await world.store.threads(community, ThreadFilter(), Paging())).items]


async def counted(world: World, community: int) -> int:
    return sum((await world.store.numbers(community, "eva", world.clock.now())).threads.values())


async def test_a_thread_in_which_nothing_else_is_stays_out_of_lists_and_sums(world: World) -> None:
    member, other = [await world.member(await world.community(slug)) for slug in ("bad", "hall")]
    measure = await begun(world, member)
    await world.store.commit(change := reply(world, member, measure))
    await world.replied(other)

    kept = (await world.store.kept(member.n, Paging())).items

    assert [(one.id, one.thread, one.measure, one.text) for one in kept] == [
        (change.filing.message.id, change.filing.thread.id, measure.id, "Kept")
    ]
    assert await world.store.kept_counts(member.n) == {measure.id: 1}
    assert (await listed(world, member.community), await counted(world, member.community)) == ([], 0)
    assert await counted(world, other.community) == 1


async def test_what_is_brought_back_is_there_once_and_its_thread_on_top(world: World) -> None:
    member = await world.member(await world.community())
    measure = await begun(world, member)
    await world.store.commit(change := reply(world, member, measure))
    world.clock.pass_(60)
    back = BringBack(member.n, measure.id, world.clock.now())

    (first,), (second,) = await world.store.commit(back), await world.store.commit(back)

    thread = await world.store.thread(change.filing.thread.id)
    assert thread is not None
    assert (first, second) == (Brought((thread.id,), 1), Brought((), 0))
    assert (await listed(world, member.community), await counted(world, member.community)) == ([thread.id], 1)
    assert thread.active_at == world.clock.now()
    assert await world.store.kept_counts(member.n) == {}


async def test_nothing_is_kept_by_what_was_ended_meanwhile(world: World) -> None:
    member = await world.member(await world.community())
    measure = await begun(world, member)
    await world.store.commit(MoveMeasure(replace(measure, state=MeasureState.LIFTED), MeasureState.IMPOSED))

    with pytest.raises(Stale):
        await world.store.commit(reply(world, member, measure))

    assert await world.store.kept_counts(member.n) == {}


async def test_it_goes_with_its_member(world: World) -> None:
    member = await world.member(await world.community())
    await world.store.commit(reply(world, member, await begun(world, member)))

    await world.store.commit(Erase(member.n, member.id, world.clock.now()))

    assert (await world.store.kept(member.n, Paging())).items == ()
    assert await world.store.kept_counts(member.n) == {}
    assert await world.store.of(member.n).export() == {}
