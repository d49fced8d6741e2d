"""What is PostgreSQL's own: writers that race, answers that are lost, servers that go away and come back, or are refused."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import cast

import asyncpg
import pytest

from relay.core.change import (
    AddToken,
    AdvanceCursors,
    Erase,
    Filed,
    Leave,
    Reached,
    Record,
    Released,
    ReleasePost,
    SetFact,
)
from relay.core.delivery import Cursors
from relay.core.errors import Invalid, Stale, Unavailable
from relay.core.member import Standing
from relay.core.staff import Token, TokenKind
from relay.stores.postgres import Limits, PostgresStore
from relay.stores.postgres_connect import named
from relay.stores.postgres_writer import UNKNOWN
from tests.servers import engines
from tests.servers.postgres import Postgres, running
from tests.servers.wire import Wire
from tests.stores.conftest import Told_, World
from tests.stores.postgres_waits import until_waiting
from tests.stores.test_postgres_away import until_it_is_back

pytestmark = pytest.mark.skipif(engines.POSTGRESQL not in engines.wanted(), reason="RELAY_ENGINES leaves it out")
MARKING = "EXECUTE mark%"  # how a commit begins
ONE = Limits(writers=1, look_ups=1, scans=1)


@pytest.fixture
async def world(url: str) -> AsyncIterator[World]:
    """Two relays on one database; `world` is the first of them."""
    told: Told_ = []
    store = await PostgresStore.open(url, lambda changes, outcomes: told.append((changes, outcomes)))
    made = World(store, told)
    made.run = await made.start_run()
    yield made
    await store.close()


@pytest.fixture
async def other(url: str) -> AsyncIterator[PostgresStore]:
    """The second relay."""
    store = await PostgresStore.open(url, lambda _changes, _outcomes: None)
    yield store
    await store.close()


@pytest.fixture
async def wire(postgres: Postgres) -> AsyncIterator[Wire]:
    made = Wire(postgres.port)
    yield made
    await made.close()


async def behind(wire: Wire, url: str, told: Told_) -> PostgresStore:
    """A store whose connections all go through the wire."""
    port = await wire.open()
    through = f"postgresql://relay@127.0.0.1:{port}/{url.rpartition('/')[2]}"
    return await PostgresStore.open(through, lambda changes, outcomes: told.append((changes, outcomes)), ONE)


# ---------------------------------------------------------------------------------------------------------------- racing


async def test_replies_of_one_member_through_two_relays_have_one_stream(world: World, other: PostgresStore) -> None:
    community = await world.community()
    member = await world.member(community)
    thread = await world.replied(member)

    stores = (world.store, other)
    filed = await asyncio.gather(*(stores[n % 2].commit(world.reply(member, thread.ref)) for n in range(40)))

    assert sorted(cast("Filed", outcome).seq for (outcome,) in filed) == list(range(2, 42))
    assert [item.seq for item in await world.store.of(member.n).items(0, 100)] == list(range(1, 42))


async def test_who_leaves_while_a_post_is_released_gets_it_or_not_and_nobody_else_has_a_gap(
    world: World, other: PostgresStore
) -> None:
    community = await world.community()
    members = await world.members(community, 30)
    posts = [await world.accepted(community) for _ in range(6)]
    now = world.clock.now()

    async def release(store: object) -> list[tuple[int, int]]:
        seqs: list[tuple[int, int]] = []
        for post in posts:
            released = None
            while released is None or not released.finished:
                (outcome,) = await store.commit(ReleasePost(post, 7, now))  # type: ignore[attr-defined]
                released = cast("Released", outcome)
                seqs += released.seqs
        return seqs

    async def come_and_go() -> None:
        for member in members[::3]:
            await world.store.commit(Leave(member.n, now))
            await other.commit(world.reply(members[members.index(member) + 1]))

    first, second, _ = await asyncio.gather(release(world.store), release(other), come_and_go())

    assert max(Counter(first + second).values()) == 1
    for member in members:
        items = await world.store.of(member.n).items(0, 100)
        assert [item.seq for item in items] == list(range(1, len(items) + 1))
        assert (await world.store.of(member.n).cursors()).last == len(items)
    for post in posts:
        assert sum((await world.store.post_counts(post)).values()) == 30


async def test_who_is_leaving_when_a_release_begins_gets_no_gap(world: World, url: str) -> None:
    community = await world.community()
    leaving, staying = await world.members(community, 2)
    post = await world.accepted(community)
    holding = await asyncpg.connect(url)
    await holding.execute("BEGIN")
    await holding.execute("SELECT last_seq FROM streams WHERE member = $1 FOR UPDATE", leaving.n)
    await holding.execute("UPDATE members SET standing = $2 WHERE n = $1", leaving.n, int(Standing.LEFT))

    releasing = asyncio.create_task(world.store.commit(ReleasePost(post, 10, world.clock.now())))
    await until_waiting(url)
    await holding.execute("COMMIT")
    await releasing

    assert (await world.store.of(leaving.n).cursors()).last == 0
    assert [item.seq for item in await world.store.of(staying.n).items(0, 10)] == [1]
    await holding.close()


async def test_acknowledgements_and_releases_in_any_order_never_wait_for_each_other(world: World, other: PostgresStore) -> None:
    community = await world.community()
    members = await world.members(community, 40)
    await world.posted(community)
    forward = AdvanceCursors(tuple(Reached(member.n, 1, 1, 0) for member in members))
    backward = AdvanceCursors(tuple(Reached(member.n, 1, 1, 1) for member in reversed(members)))

    await asyncio.gather(*(store.commit(change) for store in (world.store, other) for change in (forward, backward) * 5))

    found = [await world.store.of(member.n).cursors() for member in members]
    assert found == [Cursors(last=1, sent=1, delivered=1, read=1)] * 40


async def test_the_same_post_is_released_once_by_two_relays(world: World, other: PostgresStore) -> None:
    community = await world.community()
    members = await world.members(community, 20)
    post = await world.accepted(community)

    released = await asyncio.gather(
        *(store.commit(ReleasePost(post, 3, world.clock.now())) for store in (world.store, other) for _ in range(8))
    )

    seqs = [pair for (outcome,) in released for pair in cast("Released", outcome).seqs]
    assert sorted(seqs) == [(member.n, 1) for member in members]


async def test_nothing_comes_to_be_of_who_is_erased_at_the_same_time(world: World, other: PostgresStore) -> None:
    community = await world.community()
    for _ in range(10):
        member = await world.member(community)
        thread = await world.replied(member)
        token = Token(world.ids(), TokenKind.MEMBER, world.ids(), member.id, world.clock.now(), "phone")

        results = await asyncio.gather(
            other.commit(AddToken(token)),
            world.store.commit(Erase(member.n, member.id, world.clock.now())),
            other.commit(world.reply(member, thread.ref)),
            other.commit(Record(world.clock.now(), "eva", "thread.read", thread.id, {})),
            return_exceptions=True,
        )

        assert [type(result) for result in results if not isinstance(result, tuple)] in ([], [Stale], [Stale, Stale])
        assert await world.store.token(token.digest, world.clock.now()) is None
        assert await world.store.thread(thread.id) is None


async def test_a_caller_that_is_cancelled_changes_nothing_about_its_commit(world: World) -> None:
    waiting = asyncio.create_task(world.store.commit(SetFact("a", "x")))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    await world.store.commit(SetFact("b", "x"))

    async with asyncio.timeout(10):
        while await world.store.fact("a") is None:
            pass

    assert waiting.cancelled()
    assert ((SetFact("a", "x"),), (None,)) in world.told


async def test_a_character_that_the_engine_cannot_hold_is_the_callers_fault(world: World) -> None:
    member = await world.member(await world.community())

    with pytest.raises(Invalid, match="NUL"):
        await world.store.commit(world.reply(member, text="a\0b"))


# ------------------------------------------------------------------------------------------------------- unknown commits


async def test_a_commit_whose_answer_is_lost_is_found_and_told(wire: Wire, url: str) -> None:
    told: Told_ = []
    store = await behind(wire, url, told)
    await store.commit(SetFact("first", "x"))
    holding = await asyncpg.connect(url)
    await holding.execute("BEGIN")
    await holding.execute("SELECT last FROM writers FOR UPDATE")  # the commit gets as far as its mark

    waiting = asyncio.create_task(store.commit(SetFact("a", "x")))
    await until_waiting(url, MARKING)
    wire.mute()
    await holding.execute("COMMIT")
    await wire.swallowed.wait()
    wire.cut()

    (found,) = await asyncio.gather(waiting, return_exceptions=True)
    assert found == (None,)
    assert ((SetFact("a", "x"),), (None,)) in told
    assert await store.fact("a") == "x"
    await holding.close()
    await store.close()


async def test_a_commit_that_did_not_arrive_is_refused_and_never_comes(wire: Wire, url: str) -> None:
    told: Told_ = []
    store = await behind(wire, url, told)
    await store.commit(SetFact("first", "x"))
    holding = await asyncpg.connect(url)
    await holding.execute("BEGIN")
    await holding.execute("SELECT last FROM writers FOR UPDATE")

    waiting = asyncio.create_task(store.commit(SetFact("a", "x")))
    await until_waiting(url, MARKING)
    await holding.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'EXECUTE mark%'")
    await holding.execute("COMMIT")

    (refused,) = await asyncio.gather(waiting, return_exceptions=True)
    assert "othing was changed" in str(refused)
    assert await store.fact("a") is None
    assert told == [((SetFact("first", "x"),), (None,))]
    assert await store.commit(SetFact("a", "later")) == (None,)
    await holding.close()
    await store.close()


async def test_while_nobody_can_tell_the_caller_hears_just_that(postgres: Postgres, url: str) -> None:
    told: Told_ = []
    store = await PostgresStore.open(url, lambda changes, outcomes: told.append((changes, outcomes)), ONE)
    await store.commit(SetFact("first", "x"))
    holding = await asyncpg.connect(url)
    await holding.execute("BEGIN")
    await holding.execute("SELECT last FROM writers FOR UPDATE")
    waiting = asyncio.create_task(store.commit(SetFact("a", "x")))
    await until_waiting(url, MARKING)
    await asyncio.to_thread(postgres.kill)

    with pytest.raises(Unavailable) as refused:
        await asyncio.wait_for(waiting, 10)
    await asyncio.to_thread(postgres.start)
    await until_it_is_back(store)

    assert refused.value.detail == UNKNOWN
    await store.commit(SetFact("b", "x"))
    assert await store.fact("a") is None
    holding.terminate()
    await store.close()


async def test_who_waits_when_the_store_closes_hears_of_it_though_the_server_hangs(postgres: Postgres, url: str) -> None:
    store = await PostgresStore.open(url, lambda _changes, _outcomes: None, ONE)
    await store.commit(SetFact("first", "x"))
    postgres.pause()
    waiting = [asyncio.create_task(store.commit(SetFact(str(n), "x"))) for n in range(2)]
    await asyncio.sleep(0)

    await asyncio.wait_for(store.close(), 20)
    done, _ = await asyncio.wait(waiting, timeout=1)
    postgres.go_on()

    assert done == set(waiting)
    assert [type(one.exception()) for one in waiting] == [Unavailable, Unavailable]


async def test_a_second_start_finds_the_tables_made_and_two_at_once_make_them_once(postgres: Postgres) -> None:
    url = await postgres.empty()

    stores = await asyncio.gather(*(PostgresStore.open(url, lambda _changes, _outcomes: None, ONE) for _ in range(3)))

    assert [await store.fact("a") for store in stores] == [None] * 3
    for store in stores:
        await store.close()
    await postgres.drop(url)


async def test_a_database_of_a_newer_relay_is_refused(postgres: Postgres) -> None:
    url = await postgres.empty()
    store = await PostgresStore.open(url, lambda _changes, _outcomes: None, ONE)
    await store.close()
    await postgres.run("INSERT INTO relay_migrations (name) VALUES ('9999_more')", url.rpartition("/")[2])

    with pytest.raises(Unavailable, match=r"newer relay.*9999_more"):
        await PostgresStore.open(url, lambda _changes, _outcomes: None, ONE)

    await postgres.drop(url)


async def test_a_database_that_is_not_to_be_relied_on_is_refused(require: Callable[[str], Path]) -> None:
    with running(require, fsync="off", full_page_writes="off") as server:
        await server.run("CREATE DATABASE latin ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0")

        with pytest.raises(Unavailable) as refused:
            await PostgresStore.open(server.url("latin"), lambda _changes, _outcomes: None, ONE)

        assert [word in refused.value.detail for word in ("fsync", "full_page_writes", "LATIN1")] == [True] * 3


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://eva:s3cret-word@127.0.0.1:1/relay",
        "postgresql://eva:s3cret-word@127.0.0.1:x/relay",
        "nonsense s3cret-word",
    ],
)
async def test_no_refusal_says_the_password(url: str) -> None:
    with pytest.raises(Unavailable) as refused:
        await PostgresStore.open(url, lambda _changes, _outcomes: None)

    assert "s3cret-word" not in f"{refused.value.detail} {named(url)}"


async def test_a_full_queue_refuses_by_name_and_keeps_what_it_has(url: str) -> None:
    store = await PostgresStore.open(url, lambda _changes, _outcomes: None, Limits(writers=1, commits_waiting=2))
    waiting = [asyncio.create_task(store.commit(SetFact(str(n), "x"))) for n in range(3)]

    results = await asyncio.gather(*waiting, return_exceptions=True)

    assert [type(result) for result in results] == [tuple, tuple, Unavailable]
    await store.close()


async def test_a_plan_that_nobody_has_a_right_to_make_is_refused_in_words(postgres: Postgres, url: str) -> None:
    database = url.rpartition("/")[2]
    await postgres.run("DO $$ BEGIN CREATE ROLE reader LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$")
    await postgres.run("GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader", database)
    await postgres.run("GRANT INSERT, UPDATE, DELETE ON writers TO reader", database)
    store = await PostgresStore.open(url.replace("relay@", "reader@"), lambda _changes, _outcomes: None, ONE)
    world = World(store)

    with pytest.raises(Unavailable, match="right"):
        await store.commit(SetFact("a", "x"))

    assert world.told == []
    await store.close()
