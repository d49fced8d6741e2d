"""The contract on strikes and measures, on every engine: counted with all that came before, ended, taken back, erased."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from relay.core.case import CaseState
from relay.core.change import Change, Erase, Rule
from relay.core.delivery import DeliveryState
from relay.core.errors import Stale
from relay.core.ladder import MeasureKind, Strike
from relay.core.measure import AddStrike, AnswerObjection, Impose, Measure, MeasureState, MoveMeasure, ObjectTo, Past, TakeBack
from relay.core.member import Member
from relay.core.thread import Status
from relay.ports import Paging
from tests.stores.conftest import ALLOWED, HELD, World


async def person(world: World) -> Member:
    return await world.member(await world.community())


def strike(world: World, member: Member, seen: int = 0) -> AddStrike:
    return AddStrike(member.n, Strike(world.ids(), 4.0, world.clock.now()), seen)


def measure(world: World, member: Member, kind: MeasureKind = MeasureKind.MUTE, *, case: str | None = None) -> Measure:
    now = world.clock.now()
    return Measure(world.ids(), member.n, kind, now, now + timedelta(days=1), "eva", "Tone", case)


async def test_strikes_and_measures_are_read_as_they_were_written(world: World) -> None:
    member = await person(world)
    first, second = strike(world, member), strike(world, member, 1)
    imposed = measure(world, member, case=first.strike.case)

    await world.store.commit(first, Impose(imposed))
    await world.store.commit(second)

    past = await world.store.of(member.n).past()
    assert list(past.strikes) == [first.strike, second.strike]
    assert list(past.measures) == [imposed]


async def test_of_two_strikes_at_once_one_has_to_count_again(world: World) -> None:
    member = await person(world)

    ends = await asyncio.gather(*(world.store.commit(strike(world, member)) for _ in range(2)), return_exceptions=True)

    assert [type(end) for end in ends if isinstance(end, BaseException)] == [Stale]
    assert len((await world.store.of(member.n).past()).strikes) == 1


async def test_a_rejection_and_its_measure_are_written_together_or_not_at_all(world: World) -> None:
    thread = await world.replied(await person(world), HELD)
    (view,) = (await world.store.cases(thread.community, None, Paging())).items
    state, status, now = CaseState.REJECTED, Status.REJECTED, world.clock.now()
    ruling = Rule(view.case.id, 1, state, status, "eva", "No.", now, thread.ref, thread.community, None)
    imposed = Measure(world.ids(), view.member, MeasureKind.MUTE, now, now + timedelta(days=1), "eva", "No.")
    late = AddStrike(view.member, Strike(view.case.id, 4.0, now), 1)

    with pytest.raises(Stale):
        await world.store.commit(ruling, late, Impose(imposed))
    before = await world.store.case(view.case.id), await world.store.of(view.member).past()
    await world.store.commit(ruling, replace(late, seen=0), Impose(imposed))
    decided, past = await world.store.case(view.case.id), await world.store.of(view.member).past()

    assert before == (view, Past(view.member, [], []))
    assert decided is not None
    assert decided.case.state is CaseState.REJECTED
    assert (list(past.strikes), list(past.measures)) == ([late.strike], [imposed])


async def test_what_moved_on_is_not_moved_again(world: World) -> None:
    member = await person(world)
    proposed = replace(measure(world, member, MeasureKind.BAN), state=MeasureState.PROPOSED)
    await world.store.commit(Impose(proposed))
    imposed = replace(proposed, state=MeasureState.IMPOSED, by="jan", reason="Threats")

    await world.store.commit(MoveMeasure(imposed, MeasureState.PROPOSED))
    with pytest.raises(Stale):
        await world.store.commit(MoveMeasure(replace(imposed, by="mia"), MeasureState.PROPOSED))

    found = await world.store.measure(proposed.id)
    assert found is not None
    assert (found.measure, found.member, found.pseudonym) == (imposed, member.id, member.pseudonym)


async def test_proposals_are_listed_until_they_are_decided(world: World) -> None:
    community = await world.community()
    one, other = await world.members(community, 2)
    elsewhere = await world.member(await world.community("see"))
    bans = [replace(measure(world, who, MeasureKind.BAN), state=MeasureState.PROPOSED) for who in (one, other, elsewhere)]
    await world.store.commit(*map(Impose, bans))

    first = await world.store.proposals(community.n, Paging(1))
    second = await world.store.proposals(community.n, Paging(1, first.next))
    await world.store.commit(MoveMeasure(replace(bans[0], state=MeasureState.DISMISSED), MeasureState.PROPOSED))
    left = await world.store.proposals(community.n, Paging())

    assert [each.measure.id for page in (first, second) for each in page.items] == [bans[0].id, bans[1].id]
    assert [each.measure.id for each in left.items] == [bans[1].id]


async def test_a_strike_is_taken_back_with_what_came_of_it(world: World) -> None:
    member, other = await world.members(await world.community(), 2)
    counted = strike(world, member)
    mine, kept, foreign = measure(world, member), measure(world, member), measure(world, other)
    await world.store.commit(counted, *map(Impose, (mine, kept, foreign)))
    world.clock.pass_(60)
    now = world.clock.now()

    await world.store.commit(TakeBack(member.n, counted.strike.case, (mine.id, foreign.id), now, "jan"))

    past = await world.store.of(member.n).past()
    assert [each.taken_back_at for each in past.strikes] == [now]
    assert [each.state for each in past.measures] == [MeasureState.TAKEN_BACK, MeasureState.IMPOSED]
    assert [each.state for each in await world.store.of(other.n).measures()] == [MeasureState.IMPOSED]


async def test_a_measure_is_objected_to_once_and_by_its_member_alone(world: World) -> None:
    member, other = await world.members(await world.community(), 2)
    imposed = measure(world, member)
    await world.store.commit(Impose(imposed))
    now = world.clock.now()

    for change in (ObjectTo(other.n, imposed.id, now, "m"), None, ObjectTo(member.n, imposed.id, now, "m")):
        if change is None:
            await world.store.commit(ObjectTo(member.n, imposed.id, now, "m"))
        else:
            with pytest.raises(Stale):
                await world.store.commit(change)

    assert [each.objected_at for each in await world.store.of(member.n).measures()] == [now]


async def test_objections_wait_until_they_are_answered_once_or_the_measure_ends(world: World) -> None:
    community = await world.community()
    one, other, late = await world.members(community, 3)
    elsewhere = await world.member(await world.community("see"))
    thread = await world.replied(one, ALLOWED)
    (said,) = (await world.store.messages(thread.n, Paging())).items
    imposed = [measure(world, who) for who in (one, other, late, elsewhere)]
    imposed[2] = replace(imposed[2], until=world.clock.now() + timedelta(hours=1))
    now = world.clock.now()
    await world.store.commit(*map(Impose, imposed))
    await world.store.commit(*(ObjectTo(each.member, each.id, now, said.id) for each in imposed))

    listed = (await world.store.objections(community.n, now + timedelta(hours=2), Paging())).items
    upheld = replace(imposed[0], objected_at=now, answered_at=now, answered_by="jan", answer="It stays.")
    await world.store.commit(AnswerObjection(upheld))
    with pytest.raises(Stale):
        await world.store.commit(AnswerObjection(upheld))
    left = (await world.store.objections(community.n, now, Paging())).items

    assert [(each.found.measure.id, each.text, each.thread) for each in listed] == [
        (each.id, said.text, thread.id) for each in imposed[:2]
    ]
    assert [each.found.measure.id for each in left] == [imposed[1].id, imposed[2].id]
    assert list(await world.store.of(one.n).measures()) == [upheld]
    assert (await world.store.numbers(community.n, "eva", now)).objected == 2


async def test_an_export_holds_what_happened_to_the_member_and_no_proposal(world: World) -> None:
    member, other = await world.members(await world.community(), 2)
    mine, foreign = measure(world, member), replace(measure(world, other), reason="of somebody else")
    proposed = replace(measure(world, member, MeasureKind.BAN), state=MeasureState.PROPOSED, reason="")

    await world.store.commit(strike(world, member), *map(Impose, (mine, foreign, proposed)))

    export = await world.store.of(member.n).export()
    assert "Tone" in str(export["measures"])
    assert "4.0" in str(export["strikes"])
    assert proposed.id not in str(export)
    assert "somebody else" not in str(export)


async def test_an_erasure_leaves_nothing_of_it_and_nothing_comes_after(world: World) -> None:
    community = await world.community()
    member, other = await world.members(community, 2)
    proposed = replace(measure(world, member, MeasureKind.BAN), state=MeasureState.PROPOSED)
    await world.store.commit(strike(world, member), Impose(proposed), Impose(measure(world, other)))

    await world.store.commit(Erase(member.n, member.id, world.clock.now()))

    late: tuple[Change, ...] = (
        strike(world, member),
        Impose(measure(world, member)),
        MoveMeasure(replace(proposed, state=MeasureState.DISMISSED), MeasureState.PROPOSED),
        ObjectTo(member.n, proposed.id, world.clock.now(), "m"),
    )
    for change in late:
        with pytest.raises(Stale):
            await world.store.commit(change)
    past = await world.store.of(member.n).past()
    assert (list(past.strikes), list(past.measures)) == ([], [])
    assert await world.store.measure(proposed.id) is None
    assert (await world.store.proposals(community.n, Paging())).items == ()
    assert len(await world.store.of(other.n).measures()) == 1


async def test_who_is_banned_gets_no_posts_until_it_ends(world: World) -> None:
    community = await world.community()
    member, other = await world.members(community, 2)
    await world.store.commit(Impose(measure(world, member, MeasureKind.BAN)), Impose(measure(world, other, MeasureKind.MUTE)))

    during = await world.posted(community)
    world.clock.pass_(86_400)
    after = await world.posted(community)

    counts = [await world.store.post_counts(post) for post in (during, after)]
    assert [each.get(DeliveryState.SUPPRESSED, 0) for each in counts] == [1, 0]
    assert [item.id for item in await world.store.of(member.n).items(0, 10)] == [after.id]
    assert [item.id for item in await world.store.of(other.n).items(0, 10)] == [during.id, after.id]
