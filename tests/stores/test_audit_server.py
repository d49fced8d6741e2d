"""The audit log on a PostgreSQL: one chain for all who write, kept by the server, and followed from outside."""

import asyncio
from datetime import UTC, datetime

import asyncpg
import pytest

from relay.core.chain import BEGINNING, Walked, followed
from relay.core.change import Record
from relay.core.errors import Unavailable
from relay.stores.postgres import PostgresStore
from relay.stores.postgres_look import PostgresLook
from tests.servers.postgres import Postgres

ROWS = 12


def record(count: int) -> Record:
    return Record(datetime(2026, 5, 1, 12, tzinfo=UTC), "eva", "act", f"subject-{count}", {"count": count})


@pytest.mark.parametrize(
    ("sql", "broken"),
    [
        ("UPDATE audit SET detail = '{}' WHERE n = 5", 5),
        ("DELETE FROM audit WHERE n = 5", 6),
        ("UPDATE audit SET n = n + 100 WHERE n = 5", 6),
        ("UPDATE audit SET digest = '' WHERE n < 5", 5),
    ],
)
async def test_what_was_changed_on_a_server_is_found(sql: str, broken: int, postgres: Postgres) -> None:
    url = await postgres.database()
    store = await PostgresStore.open(url, lambda _changes, _outcomes: None)
    for count in range(ROWS):
        await store.commit(record(count))
    await store.close()

    await postgres.run(f"SET session_replication_role = replica; {sql}", url.rpartition("/")[2])

    look = await PostgresLook.open(url)
    walked = followed(Walked(), await look.audit_chain(BEGINNING, 1000))
    await look.close()
    await postgres.give_back(url)
    assert walked.broken is not None
    assert walked.broken.n == broken


@pytest.mark.parametrize("sql", ["UPDATE audit SET actor = 'jan'", "DELETE FROM audit", "TRUNCATE audit"])
async def test_a_server_refuses_to_change_a_row(sql: str, postgres: Postgres) -> None:
    url = await postgres.database()
    store = await PostgresStore.open(url, lambda _changes, _outcomes: None)
    await store.commit(record(1))

    with pytest.raises(asyncpg.RaiseError, match="only added to"):
        await postgres.run(sql, url.rpartition("/")[2])

    assert len(await store.audit_chain(BEGINNING, 10)) == 1
    await store.close()
    await postgres.give_back(url)


async def test_stores_on_one_server_make_one_chain(postgres: Postgres) -> None:
    url = await postgres.database()
    stores = [await PostgresStore.open(url, lambda _changes, _outcomes: None) for _ in range(2)]

    await asyncio.gather(*(stores[count % 2].commit(record(count)) for count in range(100)))

    walked = followed(Walked(), await stores[0].audit_chain(BEGINNING, 1000))
    for store in stores:
        await store.close()
    await postgres.give_back(url)
    assert (walked.rows, walked.broken) == (100, None)


async def test_a_look_at_a_server_may_not_write(postgres: Postgres) -> None:
    url = await postgres.database()
    look = await PostgresLook.open(url)

    with pytest.raises(Unavailable, match="read-only transaction"):
        await look._rows("DELETE FROM facts")  # noqa: SLF001  there is no public way to write

    await look.close()
    await postgres.give_back(url)
