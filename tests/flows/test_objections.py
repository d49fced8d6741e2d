"""Objections to measures of staff's own: decided by another person, told to the member, once."""

from dataclasses import replace

import pytest

from relay.core.errors import Conflict, Denied, Invalid
from relay.core.ladder import MeasureKind
from relay.core.measure import Measure
from relay.core.staff import Actor
from relay.core.thread import Status
from relay.ports import OfMember
from tests.flows.conftest import EVA, JAN, PERSON, House
from tests.flows.life import DAY, Life


@pytest.fixture
async def life(house: House) -> Life:
    return Life(house, await house.member(await house.community(), replace(PERSON, language="de", time_zone="Europe/Berlin")))


async def objected(life: Life) -> OfMember:
    """Eva muted them, and they ask for another look."""
    measure = await life.is_met_with(MeasureKind.MUTE)
    await life.house.review.appeal(life.signed, measure.id, "That was not me")
    return await now_(life, measure.id)


async def now_(life: Life, measure: str) -> OfMember:
    found = await life.house.store.measure(measure)
    assert found is not None
    return found


async def answers(life: Life, actor: Actor, found: OfMember, reason: str = "", *, upholds: bool) -> Measure:
    return await life.house.restrain.answer(actor, found, reason, upholds=upholds)


async def test_what_is_overturned_is_over_and_the_member_hears_that_somebody_looked(life: Life) -> None:
    found = await objected(life)

    measure = await answers(life, JAN, found, upholds=False)

    assert (await life.meets(), await life.is_heard()) == ([], True)
    assert (await now_(life, measure.id)).measure == measure
    assert "noch einmal darauf gesehen. Nicht mehr in Kraft für dich: die Stummschaltung." in (await life.notices())[-1]


async def test_what_is_upheld_goes_on_and_the_member_reads_why(life: Life) -> None:
    found = await objected(life)

    await answers(life, JAN, found, "Drei Beleidigungen.", upholds=True)

    assert await life.meets() == [MeasureKind.MUTE]
    for part in ("Es bleibt dabei", "„Drei Beleidigungen“", "kannst du dem Team nicht schreiben"):
        assert part in (await life.notices())[-1]


@pytest.mark.parametrize("upholds", [True, False])
async def test_nobody_decides_about_their_own_measure(life: Life, *, upholds: bool) -> None:
    found = await objected(life)
    key = Actor("key", "shop", None, ("cases:write",), EVA.id)

    for actor in (EVA, key):
        with pytest.raises(Denied):
            await answers(life, actor, found, "No.", upholds=upholds)

    assert (await now_(life, found.measure.id)).measure == found.measure


async def test_an_objection_is_answered_once_with_a_reason_and_while_the_measure_holds(life: Life) -> None:
    found = await objected(life)
    with pytest.raises(Invalid):
        await answers(life, JAN, found, " ", upholds=True)
    await answers(life, JAN, found, "No.", upholds=True)
    with pytest.raises(Conflict):
        await answers(life, JAN, await now_(life, found.measure.id), upholds=False)
    life.house.clock.pass_(DAY)
    with pytest.raises(Conflict):
        await answers(life, JAN, found, upholds=False)

    assert len(await life.notices()) == 2


async def test_who_objects_to_shadow_mode_is_answered_and_what_it_kept_comes_back(life: Life) -> None:
    life.house.restrain = replace(life.house.restrain, allows_shadow=True)
    life.house.receive = replace(life.house.receive, allows_shadow=True)
    measure = await life.is_met_with(MeasureKind.SHADOW)
    await life.says("Hello?")
    await life.house.review.appeal(life.signed, measure.id, "I read of it in my export")

    await answers(life, JAN, await now_(life, measure.id), upholds=False)

    assert (await life.meets(), await life.statuses()) == ([], [Status.FILED] * 2)
    assert "der Schattenmodus" in (await life.notices())[-1]
    assert await life.house.store.kept_counts(life.n) == {}
