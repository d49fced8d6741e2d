"""Shadow mode: allowed by name, begun by a person, for a time; what it keeps is read, told in the export, and brought back."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from relay.core.change import FileReply, Record
from relay.core.errors import Conflict, Invalid
from relay.core.ladder import RUNGS, MeasureKind
from relay.core.measure import Measure, MeasureState, told
from relay.core.thread import Status
from relay.core.verdict import Action, Decision, Submission
from relay.flows.judge import Judging
from relay.flows.receive import Reply
from relay.ports import Paging, ThreadFilter
from tests.flows.conftest import EVA, House
from tests.flows.life import DAY, HOLD, REJECT, Life


@pytest.fixture
async def life(house: House) -> Life:
    """Somebody of a community whose operator allows it."""
    house.receive = replace(house.receive, allows_shadow=True)
    house.restrain = replace(house.restrain, allows_shadow=True)
    return Life(house, await house.member(await house.community()))


async def kept(life: Life) -> list[str]:
    return [one.text for one in (await life.house.store.kept(life.n, Paging())).items]


async def inbox(life: Life) -> list[str]:
    """The texts that staff find in the threads that are listed."""
    store = life.house.store
    threads = (await store.threads(life.signed.community.n, ThreadFilter(), Paging())).items
    messages = [one for thread in threads for one in (await store.messages(thread.n, Paging())).items]
    return [one.text for one in messages if one.status is not Status.DISCARDED]


async def open_threads(life: Life) -> int:
    numbers = await life.house.store.numbers(life.signed.community.n, "eva", life.house.clock.now())
    return sum(numbers.threads.values())


async def lifted(life: Life, measure: Measure) -> Measure:
    found = await life.house.store.measure(measure.id)
    assert found is not None
    return await life.house.restrain.lift(EVA, found)


async def export(life: Life) -> Mapping[str, Any]:
    return await life.house.store.of(life.n).export()


async def test_what_is_written_is_taken_as_usual_and_stays_out_of_the_inbox(life: Life) -> None:
    await life.says("Before")
    await life.is_met_with(MeasureKind.SHADOW)

    await life.says("During")
    await life.says("Held anyway", HOLD)

    items = [item.text for item in await life.house.store.of(life.n).items(0, 100)]
    assert items == ["Before", "During", "Held anyway"]
    assert (await inbox(life), await kept(life)) == (["Before"], ["During", "Held anyway"])
    assert await life.cases() == []
    assert await life.notices() == []
    assert told(await life.house.store.of(life.n).measures(), life.house.clock.now()) == ()


async def test_who_writes_for_the_first_time_makes_no_thread_that_is_seen(life: Life) -> None:
    await life.is_met_with(MeasureKind.SHADOW)

    await life.says("First")
    await life.says("Second")

    assert (await inbox(life), await open_threads(life), await kept(life)) == ([], 0, ["First", "Second"])


async def test_what_was_kept_comes_into_the_inbox_when_it_is_taken_back(life: Life) -> None:
    measure = await life.is_met_with(MeasureKind.SHADOW)
    await life.says("First")
    await life.says("Second")

    ended = await lifted(life, measure)
    await life.says("Third")

    assert ended.state is MeasureState.LIFTED
    assert (await inbox(life), await open_threads(life)) == (["First", "Second", "Third"], 1)
    assert await kept(life) == []
    assert await life.notices() == []


async def test_it_ends_by_itself_and_what_was_kept_can_be_brought_back_later(life: Life) -> None:
    measure = await life.is_met_with(MeasureKind.SHADOW)
    await life.says("During")
    life.house.clock.pass_(DAY)
    await life.says("After")
    before = await inbox(life), await kept(life)

    await lifted(life, measure)

    assert before == (["After"], ["During"])
    assert (await inbox(life), await kept(life)) == (["During", "After"], [])


async def test_without_the_operators_word_nobody_begins_it_and_nothing_is_kept(life: Life) -> None:
    await life.is_met_with(MeasureKind.SHADOW)
    life.house.receive = replace(life.house.receive, allows_shadow=False)
    life.house.restrain = replace(life.house.restrain, allows_shadow=False)
    other = Life(life.house, await life.house.member(life.signed.community))

    await life.says("Heard all the same")

    assert (await inbox(life), await kept(life)) == (["Heard all the same"], [])
    with pytest.raises(Conflict, match="an operator has to allow it"):
        await other.is_met_with(MeasureKind.SHADOW)


async def test_it_has_a_reason_and_an_end_that_is_near_and_never_comes_of_strikes(life: Life) -> None:
    for reason, seconds in (("", DAY), ("Tone", 32 * DAY)):
        with pytest.raises(Invalid):
            await life.is_met_with(MeasureKind.SHADOW, reason, seconds)
    await life.is_met_with(MeasureKind.SHADOW)
    with pytest.raises(Conflict, match="already"):
        await life.is_met_with(MeasureKind.SHADOW)

    assert MeasureKind.SHADOW not in {rung.kind for rung in RUNGS}


async def test_what_the_member_is_told_of_is_told_as_always(life: Life) -> None:
    await life.is_met_with(MeasureKind.SHADOW)

    await life.says("HILFE")
    await life.says("I will get you", REJECT)

    assert len(await life.notices()) == 2
    assert await kept(life) == []


async def test_a_message_that_is_judged_while_it_is_ended_comes_into_the_inbox(life: Life) -> None:
    measure = await life.is_met_with(MeasureKind.SHADOW)

    async def meanwhile(_: Submission) -> Decision:
        await lifted(life, measure)
        return Decision(Action.ALLOW, 0.0)

    receive = replace(life.house.receive, judge=Judging(meanwhile))
    await receive.reply(life.signed, Reply("Just in time", "web", "c1"))

    assert (await inbox(life), await kept(life)) == (["Just in time"], [])


async def test_the_members_export_says_from_when_until_when_why_and_which(life: Life) -> None:
    await life.says("Before")
    measure = await life.is_met_with(MeasureKind.SHADOW, "Provokes others")
    await life.says("During")

    times = (await export(life))["kept_from_the_team"]
    await lifted(life, measure)
    afterwards = (await export(life))["kept_from_the_team"]

    assert (len(times), len(afterwards)) == (1, 1)
    time, after = times[0], afterwards[0]
    assert (time["from_at"], time["until_at"], time["ended_at"]) == (measure.at, measure.until, None)
    assert (time["reason"], [one["text"] for one in time["messages"]]) == ("Provokes others", ["During"])
    assert (time["messages"][0]["was_shown_later"], after["messages"][0]["was_shown_later"]) == (False, True)
    assert after["ended_at"] == life.house.clock.now()


async def test_who_began_and_ended_it_stands_in_the_audit_log(life: Life) -> None:
    measure = await life.is_met_with(MeasureKind.SHADOW)
    await lifted(life, measure)

    rows = [change for change, _ in life.house.announced if isinstance(change, Record) and change.subject == measure.id]
    assert [(row.action, row.actor, row.detail["kind"]) for row in rows] == [
        ("measure.impose", "eva", "shadow"),
        ("measure.lift", "eva", "shadow"),
    ]


async def test_it_earns_no_trust(life: Life) -> None:
    await life.is_met_with(MeasureKind.SHADOW, seconds=timedelta(days=3).total_seconds())

    await life.says("A text that is long enough")

    member = await life.house.store.member(life.signed.member.id)
    assert member is not None
    assert member.approved == 0
    (filed,) = [change for change, _ in life.house.announced if isinstance(change, FileReply)]
    assert filed.filing.decision.signals[-1].signal.name == "core.shadow"
