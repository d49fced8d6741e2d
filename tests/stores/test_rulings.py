"""The contract on rulings, on every engine: what a person decides changes what it says and nothing twice."""

from dataclasses import replace

import pytest

from relay.core.case import CaseState
from relay.core.change import EditThread, Rule
from relay.core.thread import Status, Thread, ThreadEdit, ThreadState
from relay.core.verdict import Action, Decision
from relay.ports import Paging
from tests.stores.conftest import ALLOWED, HELD, REJECTED, World

FLAGGED = Decision(Action.FLAG, 3.0)
HELD_BY_OTHERS = replace(HELD, own=Action.ALLOW)


@pytest.mark.parametrize(
    ("decision", "approved"),
    [(ALLOWED, 1), (FLAGGED, 0), (HELD, 0), (REJECTED, 0), (HELD_BY_OTHERS, 1), (replace(FLAGGED, own=Action.ALLOW), 1)],
)
async def test_a_message_counts_as_approved_by_what_it_says_alone(world: World, decision: Decision, approved: int) -> None:
    thread = await world.replied(await world.member(await world.community()), decision)

    assert await approvals(world, thread) == approved


@pytest.mark.parametrize(
    ("decision", "rulings", "approved"),
    [
        (HELD, [CaseState.DELIVERED], 1),
        (HELD, [CaseState.REJECTED], 0),
        (HELD, [CaseState.REJECTED, CaseState.DELIVERED], 1),
        (HELD_BY_OTHERS, [CaseState.DELIVERED], 1),
        (HELD_BY_OTHERS, [CaseState.REJECTED], 0),
        (HELD_BY_OTHERS, [CaseState.REJECTED, CaseState.DELIVERED], 1),
        (FLAGGED, [CaseState.DELIVERED], 0),
        (FLAGGED, [CaseState.REJECTED], 0),
        (REJECTED, [CaseState.DELIVERED], 1),
    ],
)
async def test_a_message_is_approved_once_and_not_after_a_rejection(
    world: World, decision: Decision, rulings: list[CaseState], approved: int
) -> None:
    thread = await world.replied(await world.member(await world.community()), decision)

    for state in rulings:
        await rule(world, thread, state)

    assert await approvals(world, thread) == approved


@pytest.mark.parametrize(("decision", "rulings"), [(ALLOWED, []), (HELD, [CaseState.DELIVERED])])
async def test_a_very_short_message_counts_nothing(world: World, decision: Decision, rulings: list[CaseState]) -> None:
    thread = await world.replied(await world.member(await world.community()), decision, text="ok")

    for state in rulings:
        await rule(world, thread, state)

    assert await approvals(world, thread) == 0


@pytest.mark.parametrize(
    ("decision", "state"), [(HELD, ThreadState.OPEN), (REJECTED, ThreadState.OPEN), (FLAGGED, ThreadState.CLOSED)]
)
async def test_only_a_message_that_was_away_brings_its_thread_back(
    world: World, decision: Decision, state: ThreadState
) -> None:
    thread = await world.replied(await world.member(await world.community()), decision)
    await world.store.commit(EditThread(thread.ref, ThreadEdit(ThreadState.CLOSED), world.clock.now()))

    await rule(world, thread, CaseState.DELIVERED)

    found = await world.store.thread(thread.id)
    assert found is not None
    assert found.state is state


async def rule(world: World, thread: Thread, state: CaseState) -> None:
    (view,) = (await world.store.cases(thread.community, None, Paging())).items
    status = Status.FILED if state is CaseState.DELIVERED else Status.REJECTED
    change = Rule(
        view.case.id, view.case.version, state, status, "eva", "because", world.clock.now(), thread.ref, thread.community, None
    )
    await world.store.commit(change)


async def approvals(world: World, thread: Thread) -> int:
    member = await world.store.member(thread.member_id)
    assert member is not None
    return member.approved
