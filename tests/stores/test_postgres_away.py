"""PostgreSQL goes away, hangs, or lets nobody in, and comes back: nobody waits for it, and nothing has to be started anew."""

import asyncio

import pytest

from relay.core.change import SetFact
from relay.core.errors import Unavailable
from relay.ports import Paging
from relay.stores.postgres import PostgresStore
from tests.servers import engines
from tests.servers.postgres import Postgres

pytestmark = pytest.mark.skipif(engines.POSTGRESQL not in engines.wanted(), reason="RELAY_ENGINES leaves it out")


@pytest.mark.parametrize("how", ["crash", "kill", "stop"])
async def test_a_server_that_goes_and_comes_back_is_waited_for_by_nobody(postgres: Postgres, url: str, how: str) -> None:
    store = await PostgresStore.open(url, lambda _changes, _outcomes: None)
    await store.commit(SetFact("a", "x"))
    await asyncio.to_thread(getattr(postgres, how))

    async with asyncio.timeout(10):
        refused = await asyncio.gather(
            store.commit(SetFact("b", "x")), store.fact("a"), store.audit(Paging()), return_exceptions=True
        )
    await asyncio.to_thread(postgres.start)
    await until_it_is_back(store)

    assert {type(each) for each in refused} == {Unavailable}
    assert await store.fact("a") == "x"
    assert await store.commit(SetFact("c", "x")) == (None,)
    await store.close()


async def test_a_database_that_lets_nobody_in_is_waited_for_as_well(postgres: Postgres, url: str) -> None:
    store = await PostgresStore.open(url, lambda _changes, _outcomes: None)
    database = url.rpartition("/")[2]
    await postgres.run(f"ALTER DATABASE {database} ALLOW_CONNECTIONS false")

    refused = await asyncio.gather(
        store.commit(SetFact("a", "x")), store.fact("a"), store.audit(Paging()), return_exceptions=True
    )
    assert {type(each) for each in refused} == {Unavailable}
    assert store.why_away() is not None
    await postgres.run(f"ALTER DATABASE {database} ALLOW_CONNECTIONS true")
    await until_it_is_back(store)

    assert await store.commit(SetFact("a", "x")) == (None,)
    assert await store.fact("a") == "x"
    await store.close()


async def test_a_server_that_hangs_is_noticed_and_taken_up_again(postgres: Postgres, url: str) -> None:
    store = await PostgresStore.open(url, lambda _changes, _outcomes: None)
    await store.commit(SetFact("a", "x"))
    assert await store.fact("a") == "x"
    postgres.pause()

    async with asyncio.timeout(15):
        with pytest.raises(Unavailable):
            await store.fact("a")
        with pytest.raises(Unavailable):
            await store.commit(SetFact("b", "x"))
    postgres.go_on()
    await until_it_is_back(store)

    assert await store.fact("a") == "x"
    await store.close()


async def until_it_is_back(store: PostgresStore) -> None:
    async with asyncio.timeout(20):
        while store.why_away() is not None:  # noqa: ASYNC110  what is asked is how it looks from outside
            await asyncio.sleep(0)
