"""Whether PostgreSQL still keeps what was erased: read from the pages of its own files, and with somebody who holds it back.

Its WAL is left out: it and its copies are the operator's to end. So is the free room of a page, which the next row overwrites.
"""

import asyncio
import struct
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import pytest

from relay.core.change import AddToken, Erase
from relay.core.device import AddDevice, Device, DropDevices, SecretHash
from relay.core.erasure import PurgeErased
from relay.core.errors import Unavailable
from relay.core.identity import token_digest
from relay.core.member import Member
from relay.core.staff import Token, TokenKind
from relay.stores.postgres import PostgresStore
from tests.servers import engines
from tests.servers.postgres import Postgres
from tests.stores.conftest import HELD, World

pytestmark = pytest.mark.skipif(engines.POSTGRESQL not in engines.wanted(), reason="RELAY_ENGINES leaves it out")
MARK = "wombat4711"
NOW = datetime(2026, 12, 1, tzinfo=UTC)
PAGE = 8192  # bytes, as the server is built everywhere
HEAD, POINTER = 24, 4  # bytes of a page's header and of each pointer to an item, from the documentation of its page layout
IN_USE = 1  # the pointer's flag for an item with its bytes; others are dead, and theirs are free room
MANY = 40
DEVICES = 3


@pytest.fixture
async def url(postgres: Postgres) -> AsyncIterator[str]:
    """Made new, and gone afterwards: nothing of other tests is in its files."""
    found = await postgres.empty()
    yield found
    await postgres.drop(found)


@pytest.fixture
async def world(url: str) -> AsyncIterator[World]:
    made = World(await PostgresStore.open(url, lambda _changes, _outcomes: None))
    made.run = await made.start_run()
    yield made
    await made.store.close()  # type: ignore[attr-defined]


async def test_no_page_holds_what_was_erased_before(postgres: Postgres, world: World, url: str) -> None:
    before = await erased(postgres, world, url)

    await world.store.purged()  # type: ignore[attr-defined]
    await postgres.run("CHECKPOINT")

    assert before > 0
    assert held(await postgres.files(url)) == 0


async def test_what_somebody_could_still_see_is_not_taken_for_gone(postgres: Postgres, world: World, url: str) -> None:
    looking = await asyncpg.connect(url)
    await looking.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
    await looking.execute("SELECT count(*) FROM messages")
    await erased(postgres, world, url)

    with pytest.raises(Unavailable) as refused:
        await world.store.purged()  # type: ignore[attr-defined]
    await looking.close()
    await world.store.purged()  # type: ignore[attr-defined]
    await postgres.run("CHECKPOINT")

    assert "keeps deleted rows" in refused.value.detail
    assert held(await postgres.files(url)) == 0


async def test_of_two_relays_one_clears(world: World, url: str) -> None:
    other = await PostgresStore.open(url, lambda _changes, _outcomes: None)
    holding = await asyncpg.connect(url)
    await holding.execute(
        "BEGIN; LOCK TABLE messages IN SHARE UPDATE EXCLUSIVE MODE"
    )  # nobody is through before the other comes

    both = {asyncio.create_task(store.purged()) for store in (world.store, other)}  # type: ignore[attr-defined]
    (refused,), (clears,) = await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
    await holding.close()
    await clears
    await other.purged()
    await other.close()

    with pytest.raises(Unavailable, match="Another relay clears"):
        refused.result()


async def erased(postgres: Postgres, world: World, url: str) -> int:
    """How many items of its pages held the mark before; somebody else stays, so that no table becomes empty."""
    community = await world.community()
    gone, stays = await world.members(community, 2)
    first = await world.replied(gone, HELD, f"{MARK} first")
    kept = await world.replied(stays, HELD, "of somebody else")
    for count in range(MANY):
        await world.filed(world.reply(gone, first.ref, HELD, f"{MARK} {count} " + "and so on " * 30))
        await world.filed(world.reply(stays, kept.ref, HELD, f"somebody else {count}"))
    for count in range(DEVICES):
        for member, device in (gone, f"{MARK}-{count}"), (stays, f"of-somebody-else-{count}"):
            await world.store.commit(signed_in(member, count, device), admitted(member, count, device))
    await postgres.run("ANALYZE", url.rpartition("/")[2])
    await postgres.run("CHECKPOINT")
    before = held(await postgres.files(url))
    await world.store.commit(Erase(gone.n, gone.id, world.clock.now()))
    while (await world.store.commit(PurgeErased(gone.id, 100)))[0]:
        pass
    await world.store.commit(DropDevices(tuple(f"{gone.id}.{count}" for count in range(DEVICES))))
    return before


def signed_in(member: Member, count: int, device: str) -> AddToken:
    id_ = f"{member.id}.{count}"
    return AddToken(Token(id_, TokenKind.MEMBER, token_digest(id_), member.id, NOW, device))


def admitted(member: Member, count: int, device: str) -> AddDevice:
    secret = SecretHash(token_digest(device), "c2FsdA==")
    return AddDevice(
        Device(f"{member.id}.{count}", TokenKind.MEMBER, member.id, device, secret, NOW, sealed=f"sealed {device}")
    )


def held(files: list[Path]) -> int:
    """Items with the mark in any page of any table, index or catalog."""
    return sum(MARK.encode() in item for file in files for item in items(file.read_bytes()))


def items(content: bytes) -> Iterator[bytes]:
    for start in range(0, len(content), PAGE):
        page = content[start : start + PAGE]
        (lower,) = struct.unpack_from("=H", page, 12)
        for at in range(HEAD, lower, POINTER):
            (pointer,) = struct.unpack_from("=I", page, at)
            offset, flags, length = pointer & 0x7FFF, pointer >> 15 & 3, pointer >> 17
            if flags == IN_USE:
                yield page[offset : offset + length]
