"""The network between members and the relay fails in every way while posts and replies go on: nothing is lost or doubled."""

import os
from collections.abc import Callable
from contextlib import suppress
from random import Random

import aiohttp

from tests.e2e.cast import Cast
from tests.e2e.client import Api
from tests.e2e.conftest import Relay, unlimited
from tests.e2e.server import OWNER_TOKEN
from tests.network.memory import Memory, open_files, settled
from tests.network.proxy import Behind, Fault, Proxy, place_of
from tests.network.traffic import Traffic

MEMBERS = 40
POSTS, REPLIES = 1, 12  # an event
COME_ANEW = 10  # members who connect anew where a fault strikes new connections
LASTS_S = 0.05, 0.4  # an event, unless everything is done before
PING_S = 2.0  # half-open connections go within three of these
REST_S = 60.0  # until everything is settled after the last event


async def test_whatever_the_network_does_nothing_is_lost_or_doubled(
    start_relay: Relay, http: aiohttp.ClientSession, seed: int, size: Callable[[int, int], int], figures: Callable[..., None]
) -> None:
    random = Random(seed)
    events = size(12 if "RELAY_EXAMPLES" in os.environ else 50, 5000)
    server = await start_relay(RELAY_STREAM__PING_SECONDS=str(PING_S), **unlimited("staff", "visitor", "member"))
    async with (
        Proxy(place_of(server), random) as proxy,
        Cast(http, Behind(server, proxy), rewind=3, random=random) as cast,
    ):
        town = Traffic(cast, Api(http, server, OWNER_TOKEN), random)
        await town.fill(MEMBERS)
        memory, files = Memory(server.pid), open_files(server.pid)

        for number in range(events):
            fault = list(Fault)[number % len(Fault)]
            proxy.strike(fault)
            town.act(POSTS, REPLIES)
            if fault in {Fault.REFUSE, Fault.TWICE}:
                for member in random.sample(town.members, COME_ANEW):
                    await member.hang_up()
            with suppress(AssertionError):
                await cast.heard.until(lambda: town.is_quiet, random.uniform(*LASTS_S))
            proxy.heal()
        await town.settle(REST_S)

        await town.check()
        await settled(lambda: open_files(server.pid) <= files + MEMBERS, REST_S)
        figures(events=events, struck=proxy.struck, posts=len(town.posts), said=town.said, memory=memory)
        assert set(proxy.struck) == set(Fault), "a fault that strikes nobody shows nothing"
        assert [line for line in server.log.read_text().splitlines() if '"level":"error"' in line] == []
