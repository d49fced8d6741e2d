"""Everybody comes back at once after a restart: all are in within a minute with what they missed, and others are served too."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from random import Random

import aiohttp

from tests.e2e.cast import Cast
from tests.e2e.conftest import Relay, unlimited
from tests.network.crowd import Crowd
from tests.network.memory import MIB, Memory, rest

SLUG = "town"
BACK_S = 60.0
MISSED = 3  # posts while they are away
EACH = 20_000  # bytes of the relay's that one of them may cost at most on the way
CALL_S = 0.02  # between two calls of others


async def test_all_come_back_with_what_they_missed(
    start_relay: Relay, http: aiohttp.ClientSession, seed: int, size: Callable[[int, int], int], figures: Callable[..., None]
) -> None:
    members = 200 if "RELAY_EXAMPLES" in os.environ else size(2000, 10_000)
    server = await start_relay(**unlimited("staff", "visitor"))
    async with Cast(http, server) as cast, Crowd(server, Random(seed)) as crowd:
        await cast.found(SLUG)
        await crowd.enrol(cast.owner, SLUG, members)
        crowd.start(*crowd.members)
        await crowd.all_in(limit=BACK_S)

        code = await server.stop()
        told = await back(cast, crowd, MISSED)
        await cast.post(SLUG, "The last before the lights go out")
        await server.kill()
        crowd.is_hasty = True
        ignored = await back(cast, crowd, 2 * MISSED + 1)

        figures(members=members, as_told=told, all_at_once=ignored)
        assert code == 0
        assert {bye for member in crowd.members for bye in member.byes} <= {"restart", "no hello"}
        assert sum(member.byes["restart"] for member in crowd.members) == members
        assert len({member.told_ms for member in crowd.members}) > members / 4, "each is told a moment of their own"
        assert [member.gaps for member in crowd.members] == [0] * members


async def back(cast: Cast, crowd: Crowd, seq: int) -> dict[str, object]:
    """Start the relay, post at once, and wait until all have everything up to `seq`."""
    loop, server = asyncio.get_running_loop(), cast.server
    async with calling(cast) as waits:
        await server.start()
        memory, began = Memory(server.pid), loop.time()
        for number in range(MISSED):
            await cast.post(SLUG, f"What they missed, {number}")
        await crowd.all_have(seq, limit=BACK_S - (loop.time() - began))
        await crowd.all_in(limit=BACK_S - (loop.time() - began))
        seconds = loop.time() - began
    assert memory.growth <= EACH * len(crowd.members) + 16 * MIB
    return {"seconds": round(seconds, 1), "others_p99_ms": p99_ms(waits), "others": len(waits), "memory": str(memory)}


@asynccontextmanager
async def calling(cast: Cast) -> AsyncIterator[list[float]]:
    """The seconds that calls of staff take all the while."""
    loop, waits = asyncio.get_running_loop(), list[float]()

    async def call() -> None:
        await cast.server.up.wait()
        while True:
            began = loop.time()
            await cast.owner.get(f"/v1/communities/{SLUG}/posts?limit=1")
            waits.append(loop.time() - began)
            await rest(CALL_S)

    task = loop.create_task(call())
    yield waits
    task.cancel()
    ended = await asyncio.gather(task, return_exceptions=True)
    assert isinstance(ended[0], asyncio.CancelledError), ended


def p99_ms(seconds: list[float]) -> float:
    return round(sorted(seconds)[int(len(seconds) * 0.99)] * 1000, 1)
