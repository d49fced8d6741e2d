"""The clients that the reference shows do what it says: they are cut out of their pages and run against a relay."""

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp

from tests.e2e.client import LIMIT, Api
from tests.e2e.server import OWNER_TOKEN, ROOT, Server, within

REFERENCE = ROOT / "docs" / "reference"
COMMUNITY = {"slug": "pool", "name": "Town Pool"}
ADA = {"name": "Ada", "consent": {"source": "desk", "text_version": "1"}}


async def test_the_members_client_shows_old_and_new_items_and_acknowledges_them(
    relay_server: Server, http: aiohttp.ClientSession, tmp_path: Path
) -> None:
    owner, ada = await _people(relay_server, http)
    old = await owner.want(202, "POST", "/v1/communities/pool/posts", {"text": "closed tomorrow"})

    async with _client("stream.md", ada, tmp_path) as lines:
        first = await _line(lines, "post")
        await ada.want(202, "POST", "/v1/me/messages", {"client_id": "1", "text": "what a pity"})
        second = await _line(lines, "message")
        post = await owner.until(f"/v1/posts/{old['id']}", lambda post: post["counts"]["delivered"] == 1)

    assert (first, second) == ("1 post company closed tomorrow", "2 message self what a pity")
    assert post["audience"] == 1


async def test_the_staffs_reader_shows_what_a_member_writes(
    relay_server: Server, http: aiohttp.ClientSession, tmp_path: Path
) -> None:
    owner, ada = await _people(relay_server, http)

    async with _client("staff-stream.md", owner, tmp_path) as lines:
        await _line(lines, "connected")
        await ada.want(202, "POST", "/v1/me/messages", {"client_id": "1", "text": "what a pity"})
        shown = await _line(lines, "pity")

    thread = (await owner.get("/v1/communities/pool/threads"))["items"][0]["id"]
    assert shown == f"{thread} what a pity"


async def _people(server: Server, http: aiohttp.ClientSession) -> tuple[Api, Api]:
    """The owner of a community, and its one member."""
    owner = Api(http, server, OWNER_TOKEN)
    await owner.want(201, "POST", "/v1/communities", COMMUNITY)
    ada = await owner.want(201, "POST", "/v1/communities/pool/members", ADA)
    return owner, Api(http, server, ada["token"])


@asynccontextmanager
async def _client(page: str, who: Api, folder: Path) -> AsyncIterator[asyncio.StreamReader]:
    """What the page's example prints while it runs."""
    found = re.search(r"^```python no-run\n(.*?)^```$", (REFERENCE / page).read_text("utf-8"), re.MULTILINE | re.DOTALL)
    assert found, f"{page} has no client"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-W", "error", "-c", found[1]),
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "RELAY_URL": who.server.url, "RELAY_TOKEN": str(who.token)},
        cwd=folder,
    )
    try:
        assert process.stdout is not None
        yield process.stdout
    finally:
        process.kill()
        await process.wait()


async def _line(lines: asyncio.StreamReader, part: str) -> str:
    """The next line that holds this."""
    async with within(LIMIT, f"the client shows {part!r}"):
        async for line in lines:
            if part in (text := line.decode().strip()):
                return text
    raise AssertionError(f"the client ended without {part!r}")
