"""The disk of a real relay fails at a write: it ends by itself, says why, and the next start has all that was accepted."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import aiohttp
import pytest

from tests.e2e.cast import Cast
from tests.e2e.conftest import unlimited
from tests.e2e.server import DRAINED_S, PROGRAM, Server
from tests.e2e.test_disk_full import MEMBERS, SLUG, Town

LIMIT = 2_000_000  # bytes of any file: the write that passes it fails with EFBIG
LIMITED = f"""
import os, pathlib, resource, sys
if pathlib.Path("limited").exists():
    resource.setrlimit(resource.RLIMIT_FSIZE, ({LIMIT}, {LIMIT}))
os.execv(sys.argv[1], sys.argv[1:])"""


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    """One whose files may not grow beyond the limit while there is a file `limited` beside its folder."""
    settings = unlimited("staff", "member", "visitor")
    made = Server(tmp_path / "data", settings, (sys.executable, "-c", LIMITED, *PROGRAM))
    yield made
    await made.kill()


async def test_a_disk_that_fails_ends_the_relay_and_the_next_start_has_what_was_accepted(
    tmp_path: Path, server: Server, http: aiohttp.ClientSession, size: Callable[[int, int], int]
) -> None:
    limited = tmp_path / "limited"
    limited.touch()
    await server.start()
    async with Cast(http, server) as cast:
        await cast.found(SLUG)
        for _ in range(MEMBERS):
            await cast.join(SLUG)
        town = Town(cast)

        for _ in range(size(1, 10)):
            while await accepts(town):
                pass
            server.up.clear()
            code = await server._ended(DRAINED_S)  # noqa: SLF001  it ends unasked, which no other test waits for
            said = server.log.read_text()
            limited.unlink()
            await server.start()

            assert code == 1
            assert '"event":"store failed"' in said
            assert "disk I/O error" in said
            assert "started again it recovers" in said
            assert await town.post()
            await town.check()
            assert await server.stop() == 0
            limited.touch()
            await server.start()


async def accepts(town: Town) -> bool:
    """Whether it still does; a post and a message of each at once."""
    try:
        works = await town.post()
    except aiohttp.ClientError:
        return False
    for member in town.cast.members:
        town.said += 1
        await member.send(f"said-{town.said}", "x" * 1000)
    await asyncio.sleep(0)
    return works
