"""When open files run short: the relay refuses by name, keeps whom it has, does not spin, and takes new ones again."""

import asyncio
import resource
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from random import Random
from urllib.parse import urlsplit

import aiohttp
import pytest

from relay.web.door import REQUESTS
from tests.e2e.cast import Cast
from tests.e2e.client import LIMIT
from tests.e2e.conftest import unlimited
from tests.e2e.server import PROGRAM, Server
from tests.network.crowd import AT_ONCE, Crowd
from tests.network.memory import Memory, cpu_seconds, open_files, rest, settled

SLUG = "town"
FILES = 256
KEPT = 128  # of them that are no connections'
MEMBERS = 200  # more than there is room for
KNOCKS = 3  # in vain, until somebody counts as refused
WATCHED_S = 1.0
BUSY_S = 0.5  # processor seconds of a relay that spins would be all of them


@pytest.fixture
async def cramped(tmp_path: Path) -> AsyncIterator[Server]:
    """A relay that may open few files."""
    program = ("sh", "-c", f'ulimit -n {FILES} && exec "$0" "$@"', *PROGRAM)
    server = Server(tmp_path / "data", unlimited("staff", "visitor"), program)
    await server.start()
    yield server
    await server.kill()


async def test_without_room_for_connections_it_refuses_by_name_and_keeps_whom_it_has(
    cramped: Server, http: aiohttp.ClientSession, seed: int, figures: Callable[..., None]
) -> None:
    async with Cast(http, cramped) as cast, Crowd(cramped, Random(seed), is_hasty=True) as crowd:
        await cast.found(SLUG)
        await crowd.enrol(cast.owner, SLUG, MEMBERS)
        memory = Memory(cramped.pid)

        crowd.start(*crowd.members)
        await crowd.heard.until(lambda: all(member.is_in or member.refused > KNOCKS for member in crowd.members))
        inside = [member for member in crowd.members if member.is_in]
        crowd.stop(*(member for member in crowd.members if not member.is_in))
        await settled(lambda: open_files(cramped.pid) <= FILES - KEPT / 2, LIMIT)  # those refused are gone
        files = open_files(cramped.pid)
        async with aiohttp.ClientSession() as new:  # a connection of its own: staff get in beside any number of members
            await Cast(new, cramped).post(SLUG, "Closed tomorrow")
        await crowd.all_have(1, *inside, limit=LIMIT)
        crowd.stop(*inside[: len(inside) // 2])
        late = [member for member in crowd.members if not member.is_in][: len(inside) // 2]
        crowd.start(*late)
        await crowd.all_have(1, *late, limit=LIMIT)

        figures(inside=len(inside), files=files, most=FILES, memory=memory)
        assert FILES - KEPT - AT_ONCE <= len(inside) + 1 <= FILES - KEPT - REQUESTS + 1  # the owner keeps some too
        assert files <= FILES - KEPT / 2
        await settled(lambda: "no room for connections" in cramped.log.read_text(), LIMIT)
        assert "Traceback" not in cramped.log.read_text()


async def test_without_any_file_left_it_neither_spins_nor_dies(
    cramped: Server, http: aiohttp.ClientSession, seed: int, figures: Callable[..., None]
) -> None:
    async with Cast(http, cramped) as cast, Crowd(cramped, Random(seed)) as crowd:
        await cast.found(SLUG)
        await crowd.enrol(cast.owner, SLUG, 20)
        crowd.start(*crowd.members[:10])
        await crowd.all_in(*crowd.members[:10], limit=LIMIT)
        resource.prlimit(cramped.pid, resource.RLIMIT_NOFILE, (open_files(cramped.pid), FILES))

        knocking = [await knock(cramped) for _ in range(50)]
        before = cpu_seconds(cramped.pid)
        await rest(WATCHED_S)
        spent = cpu_seconds(cramped.pid) - before
        await cast.post(SLUG, "Closed tomorrow")
        await crowd.all_have(1, *crowd.members[:10], limit=LIMIT)
        resource.prlimit(cramped.pid, resource.RLIMIT_NOFILE, (FILES, FILES))
        crowd.start(*crowd.members[10:])
        await crowd.all_have(1, limit=LIMIT)

        figures(busy=round(spent / WATCHED_S, 2))
        assert spent < BUSY_S
        for writer in knocking:
            writer.close()


async def knock(server: Server) -> asyncio.StreamWriter:
    address = urlsplit(server.url)
    _, writer = await asyncio.open_connection(address.hostname, address.port)
    return writer
