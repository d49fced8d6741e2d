"""The disk of a real relay runs full: refused by name, reading goes on, nothing accepted is lost, and it resumes by itself."""

import asyncio
import os
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import aiohttp
import pytest

from tests.e2e.cast import Cast
from tests.e2e.client import Json, MemberClient
from tests.e2e.conftest import Relay, unlimited
from tests.e2e.server import Server, within
from tests.servers import engines

SLUG = "town"
SIZE_MIB = 64
MIB = 1024 * 1024
NEARLY = 5 * MIB  # left free: below the reserve, which is a tenth
RESUMES_S = 10.0  # promised
MEMBERS = 4
TALK = 60  # posts of a round, each with a message of every member: more would fill the disk by themselves


@dataclass(slots=True)
class Disk:
    """A small one, and something else that fills it."""

    folder: Path

    def fill(self, leave: int) -> None:
        with (self.folder / "filler").open("wb", buffering=0) as file, suppress(OSError):  # others write meanwhile
            while (room := self._room() - leave) > 0:
                file.write(bytes(min(room, MIB)))

    def _room(self) -> int:
        found = os.statvfs(self.folder)
        return found.f_bavail * found.f_frsize

    def free(self) -> None:
        (self.folder / "filler").unlink()


@pytest.fixture
def engine() -> Mapping[str, str]:
    """The one that writes to the relay's own disk."""
    return {}


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    """Where `start_relay` keeps its data."""
    folder = tmp_path / "data"
    folder.mkdir(mode=0o700)
    options = ["-t", "tmpfs", "-o", f"size={SIZE_MIB}m,mode=700", "tmpfs", str(folder)]
    done = subprocess.run(["mount", *options], check=False, capture_output=True, text=True)
    if done.returncode != 0:
        why = f"a small disk needs the right to mount one ({done.stderr.strip()}); test_disk_fails.py needs none"
        pytest.skip(why)
    yield Disk(folder)
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@dataclass(slots=True)
class Town:
    """What was asked for while the disk ran full, and what came of it."""

    cast: Cast
    posts: list[str] = field(default_factory=list)
    refusals: list[Json] = field(default_factory=list)
    said: int = 0

    async def post(self) -> bool:
        """Whether it is accepted; anything but that and a refusal by name is wrong."""
        answer = await self.cast.owner.ask("POST", f"/v1/communities/{SLUG}/posts", {"text": f"Post {len(self.posts)}"})
        assert answer.status in {202, 503}, answer
        if answer.status == 202:
            self.posts.append(answer.json["id"])
            return True
        assert "Retry-After" in answer.headers
        self.refusals.append(answer.json)
        return False

    async def say(self, member: MemberClient) -> Json:
        """The frame that answers."""
        self.said += 1
        await member.send(f"said-{self.said}", f"Message {self.said} " + "x" * 1000)
        return await member.answered(f"said-{self.said}")

    async def read(self) -> None:
        """Everything that staff and members read, each with an answer."""
        owner = self.cast.owner
        for thread in await self.cast.threads(SLUG):
            await owner.get(f"/v1/threads/{thread['id']}")
        for post in self.posts[-3:]:
            counts = (await owner.get(f"/v1/posts/{post}"))["counts"]
            assert sum(counts.values()) == MEMBERS
        for member in self.cast.members:
            await member.api.get("/v1/me/items?after=0&limit=50")

    async def check(self) -> None:
        """All that was accepted is there, and has reached everybody."""
        await self.cast.heard.until(
            lambda: all(member.is_quiet and len(member.posts) == len(self.posts) for member in self.cast.members)
        )
        assert self.cast.faults == []
        accepted = {answer["id"] for member in self.cast.members for answer in member.answers.values() if "id" in answer}
        found = {entry["id"] for thread in await self.cast.threads(SLUG) for entry in thread["messages"]}
        assert accepted <= found


@asynccontextmanager
async def talking(town: Town) -> AsyncIterator[None]:
    """Members and the owner go on inside, whatever they are answered."""

    async def on_and_on() -> None:
        for _ in range(TALK):
            await town.post()
            await asyncio.gather(*(town.say(member) for member in town.cast.members))

    task = asyncio.create_task(on_and_on())
    yield
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    if not task.cancelled() and (error := task.exception()):
        raise error


@pytest.mark.parametrize("engine", [engines.SQLITE], indirect=True)  # a server's disk is the server's
async def test_a_full_disk_refuses_loses_nothing_and_is_taken_up_again(
    disk: Disk, start_relay: Relay, http: aiohttp.ClientSession, size: Callable[[int, int], int], seed: int
) -> None:
    draw = Random(seed)
    server = await start_relay(**unlimited("staff", "member", "visitor"))
    async with Cast(http, server) as cast:
        await cast.found(SLUG)
        for _ in range(MEMBERS):
            await cast.join(SLUG)
        town = Town(cast)
        welcomes = [member.welcomes for member in cast.members]

        for leave in [NEARLY, 0, *draw.choices([0, NEARLY], k=size(0, 18))]:
            key = await cast.owner.want(201, "POST", "/v1/keys", {"name": "shop", "scopes": ["posts:write"]})
            async with talking(town):
                await heard_more(cast, draw.randrange(100))
                disk.fill(leave)
                await refused(town)
            await reading_goes_on(town, cast)
            if leave:  # the reserve is there for this
                await cast.owner.want(204, "DELETE", f"/v1/keys/{key['id']}")
            disk.free()
            await resumed(town)
            await town.check()

        assert [member.welcomes for member in cast.members] == welcomes, "every socket lived through it"
        assert {refusal["type"].rpartition("#")[2] for refusal in town.refusals} == {"unavailable"}
    assert await server.stop() == 0
    assert_said(server)


async def refused(town: Town) -> None:
    """By HTTP and by WebSocket."""
    before = len(town.refusals)
    async with within(RESUMES_S, "a post is refused"):
        while len(town.refusals) == before:
            await town.post()
    while (frame := await town.say(town.cast.members[0]))["type"] != "refused":
        pass
    assert frame["problem"]["status"] == 503
    assert "disk is" in frame["problem"]["detail"]
    assert "full" in frame["problem"]["detail"]


async def heard_more(cast: Cast, count: int) -> None:
    end = cast.heard.count + count
    await cast.heard.until(lambda: cast.heard.count >= end)


async def reading_goes_on(town: Town, cast: Cast) -> None:
    await town.read()
    ready = await cast.owner.ask("GET", "/readyz")
    assert (ready.status, ready.raw.startswith(b"read_only: The disk is")) == (200, True)
    assert (await cast.owner.ask("GET", "/healthz")).raw == b"ok\n"
    assert b"relay_store_read_only 1.0" in (await cast.api(None).ask("GET", "/metrics")).raw


async def resumed(town: Town) -> None:
    async with within(RESUMES_S, "posts are accepted again"):
        while not await town.post():
            pass
    assert (await town.say(town.cast.members[-1]))["type"] == "accepted"


def assert_said(server: Server) -> None:
    """A line for each change of mode, no more."""
    lines = [line for line in server.log.read_text().splitlines() if "read-only: " in line or "has room again" in line]
    assert lines
    assert ["read-only: " in line for line in lines] == [number % 2 == 0 for number in range(len(lines))]
