"""Members who vanish without a word: noticed, let go with all that was held for them, and reached by nothing meanwhile."""

import asyncio
import re
from collections.abc import Callable
from random import Random

import aiohttp

from tests.e2e.cast import Cast
from tests.e2e.client import LIMIT, Api, Json
from tests.e2e.conftest import Relay, unlimited
from tests.e2e.server import within
from tests.network.crowd import Crowd
from tests.network.memory import MIB, Memory, open_files, settled
from tests.network.proxy import Behind, Fault, Proxy, place_of

SLUG = "town"
PING_S = 0.5
NOTICED = 3  # times as long without a word, and the connection is taken for dead
POSTS = 5
TEXT = "x" * 4096
LEFT = 8 * MIB  # that may stay when all of them are gone


async def test_who_vanishes_is_let_go_and_counts_as_reached_by_nothing(
    start_relay: Relay, http: aiohttp.ClientSession, seed: int, size: Callable[[int, int], int], figures: Callable[..., None]
) -> None:
    members, limit = size(200, 5000), size(20, 100)
    server = await start_relay(RELAY_STREAM__PING_SECONDS=str(PING_S), **unlimited("staff", "visitor"))
    loop = asyncio.get_running_loop()
    async with (
        Cast(http, server) as cast,
        Proxy(place_of(server), Random(seed)) as proxy,
        Crowd(Behind(server, proxy), Random(seed), is_hasty=True) as crowd,
    ):
        await cast.found(SLUG)
        await crowd.enrol(cast.owner, SLUG, members)
        memory, files = Memory(server.pid), open_files(server.pid)
        crowd.start(*crowd.members)
        await crowd.all_in(limit=limit)

        proxy.strike(Fault.HALF_OPEN, share=1.0)
        began = loop.time()
        posts = [(await cast.post(SLUG, TEXT))["id"] for _ in range(POSTS)]
        await connected(cast.owner, 0)
        noticed = loop.time() - began
        await settled(lambda: open_files(server.pid) <= files, limit)
        left = memory.now - memory.before
        meanwhile = [await counts(cast.owner, post) for post in posts]
        proxy.heal()
        await crowd.all_have(POSTS, limit=limit)
        async with within(LIMIT, "their acknowledgements are written down"):
            while (await counts(cast.owner, posts[-1]))["delivered"] < members:
                pass

        figures(members=members, noticed_s=round(noticed, 1), left_mib=round(left / MIB, 1), memory=memory)
        assert noticed >= PING_S * (NOTICED - 1)
        assert [found["delivered"] for found in meanwhile] == [0] * POSTS
        assert [found["sending"] + found["sent"] for found in meanwhile] == [members] * POSTS
        assert left <= LEFT
        assert [(member.gaps, member.repeated) for member in crowd.members] == [(0, 0)] * members


async def counts(owner: Api, post: str) -> Json:
    return (await owner.get(f"/v1/posts/{post}"))["counts"]


async def connected(owner: Api, count: int) -> None:
    """Return when the relay says that so many members are connected."""
    async with within(LIMIT, f"{count} members connected"):
        while True:
            said = (await owner.ask("GET", "/metrics")).raw.decode()
            found = re.search(r"^relay_members_connected (\S+)$", said, re.MULTILINE)
            if found and float(found[1]) == count:
                return
