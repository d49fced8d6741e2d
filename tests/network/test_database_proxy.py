"""The network between the relay and PostgreSQL fails in every way while posts and replies go on: accepted means stored."""

import os
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from pathlib import Path
from random import Random

import aiohttp
import pytest

from tests.e2e.cast import Cast
from tests.e2e.client import Api
from tests.e2e.conftest import unlimited
from tests.e2e.server import OWNER_TOKEN, Server
from tests.network.memory import Memory
from tests.network.proxy import Fault, Proxy
from tests.network.traffic import Traffic
from tests.servers.postgres import Postgres

MEMBERS = 40
POSTS, REPLIES = 1, 12  # an event
LASTS_S = 0.05, 0.4  # an event, unless everything is done before
FAULTS = [fault for fault in Fault if fault is not Fault.TWICE]  # nobody says a whole session to a database twice
REST_S = 60.0  # until everything is settled after the last event


@pytest.fixture
async def database(postgres: Postgres) -> AsyncIterator[str]:
    """Its URL."""
    url = await postgres.database()
    yield url
    await postgres.give_back(url)


@pytest.fixture
async def reached(tmp_path: Path, postgres: Postgres, database: str, seed: int) -> AsyncIterator[tuple[Server, Proxy]]:
    """A relay, and the proxy through which it reaches its database."""
    async with Proxy(lambda: ("127.0.0.1", postgres.port), Random(seed)) as proxy:
        through = database.replace(f":{postgres.port}/", f":{proxy.port}/")
        server = Server(tmp_path / "data", {"RELAY_STORE__URL": through, **unlimited("staff", "visitor", "member")})
        await server.start()
        yield server, proxy
        await server.kill()


async def test_whatever_the_network_does_the_relay_comes_back_with_all_that_was_accepted(
    reached: tuple[Server, Proxy],
    http: aiohttp.ClientSession,
    seed: int,
    size: Callable[[int, int], int],
    figures: Callable[..., None],
) -> None:
    random = Random(seed)
    events = size(12 if "RELAY_EXAMPLES" in os.environ else 50, 5000)
    server, proxy = reached
    async with Cast(http, server, rewind=3, random=random) as cast:
        town = Traffic(cast, Api(http, server, OWNER_TOKEN), random)
        await town.fill(MEMBERS)
        memory = Memory(server.pid)

        for number in range(events):
            proxy.strike(FAULTS[number % len(FAULTS)], share=1.0)
            town.act(POSTS, REPLIES)
            with suppress(AssertionError):
                await cast.heard.until(lambda: town.is_quiet, random.uniform(*LASTS_S))
            proxy.heal()
        await town.settle(REST_S)

        await town.check()
        figures(events=events, struck=proxy.struck, posts=len(town.posts), said=town.said, memory=memory)
        assert set(proxy.struck) == set(FAULTS), "a fault that strikes nobody shows nothing"
