"""The contract on history, on every engine: what was decided comes back in its order, with what was known then."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from random import Random

import pytest

from relay.core.case import CaseState
from relay.core.change import Rule
from relay.core.errors import Unavailable
from relay.core.ladder import Strike
from relay.core.measure import AddStrike, TakeBack
from relay.core.replay import Event
from relay.core.thread import Status, Thread
from relay.core.verdict import Action, Decision
from relay.ports import History, Paging
from relay.stores.postgres import PostgresStore
from relay.stores.postgres_look import PostgresLook
from relay.stores.sql.look import Look
from relay.stores.sqlite import SqliteStore
from relay.stores.sqlite_look import SqliteLook
from tests.servers import engines
from tests.stores.conftest import ALLOWED, HELD, REJECTED, World

FLAGGED = Decision(Action.FLAG, 3.0)
HELD_BY_OTHERS = replace(HELD, own=Action.ALLOW)
DECISIONS = (ALLOWED, FLAGGED, HELD, HELD_BY_OTHERS, REJECTED)


@dataclass
class Past:
    """A world, and the look from outside at its database."""

    world: World
    look: Look


async def _sqlite(request: pytest.FixtureRequest) -> tuple[World, Callable[[], Awaitable[Look]], Callable[[], Awaitable[None]]]:
    path = request.getfixturevalue("tmp_path") / "relay.db"
    store = await SqliteStore.open(path, lambda _changes, _outcomes: None)

    async def look() -> Look:
        return SqliteLook(path)

    return World(store), look, store.close


async def _postgresql(
    request: pytest.FixtureRequest,
) -> tuple[World, Callable[[], Awaitable[Look]], Callable[[], Awaitable[None]]]:
    server = request.getfixturevalue("postgres")
    url = await server.database()
    store = await PostgresStore.open(url, lambda _changes, _outcomes: None)

    async def look() -> Look:
        return await PostgresLook.open(url)

    async def close() -> None:
        await store.close()
        await server.give_back(url)

    return World(store), look, close


@pytest.fixture(params=engines.wanted())
async def past(request: pytest.FixtureRequest) -> AsyncIterator[Past]:
    opened = _sqlite if request.param == engines.SQLITE else _postgresql
    world, look, close = await opened(request)
    world.run = await world.start_run()
    seen = await look()
    yield Past(world, seen)
    await seen.close()
    await close()


async def test_messages_come_in_their_order_with_what_became_of_them(past: Past) -> None:
    world = past.world
    member = await world.member(await world.community("pool"))
    for decision, text in (
        (ALLOWED, "the first one of all"),
        (HELD, "the second one of all"),
        (REJECTED, "the third one of all"),
    ):
        await world.wrote(member, decision, text)
        world.clock.pass_(60)
    await ruled(world, 0, CaseState.DELIVERED)

    events = await every_event(past.look)

    found = [event.past for event in events if event.past is not None]
    assert [(each.submission.text, each.action, each.score, each.ruled) for each in found] == [
        ("the first one of all", Action.ALLOW, 0.0, None),
        ("the second one of all", Action.HOLD, 5.0, Action.ALLOW),
        ("the third one of all", Action.REJECT, 9.0, None),
    ]
    assert [event.approves for event in events] == [1, 0, 0, 1]
    assert events[3].past is None
    assert {each.submission.community for each in found} == {"pool"}
    assert {each.submission.member.id for each in found} == {member.id}
    assert found[1].submission.at - found[0].submission.at == found[2].submission.at - found[1].submission.at


async def test_only_what_came_since_is_counted(past: Past) -> None:
    world = past.world
    member = await world.member(await world.community())
    await world.wrote(member, text="what was written before")
    world.clock.pass_(60)
    since = world.clock.now()
    await world.wrote(member, HELD, text="after")

    span = await past.look.span(since)
    empty = await past.look.span(since.replace(year=since.year + 1))

    (event,) = await past.look.events(span.first - 1, span.last, 10)
    assert event.past is not None
    assert (span.messages, event.past.submission.text) == (1, "after")
    assert await past.look.approved_before(event.member, event.n) == 1
    assert empty.messages == 0
    assert await past.look.events(empty.first - 1, empty.last, 10) == []


async def test_strikes_are_known_unless_an_appeal_took_them_back(past: Past) -> None:
    world, now = past.world, past.world.clock.now()
    member = await world.member(await world.community())
    await world.wrote(member, REJECTED, "the first one")
    await world.wrote(member, REJECTED, "the second one")
    (community,) = await world.store.communities()
    first, second = [view.case.id for view in (await world.store.cases(community.n, None, Paging())).items]
    await world.store.commit(AddStrike(member.n, Strike(first, 4.0, now), 0), AddStrike(member.n, Strike(second, 4.0, now), 1))
    await world.store.commit(TakeBack(member.n, second, (), now, "eva"))

    events = await every_event(past.look)

    found = [event.past for event in events if event.past is not None]
    assert {each.submission.text: each.is_strike for each in found} == {"the first one": True, "the second one": False}


async def test_one_community_can_be_looked_at_alone(past: Past) -> None:
    world = past.world
    since = world.clock.now()
    for slug in ("pool", "hall"):
        await world.wrote(await world.member(await world.community(slug)), text=f"in the {slug}")

    span = await past.look.span(since, "pool")
    events = await past.look.events(span.first - 1, span.last, 10, "pool")

    assert span.messages == 1
    assert [event.past.submission.text for event in events if event.past is not None] == ["in the pool"]


@pytest.mark.parametrize("seed", range(4))
async def test_of_a_member_is_known_what_was_known_then(past: Past, seed: int) -> None:
    world, random = past.world, Random(seed)
    community = await world.community()
    members = await world.members(community, 3)
    known: list[tuple[int, int]] = []  # the member, and how many were approved before the decision
    for _ in range(30):
        world.clock.pass_(1)
        waiting = (await world.store.cases(community.n, CaseState.OPEN, Paging())).items
        if waiting and random.random() < 0.4:
            view = random.choice(waiting)
            known.append((view.member, await approved(world, view.member_id)))
            await rule(world, view.case.id, random.choice([CaseState.DELIVERED, CaseState.REJECTED]))
        else:
            member = random.choice(members)
            known.append((member.n, await approved(world, member.id)))
            await world.wrote(member, random.choice(DECISIONS), random.choice(["Ok", "A text that is long enough"]))

    events = await every_event(past.look)

    assert [(event.member, await past.look.approved_before(event.member, event.n)) for event in events] == known
    after = {member.n: await approved(world, member.id) for member in members}
    assert {n: sum(event.approves for event in events if event.member == n) for n in after} == after


async def test_what_looks_at_history_can_write_nothing(past: Past) -> None:
    world = past.world
    await world.wrote(await world.member(await world.community()), text="A text that is long enough")

    await writes_nothing(past.look)

    assert [event.approves for event in await every_event(past.look)] == [1]


async def test_a_server_refuses_what_such_a_look_would_write(url: str) -> None:
    store = await PostgresStore.open(url, lambda _changes, _outcomes: None)
    look = await PostgresLook.open(url)
    try:
        await writes_nothing(look)
    finally:
        await look.close()
        await store.close()


async def writes_nothing(look: Look) -> None:
    for sql in (
        "DELETE FROM decisions",
        "UPDATE messages SET text = 'x'",
        "INSERT INTO facts (name, value) VALUES ('a', 'b')",
        "CREATE TABLE more (n BIGINT)",
    ):
        with pytest.raises(Unavailable, match=r"read-?only"):
            await look._rows(sql)  # noqa: SLF001  no method of it writes, so it is asked for the worst


async def every_event(look: History) -> Sequence[Event]:
    return await look.events(0, 2**62, 1000)


async def approved(world: World, member_id: str) -> int:
    member = await world.store.member(member_id)
    assert member is not None
    return member.approved


async def ruled(world: World, place: int, state: CaseState) -> None:
    (community,) = await world.store.communities()
    await rule(world, (await world.store.cases(community.n, None, Paging())).items[place].case.id, state)


async def rule(world: World, case_id: str, state: CaseState) -> None:
    view = await world.store.case(case_id)
    assert view is not None
    thread: Thread | None = await world.store.thread(view.thread)
    assert thread is not None
    status = Status.FILED if state is CaseState.DELIVERED else Status.REJECTED
    change = Rule(
        view.case.id, view.case.version, state, status, "eva", "because", world.clock.now(), thread.ref, thread.community, None
    )
    await world.store.commit(change)
