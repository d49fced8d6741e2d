"""The export of a community, on every engine: all of it once, page by page, and nothing of another community."""

from collections.abc import Mapping
from datetime import timedelta

import pytest

from relay.core.change import EditThread, Press
from relay.core.export import ExportKind
from relay.core.ladder import MeasureKind, Strike
from relay.core.measure import AddStrike, Impose, Measure
from relay.core.member import Member
from relay.core.thread import ThreadEdit
from relay.ports import Paging
from tests.stores.conftest import HELD, World

Row = Mapping[str, object]


async def rows(world: World, community: int, kind: ExportKind, limit: int = 200) -> list[Row]:
    """Page after page, until none follows."""
    found: list[Row] = []
    after: str | None = None
    while True:
        page = await world.store.exported(community, kind, Paging(limit, after))
        assert len(page.items) <= limit
        found += page.items
        after = page.next
        if after is None:
            return found


async def restrained(world: World, member: Member) -> Measure:
    """A strike, and the measure that came of it."""
    now = world.clock.now()
    strike = Strike(world.ids(), 4.0, now)
    measure = Measure(world.ids(), member.n, MeasureKind.WARN, now, now + timedelta(days=14), "eva", "Tone", strike.case)
    await world.store.commit(AddStrike(member.n, strike, 0), Impose(measure))
    return measure


async def test_everything_of_a_community_is_there_and_named_by_ids(world: World) -> None:
    community = await world.community()
    ada, bob = await world.members(community, 2)
    post = await world.posted(community)
    thread = await world.replied(ada, HELD, "Is it late?")
    now = world.clock.now()
    await world.store.commit(
        Press(post.n, bob.n, "no", now), EditThread(thread.ref, ThreadEdit(labels=("bus",), assignee="eva"), now)
    )

    (message,) = await rows(world, community.n, ExportKind.MESSAGES)
    (case,) = await rows(world, community.n, ExportKind.CASES)
    (told,) = await rows(world, community.n, ExportKind.THREADS)

    assert [each["id"] for each in await rows(world, community.n, ExportKind.MEMBERS)] == [ada.id, bob.id]
    assert [each["member"] for each in await rows(world, community.n, ExportKind.CONSENTS)] == [ada.id, bob.id]
    assert {(each["member"], each["channel"]) for each in await rows(world, community.n, ExportKind.ADDRESSES)} == {
        (ada.id, "web"),
        (bob.id, "web"),
    }
    assert [(each["id"], each["state"]) for each in await rows(world, community.n, ExportKind.POSTS)] == [(post.id, "sent")]
    assert await rows(world, community.n, ExportKind.DELIVERIES) == [
        {"post": post.id, "member": ada.id, "state": "sending"},
        {"post": post.id, "member": bob.id, "state": "sending"},
    ]
    assert await rows(world, community.n, ExportKind.PRESSES) == [
        {"post": post.id, "member": bob.id, "button": "no", "at": now}
    ]
    assert (told["id"], told["member"], told["labels"], told["assignee"]) == (thread.id, ada.id, ["bus"], "eva")
    assert (message["thread"], message["member"], message["text"], message["status"]) == (
        thread.id,
        ada.id,
        "Is it late?",
        "held",
    )
    assert (case["message"], case["member"], case["state"]) == (message["id"], ada.id, "open")


async def test_what_stands_against_a_member_is_there_with_its_reason(world: World) -> None:
    community = await world.community()
    ada = await world.member(community)
    measure = await restrained(world, ada)

    (strike,) = await rows(world, community.n, ExportKind.STRIKES)
    (told,) = await rows(world, community.n, ExportKind.MEASURES)

    assert strike == {"member": ada.id, "case": measure.case, "points": 4.0, "at": measure.at, "taken_back_at": None}
    assert (told["id"], told["member"], told["kind"], told["state"]) == (measure.id, ada.id, "warn", "imposed")
    assert (told["until"], told["by"], told["reason"], told["case"]) == (measure.until, "eva", "Tone", measure.case)


@pytest.mark.parametrize("kind", list(ExportKind))
async def test_pages_of_one_give_each_row_once_and_in_the_same_order(world: World, kind: ExportKind) -> None:
    community = await world.community()
    members = await world.members(community, 3)
    for post in [await world.posted(community), await world.posted(community)]:
        await world.store.commit(*(Press(post.n, each.n, "yes", world.clock.now()) for each in members))
    for each in members:
        await world.replied(each, HELD, "Hello")
        await world.agreed_text(community)
        await restrained(world, each)

    one_by_one = await rows(world, community.n, kind, 1)

    assert one_by_one == await rows(world, community.n, kind)
    assert len(one_by_one) >= 2


@pytest.mark.parametrize("kind", list(ExportKind))
async def test_another_community_has_no_part_in_it(world: World, kind: ExportKind) -> None:
    mine, other = await world.community("mine"), await world.community("other")
    somebody = await world.member(other)
    post = await world.posted(other)
    await world.store.commit(Press(post.n, somebody.n, "yes", world.clock.now()))
    await world.replied(somebody, HELD, "Hello")
    await world.agreed_text(other)
    await restrained(world, somebody)

    assert await rows(world, mine.n, kind) == []
    assert await rows(world, other.n, kind) != []


async def test_a_post_that_is_still_planned_is_not_told(world: World) -> None:
    community = await world.community()
    await world.members(community, 2)
    await world.plan(world.draft(community))

    assert await rows(world, community.n, ExportKind.POSTS) == []
    assert await rows(world, community.n, ExportKind.DELIVERIES) == []
