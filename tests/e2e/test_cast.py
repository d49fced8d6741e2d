"""What the tests with many members rest on: whoever waits hears of every end, and of what broke."""

import os
import signal
from pathlib import Path

import aiohttp

from tests.e2e.cast import Cast
from tests.e2e.conftest import Relay
from tests.e2e.server import Server


async def test_whoever_waits_hears_that_an_errand_is_over(http: aiohttp.ClientSession, tmp_path: Path) -> None:
    async with Cast(http, Server(tmp_path / "data", {})) as cast:

        async def errand() -> None:
            cast.heard.fire()  # who looks now finds it under way, and nothing else is said after it

        cast.begin(errand())
        await cast.heard.until(lambda: not cast.errands)
        assert cast.faults == []


async def test_an_errand_that_breaks_off_is_a_fault(http: aiohttp.ClientSession, tmp_path: Path) -> None:
    async with Cast(http, Server(tmp_path / "data", {})) as cast:

        async def errand() -> None:
            raise KeyError("lost")

        cast.begin(errand())
        await cast.heard.until(lambda: bool(cast.faults))
        assert "KeyError('lost')" in cast.faults[0]


async def test_a_relay_that_ends_by_itself_is_named(start_relay: Relay, http: aiohttp.ClientSession) -> None:
    server = await start_relay()
    async with Cast(http, server) as cast:
        await cast.found("town")
        await cast.join("town")
        assert await server.why_gone() == ""
        os.kill(server.pid, signal.SIGKILL)
        await cast.heard.until(lambda: bool(cast.faults))
        assert f"the relay ended by itself with {-signal.SIGKILL}" in cast.faults[0]
