"""Rejecting a message and imposing a measure in one act: one notice of both, one appeal against both."""

from dataclasses import replace
from datetime import timedelta

import pytest

from relay.core.case import Finding, Ruling
from relay.core.errors import Invalid
from relay.core.ladder import MeasureKind
from relay.core.measure import Term
from relay.ports import Paging
from tests.flows.conftest import EVA, JAN, PERSON, House
from tests.flows.life import HOLD, Life


@pytest.fixture
async def life(house: House) -> Life:
    return Life(house, await house.member(await house.community(), replace(PERSON, language="de", time_zone="Europe/Berlin")))


async def test_a_rejection_with_a_measure_is_one_notice_of_both_and_two_rows_in_the_log(life: Life) -> None:
    view = await life.is_rejected_with(MeasureKind.MUTE)

    assert (await life.meets(), await life.points()) == ([MeasureKind.MUTE], 4)
    (measure,) = await life.house.store.of(life.n).measures()
    assert (measure.by, measure.case, measure.reason) == (EVA.id, view.case.id, "Insults are not read here.")
    (told,) = await life.notices()
    for part in ("Insults are not read here", "kannst du dem Team nicht schreiben", "ein anderer Mensch"):
        assert part in told
    assert "Verwarnung" not in told
    rows = (await life.house.store.audit(Paging())).items
    assert {("case.reject", view.case.id), ("measure.impose", measure.id)} <= {(row.action, row.subject) for row in rows}


async def test_a_measure_by_hand_leaves_what_the_ladder_has_beyond_it(life: Life) -> None:
    for _ in range(3):
        await life.is_rejected()
    life.house.clock.pass_(60)

    await life.is_rejected_with(MeasureKind.WARN)

    assert (await life.meets())[0] is MeasureKind.MUTE
    assert "automatische Regel" in (await life.notices())[-1]


async def test_a_measure_that_came_with_a_rejection_ends_with_it(life: Life) -> None:
    view = await life.is_rejected_with(MeasureKind.MUTE)

    await life.appeals(view)

    assert (await life.meets(), await life.is_heard()) == ([], True)
    assert "Nicht mehr in Kraft für dich: die Stummschaltung." in (await life.notices())[-1]


async def test_shadow_mode_of_which_nothing_is_told_does_not_come_with_a_rejection_that_is(life: Life) -> None:
    with pytest.raises(Invalid):
        await life.is_rejected_with(MeasureKind.SHADOW)

    assert (await life.meets(), await life.notices()) == ([], [])


@pytest.mark.parametrize(("ruling", "has_appeal"), [(Ruling.DELIVER, False), (Ruling.REJECT, True)])
async def test_a_measure_comes_with_a_first_rejection_alone(life: Life, ruling: Ruling, *, has_appeal: bool) -> None:
    await life.says("You fool", HOLD)
    (view,) = await life.cases()
    if has_appeal:
        await life.house.review.decide(EVA, view, Finding(Ruling.REJECT, "No."))
        await life.house.review.appeal(life.signed, view.case.id, "It was a joke")
        (view,) = await life.cases()
    told = await life.notices()
    term = Term(MeasureKind.BAN, life.house.clock.now() + timedelta(days=1))

    with pytest.raises(Invalid):
        await life.house.review.decide(JAN, view, Finding(ruling, "No.", term))

    assert ((await life.cases())[0].case, await life.notices()) == (view.case, told)
