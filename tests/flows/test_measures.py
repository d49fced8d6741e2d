"""Strikes and measures on their way: what follows from decisions, what the gate does, what ends them, what members are told."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from relay.core.case import CaseState, Finding, Ruling
from relay.core.change import Change, FileReply
from relay.core.errors import Conflict, Invalid, Muted, TooMany, Unknown
from relay.core.ladder import MeasureKind
from relay.core.measure import AddStrike, MeasureState
from relay.core.member import Standing
from relay.core.post import Draft
from relay.core.stream import ItemKind
from relay.core.thread import Status
from relay.core.verdict import Signal
from relay.flows.receive import Reply
from relay.ports import Paging
from tests.flows.conftest import EVA, JAN, PERSON, House
from tests.flows.life import DAY, HOLD, REJECT, THREAT, Life


@pytest.fixture
async def life(house: House) -> Life:
    return Life(house, await house.member(await house.community(), replace(PERSON, language="de", time_zone="Europe/Berlin")))


async def test_a_rejection_by_a_person_is_a_strike_and_the_notice_says_what_follows(life: Life) -> None:
    await life.is_rejected()

    assert await life.meets() == [MeasureKind.WARN]
    (told,) = await life.notices()
    for part in ("Insults are not read here", "ein Mensch entschieden", "Verwarnung", "Uhr", "automatische Regel"):
        assert part in told


async def test_a_rejection_by_rule_is_a_strike_only_where_the_rule_is_certain(house: House) -> None:
    community = await house.community()
    one, other = Life(house, await house.member(community)), Life(house, await house.member(community))

    await one.says("I will get you", REJECT)
    await other.says("You fool", replace(REJECT, signals=(replace(THREAT, signal=Signal("words.insult")),)))

    assert (await one.meets(), await other.meets()) == ([MeasureKind.WARN], [])
    assert "warning" in (await one.notices())[0]


async def test_the_strike_is_written_in_the_commit_of_its_decision(life: Life) -> None:
    await life.says("I will get you", REJECT)

    changes: list[Change] = [change for change, _ in life.house.announced]
    filed = next(place for place, change in enumerate(changes) if isinstance(change, FileReply))
    assert isinstance(changes[filed + 1], AddStrike)


async def test_rejections_climb_until_the_member_is_refused_by_name_with_the_end(life: Life) -> None:
    for _ in range(4):
        await life.is_rejected()

    with pytest.raises(Muted) as refused:
        await life.says("Hello?")

    assert (await life.meets())[0] is MeasureKind.MUTE
    assert refused.value.until == life.house.clock.now() + timedelta(days=1)


async def test_a_mute_ends_by_itself(life: Life) -> None:
    await life.is_met_with(MeasureKind.MUTE)
    during = await life.is_heard()

    life.house.clock.pass_(DAY)

    assert (during, await life.is_heard()) == (False, True)
    assert await life.statuses() == [Status.FILED]


async def test_what_is_obeyed_passes_a_mute(life: Life) -> None:
    await life.is_met_with(MeasureKind.BAN)

    heard = [await life.is_heard(word) for word in ("STOP", "Hilfe", "DATEN")]

    assert heard == [True] * 3
    member = await life.house.store.member(life.signed.member.id)
    assert member is not None
    assert member.standing is Standing.LEFT


async def test_what_was_stored_before_the_mute_is_answered_as_before(life: Life) -> None:
    reply = Reply("Hello", "web", "same")
    first = await life.house.receive.reply(life.signed, reply)
    await life.is_met_with(MeasureKind.MUTE)

    again = await life.house.receive.reply(life.signed, reply)

    assert again.id == first.id


async def test_slow_mode_takes_one_message_in_a_while(life: Life) -> None:
    await life.is_met_with(MeasureKind.SLOW)
    await life.says()

    with pytest.raises(TooMany) as refused:
        await life.says()
    life.house.clock.pass_(60)
    await life.says()

    assert 0 < refused.value.retry_after <= 60
    assert await life.statuses() == [Status.FILED] * 2


async def test_slow_mode_of_one_is_nobody_elses(life: Life) -> None:
    other = Life(life.house, await life.house.member(life.signed.community))
    await life.is_met_with(MeasureKind.SLOW)
    await other.is_met_with(MeasureKind.SLOW)
    await life.says()

    assert await other.is_heard()


async def test_pre_moderation_holds_each_message_in_silence(life: Life) -> None:
    await life.is_met_with(MeasureKind.PRE_MODERATION)
    told = await life.notices()

    await life.says()

    assert await life.statuses() == [Status.HELD]
    assert await life.notices() == told
    (view,) = await life.cases()
    assert "looks at each message" in view.reason


async def test_a_warning_changes_nothing_but_what_is_told(life: Life) -> None:
    await life.is_met_with(MeasureKind.WARN)

    await life.says()

    assert await life.statuses() == [Status.FILED]


async def test_an_appeal_that_succeeds_takes_strike_and_measure_back_and_says_so(life: Life) -> None:
    view = await life.is_rejected()

    await life.appeals(view)

    assert (await life.points(), await life.meets()) == (0, [])
    assert "Nicht mehr in Kraft für dich: die Verwarnung." in (await life.notices())[-1]


async def test_an_appeal_takes_back_what_needed_its_strike_and_leaves_the_rest(life: Life) -> None:
    first = await life.is_rejected()
    await life.is_rejected()
    assert await life.meets() == [MeasureKind.SLOW, MeasureKind.WARN]

    await life.appeals(first)

    assert await life.points() == 4
    assert await life.meets() == []


async def test_an_appeal_that_fails_is_no_second_strike(life: Life) -> None:
    view = await life.is_rejected()

    await life.appeals(view, Ruling.REJECT)

    assert (await life.points(), await life.meets()) == (4, [MeasureKind.WARN])


async def test_a_rejection_by_rule_that_a_person_confirms_is_a_strike_then(life: Life) -> None:
    await life.says("You fool", replace(REJECT, signals=(replace(THREAT, signal=Signal("words.insult")),)))
    (view,) = await life.cases()
    assert await life.points() == 0

    await life.appeals(view, Ruling.REJECT)

    assert (await life.points(), await life.meets()) == (4, [MeasureKind.WARN])


async def test_two_decisions_at_once_count_both_strikes(life: Life) -> None:
    await life.says("You fool", HOLD)
    await life.says("You idiot", HOLD)

    await asyncio.gather(
        *(life.house.review.decide(EVA, view, Finding(Ruling.REJECT, "No.")) for view in await life.cases(CaseState.OPEN))
    )

    assert (await life.points(), await life.meets()) == (8, [MeasureKind.SLOW, MeasureKind.WARN])


async def test_a_ban_is_proposed_to_staff_who_alone_impose_it(life: Life) -> None:
    for number in range(7):
        if number > 3:
            life.house.clock.pass_(DAY)  # the mute
        await life.is_rejected()
    before = await life.notices()
    (proposed,) = (await life.house.store.proposals(life.signed.community.n, Paging())).items
    assert MeasureKind.BAN not in await life.meets()

    measure = await life.house.restrain.confirm(EVA, proposed, "Again and again.", None)

    assert (await life.meets())[0] is MeasureKind.BAN
    assert measure.until == life.house.clock.now() + timedelta(days=30)
    assert len(await life.notices()) == len(before) + 1
    assert "Again and again" in (await life.notices())[-1]
    with pytest.raises(Conflict):
        await life.house.restrain.dismiss(EVA, replace(proposed, measure=measure))


async def test_a_proposal_that_is_dismissed_tells_the_member_nothing(life: Life) -> None:
    for number in range(7):
        if number > 3:
            life.house.clock.pass_(DAY)
        await life.is_rejected()
    before = await life.notices()
    (proposed,) = (await life.house.store.proposals(life.signed.community.n, Paging())).items

    await life.house.restrain.dismiss(EVA, proposed)

    assert await life.notices() == before
    assert (await life.house.store.proposals(life.signed.community.n, Paging())).items == ()


async def test_staff_end_a_measure_and_the_member_hears_of_it(life: Life) -> None:
    measure = await life.is_met_with(MeasureKind.MUTE)
    found = await life.house.store.measure(measure.id)
    assert found is not None

    await life.house.restrain.lift(JAN, found)

    await life.says()
    assert (await life.notices())[-1] == "Nicht mehr in Kraft für dich: die Stummschaltung."
    assert [(each.state, each.ended_by) for each in await life.house.store.of(life.n).measures()] == [
        (MeasureState.LIFTED, JAN.id)
    ]


async def test_what_is_imposed_by_hand_says_why_until_when_and_how_to_object(life: Life) -> None:
    await life.is_met_with(MeasureKind.MUTE, "Zu laut.")

    (told,) = await life.notices()
    for part in ("kannst du dem Team nicht schreiben", "„Zu laut“", "Mensch im Team von Bad am See", "widersprechen"):
        assert part in told


async def test_a_muted_member_can_object_once_and_staff_find_it_in_the_thread(life: Life) -> None:
    measure = await life.is_met_with(MeasureKind.MUTE)

    await life.house.review.appeal(life.signed, measure.id, "That was not me")
    with pytest.raises(Conflict):
        await life.house.review.appeal(life.signed, measure.id, "Really not")

    assert await life.statuses() == [Status.FILED]
    assert [each.objected_at for each in await life.house.store.of(life.n).measures()] == [life.house.clock.now()]


async def test_nobody_objects_to_the_measure_of_another(life: Life) -> None:
    other = await life.house.member(life.signed.community)
    measure = await life.is_met_with(MeasureKind.MUTE)

    with pytest.raises(Unknown):
        await life.house.review.appeal(other, measure.id, "Let them")


@pytest.mark.parametrize(("reason", "seconds"), [(" ", DAY), ("Tone", -1), ("Tone", 400 * DAY)])
async def test_a_measure_needs_a_reason_and_an_end_that_comes(life: Life, reason: str, seconds: float) -> None:
    with pytest.raises(Invalid):
        await life.is_met_with(MeasureKind.MUTE, reason, seconds)

    assert await life.notices() == []


async def test_who_is_muted_gets_posts_and_who_is_banned_does_not(life: Life) -> None:
    other = Life(life.house, await life.house.member(life.signed.community))
    await life.is_met_with(MeasureKind.MUTE)
    await other.is_met_with(MeasureKind.BAN)

    await life.house.publish.post(life.signed.community, Draft("Closed tomorrow"), EVA)
    await life.house.release()

    kinds = [[item.kind for item in await life.house.store.of(each.n).items(0, 10)] for each in (life, other)]
    assert kinds == [[ItemKind.NOTICE, ItemKind.POST], [ItemKind.NOTICE]]
