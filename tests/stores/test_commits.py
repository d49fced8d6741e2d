"""The contract of a commit, on every engine: whole or not at all, told in order, the same answer to the same cause."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import cast

import pytest

from relay.core.change import AddCommunity, Filed, Record, SetFact
from relay.core.community import Community, QuietHours, Rules
from relay.core.errors import Invalid, Stale, Taken
from relay.core.repeat import Forget, Remember
from relay.ports import Paging, Remembered
from tests.stores.conftest import World


async def test_changes_of_one_commit_are_written_whole_or_not_at_all(world: World) -> None:
    await world.community("bad")
    second = Community(world.ids(), "bad", "Another", world.clock.now())

    with pytest.raises(Taken):
        await world.store.commit(SetFact("colour", "blue"), AddCommunity(second))

    assert await world.store.fact("colour") is None


async def test_each_change_has_its_outcome(world: World) -> None:
    community = Community(world.ids(), "bad", "Bad", world.clock.now())

    outcomes = await world.store.commit(SetFact("a", "1"), AddCommunity(community), SetFact("b", "2"))

    found = await world.store.community("bad")
    assert found is not None
    assert outcomes == (None, found.n, None)


async def test_nothing_to_write_is_written_at_once(world: World) -> None:
    assert await world.store.commit() == ()


async def test_what_was_committed_is_told_once_and_what_failed_is_not(world: World) -> None:
    await world.community("bad")
    again = AddCommunity(Community(world.ids(), "bad", "Bad", world.clock.now()))
    world.told.clear()

    results = await asyncio.gather(
        world.store.commit(SetFact("a", "1")),
        world.store.commit(again),
        world.store.commit(SetFact("b", "2"), SetFact("c", "3")),
        return_exceptions=True,
    )

    assert [type(result) for result in results] == [tuple, Taken, tuple]
    assert sorted(world.told, key=lambda each: len(each[0])) == [
        ((SetFact("a", "1"),), (None,)),
        ((SetFact("b", "2"), SetFact("c", "3")), (None, None)),
    ]


async def test_what_one_member_brings_about_is_told_in_its_order(world: World) -> None:
    member = await world.member(await world.community())
    thread = await world.replied(member)
    world.told.clear()

    await asyncio.gather(*(world.store.commit(world.reply(member, thread.ref)) for _ in range(20)))

    seqs = [cast("Filed", outcome).seq for _, outcomes in world.told for outcome in outcomes]
    assert seqs == list(range(2, 22))


async def test_a_commit_is_told_before_its_caller_goes_on(world: World) -> None:
    await world.store.commit(SetFact("a", "1"))

    assert world.told == [((SetFact("a", "1"),), (None,))]


async def test_a_fault_of_the_relay_comes_out_as_it_is_and_spoils_no_other_commit(world: World) -> None:
    broken = SetFact("a", object())  # type: ignore[arg-type]

    results = await asyncio.gather(world.store.commit(broken), world.store.commit(SetFact("b", "2")), return_exceptions=True)

    assert isinstance(results[0], Exception)
    assert await world.store.fact("b") == "2"


async def test_a_fact_is_kept_as_it_was_first(world: World) -> None:
    await world.store.commit(SetFact("key", "first"))
    await world.store.commit(SetFact("key", "second"))

    assert await world.store.fact("key") == "first"


async def test_a_community_is_read_as_it_was_written(world: World) -> None:
    now = world.clock.now() + timedelta(microseconds=7)
    rules = Rules(QuietHours(21 * 60, 8 * 60), posts_per_day=2, retention_days=90)
    written = Community(world.ids(), "bad", "Bad", now, "de", "Europe/Berlin", "Imprint", "https://x", rules, now)

    (n,) = await world.store.commit(AddCommunity(written))

    assert isinstance(n, int)
    assert await world.store.community("bad") == replace(written, n=n)
    assert await world.store.community_by_n(n) == replace(written, n=n)
    assert await world.store.community("nowhere") is None


async def test_an_answer_is_remembered_once_for_each_caller_and_key(world: World) -> None:
    now = world.clock.now()
    answer = Remember("eva", "key", "print", 202, "{}", now)
    await world.store.commit(answer)
    await world.store.commit(replace(answer, caller="jan", status=201))

    with pytest.raises(Taken):
        await world.store.commit(replace(answer, body="[]"))

    assert await world.store.remembered("eva", "key") == Remembered("print", 202, "{}")
    assert await world.store.remembered("jan", "key") == Remembered("print", 201, "{}")
    assert await world.store.remembered("eva", "other") is None


async def test_remembered_answers_are_forgotten_by_age(world: World) -> None:
    old, new = world.clock.now(), world.clock.now() + timedelta(days=8)
    await world.store.commit(Remember("eva", "old", "p", 200, "", old), Remember("eva", "new", "p", 200, "", new))

    await world.store.commit(Forget(old + timedelta(days=7)))

    assert await world.store.remembered("eva", "old") is None
    assert await world.store.remembered("eva", "new") is not None


async def test_the_audit_log_is_paged_from_the_newest(world: World) -> None:
    for count in range(5):
        await world.store.commit(Record(world.clock.now(), "eva", f"act.{count}", "x", {"count": count, "none": None}))

    first = await world.store.audit(Paging(2))
    second = await world.store.audit(Paging(2, first.next))
    third = await world.store.audit(Paging(2, second.next))

    actions = [entry.action for page in (first, second, third) for entry in page.items]
    assert actions == ["act.4", "act.3", "act.2", "act.1", "act.0"]
    assert third.next is None
    assert first.items[0].detail == {"count": 4, "none": None}


@pytest.mark.parametrize("after", ["", "x", "!!", "MS4x", "LTk5OTk5OTk5OTk5OTk5OTk5OTk5", "1_ä"])
async def test_a_place_in_a_list_that_no_page_gave_is_invalid(world: World, after: str) -> None:
    with pytest.raises(Invalid):
        await world.store.audit(Paging(2, after))


async def test_what_points_to_something_that_is_gone_is_stale(world: World) -> None:
    community = await world.community()

    with pytest.raises(Stale):
        await world.store.commit(world.newcomer(replace(community, n=community.n + 1)))
