"""The contract on exports, on every engine: all of a member's own, and nothing that lies with others."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest

from relay.core.case import CaseState
from relay.core.change import Appeal, Press, Rule
from relay.core.thread import NewThread, Role, Status
from relay.core.verdict import Action, Decision, Seen, Signal
from relay.ports import Paging
from relay.stores.sqlite import SqliteStore
from tests.stores.conftest import ALLOWED, HELD, REJECTED, World

FLAGGED = Decision(Action.FLAG, 3.0)
DISCARDED = Decision(Action.DISCARD, 20.0)


async def test_an_export_holds_all_of_theirs_and_nothing_of_others(world: World) -> None:
    community = await world.community()
    mine, other = await world.members(community, 2)
    post = await world.posted(community)
    await world.replied(mine, HELD, "my own words")
    await world.replied(other, HELD, "words of somebody else")
    await world.store.commit(Press(post.n, mine.n, "no", world.clock.now()))

    export = await world.store.of(mine.n).export()

    told = str(export)
    for own in ("my own words", mine.id, post.text, "'no'", "counter"):
        assert own in told
    for foreign in ("somebody else", other.id):
        assert foreign not in told


@pytest.mark.parametrize("decision", [HELD, FLAGGED, DISCARDED, replace(HELD, own=Action.ALLOW)])
async def test_what_was_silently_done_to_a_message_is_in_no_export(tmp_path: Path, decision: Decision) -> None:
    exports = await asyncio.gather(*(exported(tmp_path / name, made) for name, made in (("a", ALLOWED), ("b", decision))))

    assert exports[0] == exports[1]


async def exported(folder: Path, decision: Decision) -> object:
    """Of a member in a world of their own whose only message was met with this decision."""
    store = await SqliteStore.open(folder / "relay.db", lambda _changes, _outcomes: None)
    world = World(store)
    member = await world.member(await world.community())
    await store.commit(world.reply(member, NewThread("thread", None), decision, "my own words"))
    export = await store.of(member.n).export()
    await store.close()
    return export


@pytest.mark.parametrize("decision", [HELD, FLAGGED])
async def test_a_case_is_in_the_export_from_when_the_member_was_told_of_it(world: World, decision: Decision) -> None:
    """Whether it was held until then can lie with what others wrote."""
    community = await world.community()
    member = await world.member(community)
    thread = await world.replied(member, decision)
    (view,) = (await world.store.cases(community.n, None, Paging())).items
    notice = replace(world.message(member, "Not accepted.", Role.RELAY), case=view.case.id)
    now = world.clock.now()

    before = await world.store.of(member.n).export()
    await world.store.commit(
        Rule(view.case.id, 1, CaseState.REJECTED, Status.REJECTED, "eva", "rude", now, thread.ref, community.n, notice)
    )
    await world.store.commit(Appeal(view.case.id, 2, "It was a joke", now))
    after = await world.store.of(member.n).export()

    assert before["cases"] == []
    (case,) = listed(after["cases"])
    assert (case["kind"], case["state"], case["reason"]) == ("flagged", "appealed", "rude")
    assert case["appeal"] == "It was a joke"
    assert [message["status"] for message in listed(after["messages"])] == ["rejected", "filed"]


async def test_a_rejection_by_rule_is_in_the_export_with_its_reason(world: World) -> None:
    member = await world.member(await world.community())
    change = world.reply(member, decision=REJECTED)
    assert change.filing.case is not None
    notice = replace(world.message(member, "Not passed on.", Role.RELAY), case=change.filing.case.id)

    await world.store.commit(replace(change, filing=replace(change.filing, notice=notice)))

    export = await world.store.of(member.n).export()
    assert [case["state"] for case in listed(export["cases"])] == ["rejected"]


async def test_what_a_rule_saw_across_members_is_for_staff_alone(world: World) -> None:
    community = await world.community()
    member = await world.member(community)
    across = Seen(Signal("campaign.many", reason="12 others wrote this"), "campaign", "1", 9.0, across=True)
    change = world.reply(member, decision=replace(REJECTED, signals=(across,)))
    assert change.filing.case is not None
    notice = replace(world.message(member, "Not passed on.", Role.RELAY), case=change.filing.case.id)

    await world.store.commit(replace(change, filing=replace(change.filing, notice=notice)))

    (view,) = (await world.store.cases(community.n, None, Paging())).items
    export = await world.store.of(member.n).export()
    assert view.reason == "12 others wrote this"
    assert [case["state"] for case in listed(export["cases"])] == ["rejected"]
    assert "12 others" not in str(export)


def listed(value: object) -> list[dict[str, object]]:
    return cast("list[dict[str, object]]", value)
