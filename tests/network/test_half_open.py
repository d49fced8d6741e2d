"""Members who vanish without a word: noticed, let go with all that was held for them, and reached by nothing meanwhile."""

import asyncio
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
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
EACH = 16 * 1024  # bytes that a member may cost at most, whatever state their connection is in
ROOM = 16 * MIB  # besides
WAVES = 2  # all vanish so often
LEFT_EACH = 0.5  # objects of each of them that the last may leave; the first may fill what is kept on purpose
LEFT = 3_000  # besides


@dataclass(frozen=True, slots=True)
class Wave:
    """Seconds until the relay knew, objects that it held then, what it said of each post while nobody was there."""

    noticed: float
    objects: int
    counts: Sequence[Mapping[str, int]]


async def test_who_vanishes_is_let_go_and_counts_as_reached_by_nothing(
    start_relay: Relay, http: aiohttp.ClientSession, seed: int, size: Callable[[int, int], int], figures: Callable[..., None]
) -> None:
    members, limit = size(200, 5000), size(20, 100)
    server = await start_relay(RELAY_STREAM__PING_SECONDS=str(PING_S), **unlimited("staff", "visitor"))
    async with (
        Cast(http, server) as cast,
        Proxy(place_of(server), Random(seed)) as proxy,
        Crowd(Behind(server, proxy), Random(seed), is_hasty=True) as crowd,
    ):
        await cast.found(SLUG)
        await crowd.enrol(cast.owner, SLUG, members)
        memory, files = Memory(server.pid), open_files(server.pid)
        crowd.start(*crowd.members)
        waves: list[Wave] = []
        for _ in range(WAVES):
            await crowd.all_in(limit=limit)
            proxy.strike(Fault.HALF_OPEN, share=1.0)
            began = asyncio.get_running_loop().time()
            posts = [(await cast.post(SLUG, TEXT))["id"] for _ in range(POSTS)]
            await connected(cast.owner, 0)
            noticed = asyncio.get_running_loop().time() - began
            await settled(lambda: open_files(server.pid) <= files, limit)
            waves.append(await looked_at(cast.owner, noticed, posts))
            proxy.heal()
            await crowd.all_have(POSTS * len(waves), limit=limit)
            async with within(LIMIT, "their acknowledgements are written down"):
                while (await counts(cast.owner, posts[-1]))["delivered"] < members:
                    pass

        noticed_s = [round(wave.noticed, 1) for wave in waves]
        objects = [wave.objects for wave in waves]
        figures(members=members, noticed_s=noticed_s, objects=objects, memory=memory)
        assert min(noticed_s) >= PING_S * (NOTICED - 1)
        said = [found for wave in waves for found in wave.counts]
        assert [found["delivered"] for found in said] == [0] * POSTS * WAVES
        assert [found["sending"] + found["sent"] for found in said] == [members] * POSTS * WAVES
        assert memory.growth <= EACH * members + ROOM
        assert objects[-1] - objects[0] <= LEFT_EACH * members + LEFT
        assert [(member.gaps, member.repeated) for member in crowd.members] == [(0, 0)] * members


async def looked_at(owner: Api, noticed: float, posts: Sequence[str]) -> Wave:
    return Wave(noticed, int(await metric(owner, "relay_objects")), [await counts(owner, post) for post in posts])


async def counts(owner: Api, post: str) -> Json:
    return (await owner.get(f"/v1/posts/{post}"))["counts"]


async def connected(owner: Api, count: int) -> None:
    """Return when the relay says that so many members are connected."""
    async with within(LIMIT, f"{count} members connected"):
        while await metric(owner, "relay_members_connected") != count:
            pass


async def metric(owner: Api, name: str) -> float:
    said = (await owner.ask("GET", "/metrics")).raw.decode()
    found = re.search(rf"^{name} (\S+)$", said, re.MULTILINE)
    assert found, f"no {name} among the metrics"
    return float(found[1])
