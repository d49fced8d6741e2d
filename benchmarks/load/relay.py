"""The relay as it is installed, in a process of its own, with a community of a given size."""

import asyncio
import secrets
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from aiohttp import ClientSession

from benchmarks.engines import Place
from benchmarks.load.client import write_tokens
from benchmarks.load.program import raise_files
from relay.clock import SystemClock
from relay.compose.flows import new_id, new_secret
from relay.core.community import Community
from relay.core.staff import Actor, Role
from relay.flows.enrol import Enrol, Newcomer
from relay.flows.govern import Govern
from relay.ports import Engine

SLUG = "bench"
OWNER = Actor("bench", "Bench", Role.OWNER)
READY_SECONDS = 60.0
AT_ONCE = 500  # members that are enrolled at the same time


@dataclass(frozen=True, slots=True)
class Served:
    """A running relay; `tokens` is a file with a member's token a line."""

    url: str
    port: int
    pid: int
    tokens: Path
    client: ClientSession

    async def post(self, text: str) -> dict[str, Any]:
        """Posts to everybody and returns the receipt."""
        return await self.call("POST", f"/v1/communities/{SLUG}/posts", {"text": text})

    async def call(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        """Any call of the owner; raises for anything but success."""
        async with self.client.request(method, self.url + path, json=body) as response:
            response.raise_for_status()
            answer: dict[str, Any] = await response.json()
            return answer


async def seed(place: Place, members: int) -> list[str]:
    """Fills a fresh database and returns the members' tokens."""
    async with place.opened() as store:
        return await _fill(store, members)


async def _fill(store: Engine, members: int) -> list[str]:
    clock = SystemClock()
    community = Community(new_id(), SLUG, "Bench", clock.now())
    await Govern(store, clock, new_id, new_secret).found(OWNER, community)
    found = await store.community(SLUG)
    if found is None:
        raise LookupError(SLUG)
    enrol = Enrol(store, clock, new_id, new_secret, b"key")
    tokens: list[str] = []
    for start in range(0, members, AT_ONCE):
        count = min(AT_ONCE, members - start)
        added = await asyncio.gather(*(enrol.add(OWNER, found, Newcomer("bench", "1")) for _ in range(count)))
        tokens += [welcome.token for welcome in added]
    return tokens


@asynccontextmanager
async def relay(members: int, config: str = "", url: str | None = None) -> AsyncIterator[Served]:
    """A relay with that many members; `config` is TOML, `url` an empty PostgreSQL database. Stopped by its own process id."""
    raise_files()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="relay-bench-")))
        data = folder / "data"
        data.mkdir()
        place = Place(data, url)
        tokens = write_tokens(folder / "tokens", await seed(place, members))
        settings = folder / "relay.toml"
        settings.write_text(config)
        owner = secrets.token_hex(32)
        log = stack.enter_context((folder / "log").open("w+b"))
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "relay", "serve", "--config", str(settings), "--data", str(data), "--port", "0",
            stdout=asyncio.subprocess.PIPE, stderr=log,
            env={**place.environment, "RELAY_OWNER_TOKEN": owner},
        )  # fmt: skip
        try:
            url = await _ready(process, folder / "log")
            port = urlsplit(url).port or 0
            async with ClientSession(headers={"Authorization": f"Bearer {owner}"}) as client:
                yield Served(url, port, process.pid, tokens, client)
        finally:
            if process.returncode is None:
                process.terminate()
            await process.wait()


async def _ready(process: asyncio.subprocess.Process, log: Path) -> str:
    if process.stdout is None:
        raise RuntimeError("no standard output")
    line = (await asyncio.wait_for(process.stdout.readline(), READY_SECONDS)).decode()
    if not line.startswith("ready "):
        raise RuntimeError(f"the relay did not start:\n{log.read_text()}")  # noqa: ASYNC240 - nothing else runs then
    return line.split()[1]
