"""Two relay processes on one PostgreSQL: what happens at one is seen at the other, and they share what has to go out."""

import asyncio
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path

import aiohttp
import orjson
import pytest

from relay.core.change import AddMember
from relay.core.member import Address
from relay.stores.postgres import PostgresStore
from tests.e2e.browser import Browser
from tests.e2e.cast import Cast
from tests.e2e.client import REVOKED, MemberClient, Signal
from tests.e2e.pushing import CHANNEL
from tests.e2e.server import ROOT, Server, within
from tests.servers.postgres import Postgres
from tests.stores.conftest import World

SLUG = "town"
AUTHORITY_S = 1.0  # promised: whoever is revoked is gone by then, wherever they are connected
PAUSED = (5, 60)  # seconds, quick and long
TAKEOVER = (2, 15)  # seconds, the same
Start = Callable[..., Awaitable[Server]]


@pytest.fixture
async def url(postgres: Postgres) -> AsyncIterator[str]:
    found = await postgres.database()
    yield found
    await postgres.give_back(found)


@pytest.fixture
async def start(url: str, tmp_path: Path) -> AsyncIterator[Start]:
    """Starts one more relay on the database."""
    numbers = count(1)
    async with AsyncExitStack() as stack:

        async def started(*program: str, **environment: str) -> Server:
            folder = tmp_path / f"{next(numbers)}" / "data"
            folder.parent.mkdir()
            server = Server(folder, {"RELAY_STORE__URL": url, "PYTHONPATH": str(ROOT), **environment}, program)
            stack.push_async_callback(server.kill)
            await server.start()
            return server

        yield started


@dataclass
class Two:
    """Everybody at the first relay, and everybody at the second; both hear in one place."""

    here: Cast
    there: Cast

    def moved(self, member: MemberClient) -> MemberClient:
        """The same member at the second relay."""
        known = {"id": member.id, "pseudonym": member.pseudonym, "token": member.api.token}
        return self.there.known(known)


@pytest.fixture
async def two(start: Start, http: aiohttp.ClientSession) -> AsyncIterator[Two]:
    first = await start()
    second = await start()
    async with Cast(http, first) as here, Cast(http, second) as there:
        there.heard = here.heard
        await here.found(SLUG)
        yield Two(here, there)
        assert [*here.faults, *there.faults] == []


async def connected_there(two: Two) -> MemberClient:
    member = two.moved(await two.here.enrol(SLUG))
    two.there.start(member)
    await member.connected()
    return member


async def test_a_post_made_at_one_reaches_who_is_connected_at_the_other(two: Two) -> None:
    members = [await connected_there(two) for _ in range(5)]

    post = await two.here.post(SLUG, "Closed tomorrow")
    items = [await member.item(1) for member in members]

    assert {item["id"] for item in items} == {post["id"]}
    await two.there.owner.until(f"/v1/posts/{post['id']}", lambda found: found["counts"]["delivered"] == 5)


async def test_a_reply_at_one_is_seen_by_staff_at_the_other_and_the_answer_comes_back(two: Two) -> None:
    watching = await two.here.watch(two.here.owner)
    member = await connected_there(two)

    await member.send("c1", "Is the sauna open?")
    await watching.heard.until(lambda: any(event["event"] == "message.filed" for event in watching.events))
    thread = await two.here.thread_of(SLUG, member)
    await two.here.owner.want(202, "POST", f"/v1/threads/{thread['id']}/messages", {"text": "Yes."})
    await member.heard.until(lambda: any(item["text"] == "Yes." for item in member.items))

    filed = [event["message"]["text"] for event in watching.events if event["event"] == "message.filed"]
    assert filed == ["Is the sauna open?"]
    assert [item["text"] for item in member.items] == ["Is the sauna open?", "Yes."]


async def test_a_device_that_is_revoked_at_one_is_gone_from_the_other_within_a_second(two: Two) -> None:
    member, stays = await connected_there(two), await connected_there(two)

    began = time.monotonic()
    await two.here.owner.want(204, "DELETE", f"/v1/members/{member.id}/tokens")
    await member.heard.until(lambda: bool(member.closes))
    passed = time.monotonic() - began

    assert member.closes == [REVOKED]
    assert passed < AUTHORITY_S
    assert stays.closes == []


async def test_a_browser_that_is_signed_in_at_one_is_at_the_other_and_signs_out_of_both_within_a_second(two: Two) -> None:
    made = await two.here.owner.want(201, "POST", "/v1/staff", {"name": "Jan", "role": "agent"})
    arrival = {"link": made["link"].partition("#link=")[2], "passphrase": "four eyes see more than two"}
    here = Browser(two.here.owner.http, two.here.owner.server)
    assert (await here.ask("POST", "/v1/sign-in:link", arrival)).status == 200
    there = Browser(two.there.owner.http, two.there.owner.server, here.cookie)

    again = (await Browser(there.api.http, there.api.server).ask("POST", "/v1/sign-in:link", arrival)).status
    known = (await there.ask("GET", "/v1/session")).json["staff"]["name"]
    stream = await two.there.watch(there.api, there.headers)
    began = time.monotonic()
    await here.ask("DELETE", "/v1/session")
    await stream.heard.until(lambda: stream.close_code is not None)
    passed = time.monotonic() - began

    assert (again, known) == (404, "Jan")
    assert stream.close_code == REVOKED
    assert passed < AUTHORITY_S
    assert (await there.ask("GET", "/v1/session")).status == 401


