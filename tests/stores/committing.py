"""A process that commits until it is killed: says each name after its commit returned. Arguments: the folder, what to do."""

import asyncio
import resource
import sys
from datetime import UTC, datetime
from pathlib import Path

import structlog

from relay.core.change import Record, SetFact
from relay.core.errors import Unavailable
from relay.stores.sqlite import SqliteStore

COMMITTERS = 20
FILE_LIMIT = 2_000_000  # bytes


async def commit_for_ever(store: SqliteStore, committer: int) -> None:
    count = 0
    while True:
        name = f"{committer}.{count}"
        record = Record(datetime(2026, 1, 1, tzinfo=UTC), "eva", "fact.set", name, {})
        await store.commit(SetFact(name, "x" * 500), record)
        print(name, flush=True)  # noqa: T201  how the test hears of it
        count += 1


async def commit_until_killed(folder: Path) -> None:
    store = await SqliteStore.open(folder / "relay.db", lambda _changes, _outcomes: None)
    await asyncio.gather(*(commit_for_ever(store, committer) for committer in range(COMMITTERS)))


async def commit_until_the_disk_fails(folder: Path) -> None:
    store = await SqliteStore.open(folder / "relay.db", lambda _changes, _outcomes: None)
    resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_LIMIT, FILE_LIMIT))
    try:
        await commit_for_ever(store, 0)
    except Unavailable:
        await asyncio.wait_for(store.broken.wait(), 10)
        read = await store.fact("0.0")
        print("broken", len(read or ""), flush=True)  # noqa: T201


if __name__ == "__main__":
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))  # what is printed was acknowledged, no more
    acts = {"kill": commit_until_killed, "limit": commit_until_the_disk_fails}
    asyncio.run(acts[sys.argv[2]](Path(sys.argv[1])))
