"""Messages that are held for slow plugins: who finds them, and what a second decision does."""

from dataclasses import replace
from datetime import timedelta
from typing import cast

import pytest

from relay.core.case import CaseKind, CaseState, CaseView
from relay.core.change import Erase, FileReply, Rule
from relay.core.checking import DecideAgain, ended
from relay.core.errors import Stale
from relay.core.member import Member
from relay.core.run import StartRun
from relay.core.thread import Message, Role, Status, ThreadRef, ThreadState
from relay.core.verdict import Action, Decision, Seen, Signal
from relay.ports import Paging
from tests.stores.conftest import World

LOOKING = Decision(Action.HOLD, 3.0, (Seen(Signal("offence.rude", reason="rude"), "offence", "1", 3.0),), checking=True)
ME, GONE = 7, 6


async def checked(world: World, member: Member, run: int = ME) -> CaseView:
    change = world.reply(member, decision=LOOKING, text="You again, of all people")
    filing = change.filing
    message = replace(filing.message, checking=run, channel="web")
    await world.store.commit(FileReply(replace(filing, message=message), member.community))
    assert filing.case is not None
    found = await world.store.case(filing.case.id)
    assert found is not None
    return found


def second(world: World, view: CaseView, action: Action, *, notice: bool = False) -> DecideAgain:
    kind, state = ended(Decision(action, 1.0))
    said = Message(world.ids(), view.member, Role.RELAY, "Not accepted.", world.clock.now(), case=view.case.id)
    thread = ThreadRef(view.thread_n, view.thread, view.member, None, ThreadState(view.thread_state), view.thread_version)
    return DecideAgain(
        view.case.id, view.case.version, kind, state, Decision(action, 1.0, rule_set="r2"), world.clock.now(), view.message,
        view.text, thread, view.community, said if notice else None,
    )  # fmt: skip


async def test_a_message_is_found_with_all_that_judging_needs(world: World) -> None:
    member = await world.member(await world.community())
    view = await checked(world, member)

    (found,) = await world.store.unchecked(ME, world.clock.now(), 10)

    assert view.is_checking
    assert found.view == view
    assert (found.submission.text, found.submission.channel, found.submission.community) == (
        "You again, of all people",
        "web",
        "bad",
    )
    assert (found.submission.id, found.submission.member.id) == (view.message, member.id)
    assert found.first.checking
    assert [seen.signal.name for seen in found.first.signals] == ["offence.rude"]


async def test_what_another_run_looks_at_is_left_to_it_until_it_ends(world: World) -> None:
    member = await world.member(await world.community())
    now = world.clock.now()
    run = cast("int", (await world.store.commit(StartRun(now, now + timedelta(seconds=15))))[0])
    await checked(world, member, run)

    meanwhile = await world.store.unchecked(run + 1, now, 10)
    afterwards = await world.store.unchecked(run + 1, now + timedelta(seconds=16), 10)

    assert meanwhile == []
    assert len(afterwards) == 1


@pytest.mark.parametrize(
    ("action", "status", "state", "kind"),
    [
        (Action.ALLOW, Status.FILED, CaseState.DELIVERED, CaseKind.HELD),
        (Action.FLAG, Status.FILED, CaseState.OPEN, CaseKind.FLAGGED),
        (Action.HOLD, Status.HELD, CaseState.OPEN, CaseKind.HELD),
        (Action.REJECT, Status.REJECTED, CaseState.REJECTED, CaseKind.REJECTED),
        (Action.DISCARD, Status.DISCARDED, CaseState.REJECTED, CaseKind.REJECTED),
    ],
)
async def test_the_second_decision_counts(
    world: World, action: Action, status: Status, state: CaseState, kind: CaseKind
) -> None:
    member = await world.member(await world.community())
    view = await checked(world, member)

    await world.store.commit(second(world, view, action))

    after = await world.store.case(view.case.id)
    (message, *_) = (await world.store.messages(view.thread_n, Paging())).items
    assert after is not None
    assert (message.status, after.case.state, after.case.kind, after.decision) == (status, state, kind, action.value)
    assert not after.is_checking
    assert await world.store.unchecked(ME, world.clock.now(), 10) == []


async def test_a_message_counts_as_approved_once_it_was_let_through(world: World) -> None:
    member = await world.member(await world.community())
    view = await checked(world, member)
    before = await world.store.member(member.id)

    await world.store.commit(second(world, view, Action.ALLOW))

    after = await world.store.member(member.id)
    assert before is not None
    assert after is not None
    assert (before.approved, after.approved) == (0, 1)


async def test_a_rejection_tells_the_member_in_their_stream(world: World) -> None:
    member = await world.member(await world.community())
    view = await checked(world, member)

    (filed,) = await world.store.commit(second(world, view, Action.REJECT, notice=True))

    items = await world.store.of(member.n).items(0, 10)
    assert [item.text for item in items] == ["You again, of all people", "Not accepted."]
    assert filed is not None


async def test_what_a_person_decided_meanwhile_stays(world: World) -> None:
    member = await world.member(await world.community())
    view = await checked(world, member)
    late = second(world, view, Action.ALLOW)
    await world.store.commit(
        Rule(
            view.case.id,
            view.case.version,
            CaseState.REJECTED,
            Status.REJECTED,
            "eva",
            "No.",
            world.clock.now(),
            late.thread,
            view.community,
            None,
        )
    )

    with pytest.raises(Stale):
        await world.store.commit(late)

    after = await world.store.case(view.case.id)
    assert after is not None
    assert after.case.state is CaseState.REJECTED
    assert await world.store.unchecked(ME, world.clock.now(), 10) == []


async def test_a_message_of_somebody_erased_is_found_no_more(world: World) -> None:
    somebody = await world.member(await world.community())
    await checked(world, somebody, GONE)
    await world.store.commit(Erase(somebody.n, somebody.id, world.clock.now()))

    found = await world.store.unchecked(ME, world.clock.now(), 10)

    assert found == []
