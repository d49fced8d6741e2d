"""Sums and last words on every engine: they say what the lists say, and nothing of who is erased."""

from dataclasses import replace
from datetime import timedelta

from relay.core.case import CaseState
from relay.core.change import AddNote, EditThread, Erase, Leave, SendMessage
from relay.core.thread import Role, ThreadEdit, ThreadState
from tests.stores.conftest import HELD, World


async def test_sums_go_by_standing_state_and_person(world: World) -> None:
    bad = await world.community()
    anna, ben, cem, *_ = await world.members(bad, 5)
    await world.store.commit(Leave(cem.n, world.clock.now()))
    mine, asleep = await world.replied(anna), await world.replied(ben, HELD)
    now = world.clock.now()
    snoozed = ThreadEdit(state=ThreadState.SNOOZED, snoozed_until=now + timedelta(hours=1))
    await world.store.commit(EditThread(mine.ref, ThreadEdit(assignee="eva"), now))
    await world.store.commit(EditThread(asleep.ref, snoozed, now))

    found = await world.store.numbers(bad.n, "eva", now)
    later = await world.store.numbers(bad.n, "jan", now + timedelta(hours=2))

    assert (found.active, found.left, found.mine, later.mine) == (4, 1, 1, 0)
    assert found.threads == {ThreadState.OPEN: 1, ThreadState.SNOOZED: 1}
    assert later.threads == {ThreadState.OPEN: 2}
    assert found.cases == {CaseState.OPEN: 1}


async def test_an_empty_community_has_nothing(world: World) -> None:
    bad = await world.community()

    found = await world.store.numbers(bad.n, "eva", world.clock.now())

    assert (found.active, found.left, found.mine, dict(found.threads), dict(found.cases)) == (0, 0, 0, {}, {})


async def test_who_is_erased_counts_no_more(world: World) -> None:
    bad = await world.community()
    anna = await world.member(bad)
    await world.replied(anna, HELD)

    await world.store.commit(Erase(anna.n, anna.id, world.clock.now()))

    found = await world.store.numbers(bad.n, "eva", world.clock.now())
    assert (found.active, found.left, dict(found.threads), dict(found.cases)) == (0, 0, {}, {})


async def test_last_words_are_those_of_the_conversation(world: World) -> None:
    bad = await world.community()
    anna, ben = await world.members(bad, 2)
    answered, asked = await world.replied(anna, text="Is it open?"), await world.replied(ben, text="And the sauna?")
    await world.store.commit(SendMessage(world.message(anna, "From ten.", Role.STAFF), answered.ref, bad.n))
    await world.store.commit(SendMessage(world.message(anna, "Noted by the relay.", Role.RELAY), answered.ref, bad.n))
    note = replace(world.message(anna, "A regular.", Role.STAFF), internal=True)
    await world.store.commit(AddNote(note, answered.ref))

    found = await world.store.last_messages([answered.n, asked.n])

    assert {thread: message.text for thread, message in found.items()} == {answered.n: "From ten.", asked.n: "And the sauna?"}
    assert await world.store.last_messages([]) == {}
