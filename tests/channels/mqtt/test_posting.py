"""A post of a company system that two relays have at the same time, since the turn at the broker passed on meanwhile."""

import asyncio
from pathlib import Path
from typing import cast

from relay.bus import Bus
from relay.channels.mqtt.topics import FromCompany
from relay.compose.mqtt import Posting
from relay.core.change import AddKey
from relay.core.rate import Buckets, Rate
from relay.core.staff import Key, Token, TokenKind
from relay.flows.publish import Publish
from relay.ports import Engine, Paging
from relay.stores.sqlite import SqliteStore
from relay.web.idempotency import Repeats
from tests.channels.mqtt.rig import Gated, within
from tests.stores.conftest import World


def posting(store: Engine, world: World) -> Posting:
    publish = Publish(store, world.clock, world.ids, lambda: 1)
    return Posting(store, world.clock, publish, Repeats(store, world.clock), Buckets(Rate(10, 1)))


async def test_both_give_the_receipt_of_the_one_post(tmp_path: Path) -> None:
    store = await SqliteStore.open(tmp_path / "relay.db", Bus().announce)
    world = World(store)
    await world.start_run()
    community = await world.community()
    now = world.clock.now()
    key = Key("till", "Till", ("posts:write",), "eva", now)
    await store.commit(AddKey(key, Token("t", TokenKind.KEY, "digest", key.id, now)))
    sender, raw = FromCompany(community.slug, key.id), b'{"text":"Fresh bread"}'
    gated = Gated(store)
    earlier, later = posting(store, world), posting(cast("Engine", gated), world)

    committing = gated.hold("commit")
    second = asyncio.create_task(later.post(sender, raw, "b1"))
    await within(committing.wait())
    first = await earlier.post(sender, raw, "b1")
    gated.go("commit")

    (answer,) = await within(asyncio.gather(second, return_exceptions=True))

    assert answer == first
    assert len((await store.posts(community.n, Paging())).items) == 1
    await store.close()
