"""kill -9 of PostgreSQL while posts go out and replies come in: nothing lost, nothing twice, and the relay comes back."""

import asyncio
import os
from collections.abc import Callable
from random import Random

import aiohttp
import pytest

from tests.conftest import is_soak
from tests.e2e.cast import Cast
from tests.e2e.client import Frame, MemberClient
from tests.e2e.conftest import Relay, unlimited
from tests.e2e.server import Server, within
from tests.e2e.test_kill import CROWD, END_S, FEWER, SHORTER, UNAVAILABLE, WHOLE, WOKEN, Reply, Town, replies_of
from tests.servers import engines
from tests.servers.postgres import Postgres

BACK_S = 10.0  # until the relay takes work again, from the moment at which the database does


class Patient(MemberClient):
    """Says again what was refused while the database was away, when it is back."""

    async def _take(self, socket: aiohttp.ClientWebSocketResponse, frame: Frame, raw: str) -> None:
        is_away = frame["type"] == "refused" and frame["problem"]["status"] == UNAVAILABLE
        if not is_away or frame["client_id"] not in self._pending:
            await super()._take(socket, frame, raw)
            return
        self._again = asyncio.get_running_loop().create_task(self._say_again(self._pending[frame["client_id"]]))

    async def _say_again(self, frame: Frame) -> None:
        await self.api.server.up.wait()
        await self.frame(frame)


class PatientCast(Cast):
    """Everybody waits for the database."""

    def known(self, member: Frame) -> MemberClient:
        client = Patient(self.api(member["token"]), self.heard, member, rewind=self._rewind, random=self._random)
        self.members.append(client)
        return client


@pytest.mark.parametrize("engine", [engines.POSTGRESQL], indirect=True)
async def test_kills_of_the_database_lose_nothing_and_show_nothing_twice(
    start_relay: Relay, postgres: Postgres, http: aiohttp.ClientSession, size: Callable[[int, int], int], seed: int
) -> None:
    random = Random(seed)
    cycles = size(5, 200)
    posts, members, replies = _sizes()
    server = await start_relay(**unlimited("staff", "visitor"))
    async with PatientCast(http, server, rewind=3, random=random) as cast:
        town = Town(cast, random)
        await town.fill(members, CROWD if is_soak() else WOKEN)
        acts: list[int | Reply] = [*range(posts), *replies_of(random, replies, members)]
        random.shuffle(acts)
        interrupted = 0

        for cycle in range(cycles):
            chunk = acts[cycle::cycles]
            town.act(chunk)
            await town.moment(chunk)
            interrupted += town.unanswered
            server.up.clear()
            await asyncio.to_thread(random.choice([postgres.kill, postgres.crash]))
            await asyncio.to_thread(postgres.start)
            await _back(server, cast)
            await town.check_ledger()

        await cast.heard.until(lambda: town.is_quiet or town.is_broken, END_S)
        await town.check_end(posts)
        assert server.starts == 1
        assert interrupted > cycles, "kills that interrupt nothing show nothing"


async def _back(server: Server, cast: Cast) -> None:
    """The same process answers again; then everybody may go on."""
    async with within(BACK_S, "the relay takes work again"):
        while (await cast.api(None).ask("GET", "/readyz")).status != 200:
            pass
    server.up.set()


def _sizes() -> tuple[int, int, int]:
    if "RELAY_EXAMPLES" in os.environ:
        return FEWER
    return WHOLE if is_soak() else SHORTER
