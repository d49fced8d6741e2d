"""A relay for each test, started as an operator starts it, and everybody who talks to it."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import aiohttp
import pytest

from tests.e2e.client import LIMIT
from tests.e2e.server import Server
from tests.servers import engines
from tests.servers.postgres import Postgres

HELD_WORD = "blorp"
HOLDING = {  # a made-up word that is held for a person
    "RELAY_PLUGINS__WORDS": f'{{"add": ["{HELD_WORD}"]}}',
    "RELAY_PLUGINS__FLOOD": "{}",
    "RELAY_PLUGINS__REPEAT": "{}",
    "RELAY_MODERATION__WEIGHTS": '{"words.insult": 6.0}',
}


def unlimited(*callers: str) -> dict[str, str]:
    """Settings under which these kinds of caller (staff, member, visitor) never ask too often."""
    enough = "1000000"
    http = {f"RELAY_HTTP__LIMITS__{who.upper()}__{part}": enough for who in callers for part in ("BURST", "PER_SECOND")}
    return {**http, "RELAY_STREAM__SEND_BURST": enough}


Relay = Callable[..., Awaitable[Server]]


@pytest.fixture(params=engines.wanted())
async def engine(request: pytest.FixtureRequest) -> AsyncIterator[Mapping[str, str]]:
    """The settings that choose the database: every test that starts a relay runs on each engine."""
    if request.param == engines.SQLITE:
        yield {}
        return
    server: Postgres = request.getfixturevalue("postgres")
    url = await server.database()
    yield {"RELAY_STORE__URL": url}
    await server.give_back(url)


@pytest.fixture
def program() -> Sequence[str]:
    """What starts the relay: nothing, it is forked. Where the start or the memory is what is tested, the program itself."""
    return ()


@pytest.fixture
async def start_relay(tmp_path: Path, engine: Mapping[str, str], program: Sequence[str]) -> AsyncIterator[Relay]:
    """Start a relay on a fresh folder and database, with settings as environment variables."""
    async with AsyncExitStack() as stack:

        async def start(**environment: str) -> Server:
            server = Server(tmp_path / "data", {**engine, **environment}, program)
            stack.push_async_callback(server.kill)
            await server.start()
            return server

        yield start


@pytest.fixture
async def relay_server(start_relay: Relay) -> Server:
    """A running relay as it is shipped."""
    return await start_relay()


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=LIMIT)) as session:
        yield session