async def test_staff_who_is_dismissed_at_one_is_gone_from_the_other_within_a_second(two: Two) -> None:
    made = await two.here.owner.want(201, "POST", "/v1/staff", {"name": "Jan", "role": "agent"})
    stream = await two.there.watch(two.there.api(made["token"]))

    began = time.monotonic()
    await two.here.owner.want(204, "DELETE", f"/v1/staff/{made['id']}")
    await stream.heard.until(lambda: stream.close_code is not None)
    passed = time.monotonic() - began

    assert stream.close_code == REVOKED
    assert passed < AUTHORITY_S


async def test_who_was_connected_at_one_that_dies_goes_on_at_the_other(two: Two) -> None:
    member = await two.here.join(SLUG)
    await two.here.post(SLUG, "one")
    await member.item(1)

    member.api.server = two.there.server
    await two.here.server.kill()
    await two.there.post(SLUG, "two")
    await member.item(2)

    assert [item["text"] for item in member.items] == ["one", "two"]


# ------------------------------------------------------------------------------------------------ what goes to a platform


@dataclass
class Platform:
    """Takes everything, says so a little later, and remembers from where it came."""

    heard: Signal
    taken: list[tuple[str, str]] = field(default_factory=list)
    answer_after: float = 0.2

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = await reader.readline()
        if line:
            said = orjson.loads(line)
            self.taken.append((said["address"], said["item"]))
            self.heard.fire()
            await asyncio.sleep(self.answer_after)
            writer.write(b"taken\n")
        writer.close()


@pytest.fixture
async def pushed(url: str) -> AsyncIterator[World]:
    store = await PostgresStore.open(url, lambda _changes, _outcomes: None)
    yield World(store)
    await store.close()


async def enrol(world: World, members: int) -> None:
    """Members with an address on the platform."""
    community = await world.store.community(SLUG)
    assert community is not None
    changes = [world.newcomer(community) for _ in range(members)]
    addressed = [
        AddMember(each.member, each.consent, (Address(CHANNEL, f"at {each.member.id}"),), each.token) for each in changes
    ]
    for each in addressed:
        await world.store.commit(replace(each))


@dataclass
class Pair:
    """Two relays that push to the same platform, and a member who is connected to both."""

    here: Cast
    there: Cast
    platform: Platform
    at_first: MemberClient
    at_second: MemberClient

    async def settled(self, *posts: str) -> list[dict[str, int]]:
        """The counts of posts of which nothing is under way."""
        async with within(90, "everything has ended somehow"):
            return [await self._settled(post) for post in posts]

    async def _settled(self, post: str) -> dict[str, int]:
        while True:
            counts: dict[str, int] = (await self.there.owner.get(f"/v1/posts/{post}"))["counts"]
            if counts["planned"] == counts["sending"] == counts["deferred"] == 0:
                return counts


@pytest.fixture
async def pair(
    start: Start, http: aiohttp.ClientSession, pushed: World, size: Callable[[int, int], int]
) -> AsyncIterator[Pair]:
    platform = Platform(Signal())
    listening = await asyncio.start_server(platform.serve, "127.0.0.1", 0)
    program = (sys.executable, "-m", "tests.e2e.pushing", str(listening.sockets[0].getsockname()[1]))
    first, second = [await start(*program, RELAY_STORE__TAKEOVER_S=str(size(*TAKEOVER))) for _ in range(2)]
    async with Cast(http, first) as here, Cast(http, second) as there:
        here.heard = there.heard = platform.heard
        await here.found(SLUG)
        await enrol(pushed, size(300, 1000))
        at_first = await here.join(SLUG)
        at_second = there.known({"id": at_first.id, "pseudonym": at_first.pseudonym, "token": at_first.api.token})
        there.start(at_second)
        await at_second.connected()
        yield Pair(here, there, platform, at_first, at_second)
    listening.close()
    await listening.wait_closed()


async def test_a_process_that_is_paused_and_goes_on_has_no_double_effect(pair: Pair, size: Callable[[int, int], int]) -> None:
    here, there, platform = pair.here, pair.there, pair.platform
    first, heard = here.server, platform.heard

    one = await there.post(SLUG, "one")
    await heard.until(lambda: len(platform.taken) > 100)
    os.kill(first.pid, signal.SIGSTOP)
    paused = time.monotonic()
    two = await there.post(SLUG, "two")
    meanwhile = await pair.settled(one["id"], two["id"])
    await asyncio.sleep(max(0.0, size(*PAUSED) - (time.monotonic() - paused)))
    os.kill(first.pid, signal.SIGCONT)
    three = await there.post(SLUG, "three")
    await pair.at_first.item(3)
    await pair.at_second.item(3)
    counts = await pair.settled(one["id"], two["id"], three["id"])

    audience = one["audience"]
    assert [*here.faults, *there.faults] == []
    assert [item["text"] for item in pair.at_first.items] == ["one", "two", "three"]
    assert [taken for taken, times in Counter(platform.taken).items() if times > 1] == []
    assert [sum(each.values()) for each in (*meanwhile, *counts)] == [audience] * 5
    assert [each["sent"] + each["unknown"] + each["delivered"] for each in counts] == [audience] * 3
    assert sum(item == three["id"] for _, item in platform.taken) == audience - 1
    assert counts[2]["unknown"] == 0
