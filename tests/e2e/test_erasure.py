"""Erasure as members and staff meet it: at once, whatever kills the relay, and never undone by an older copy of the data."""

import asyncio
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from random import Random

import aiohttp
import pytest

from tests.e2e.cast import Cast
from tests.e2e.client import MemberClient
from tests.e2e.conftest import Relay, unlimited
from tests.e2e.server import Server, within
from tests.servers import engines

SLUG = "town"
MUCH = 130  # messages: more than go with the commit of the erasure
PATIENT = unlimited("staff", "member", "visitor")
LATEST = 0.6  # seconds until the relay is killed: from before the commit to after the confirmation
on_sqlite = pytest.mark.parametrize("engine", [engines.SQLITE], indirect=True)


async def talkative(cast: Cast, messages: int) -> MemberClient:
    """Somebody who wrote so much."""
    member = await cast.enrol(SLUG)
    bodies = [{"client_id": f"m{n}", "text": f"{member.id} says {n}"} for n in range(messages)]
    await asyncio.gather(*(member.api.want(202, "POST", "/v1/me/messages", body) for body in bodies))
    return member


async def traces(cast: Cast, member: MemberClient) -> list[str]:
    """Whatever staff can still find of a member."""
    found = await cast.owner.ask("GET", f"/v1/members/{member.id}")
    listed = [each["id"] async for each in cast.owner.all(f"/v1/communities/{SLUG}/members")]
    threads = [each["member"]["id"] async for each in cast.owner.all(f"/v1/communities/{SLUG}/threads")]
    said = [each["id"] async for each in cast.owner.all(f"/v1/communities/{SLUG}/threads?q={member.id}")]
    exported = [each["id"] async for each in cast.owner.all(f"/v1/communities/{SLUG}/export?kind=members")]
    seen = {
        "read": found.status == 200,
        "list": member.id in listed,
        "threads": member.id in threads,
        "search": bool(said),
        "export": member.id in exported,
    }
    return [place for place, is_seen in seen.items() if is_seen]


async def confirmed(cast: Cast, member: MemberClient) -> None:
    await cast.owner.until(f"/v1/members/{member.id}/erasure", lambda erasure: erasure["confirmed_at"] is not None)


def listed(server: Server) -> set[str]:
    """Whoever is on the list beside the database."""
    file = server.folder / "erasures.jsonl"
    return {json.loads(line)["member"] for line in file.read_text("utf-8").splitlines()} if file.exists() else set()


def files(server: Server) -> list[Path]:
    """Of the data folder; with a server's database the words are elsewhere."""
    return [path for path in server.folder.rglob("*") if path.is_file()]


async def test_whoever_has_much_is_gone_at_once_and_confirmed_soon(start_relay: Relay, http: aiohttp.ClientSession) -> None:
    server = await start_relay(**PATIENT)
    async with Cast(http, server) as cast:
        await cast.found(SLUG)
        gone = await talkative(cast, MUCH)
        before = await traces(cast, gone)

        await cast.owner.want(204, "DELETE", f"/v1/members/{gone.id}")

        assert before == ["read", "list", "threads", "search", "export"]
        assert await traces(cast, gone) == []
        assert listed(server) == {gone.id}
        assert (await gone.api.ask("GET", "/v1/me")).status == 401
        await confirmed(cast, gone)
        actions = [entry["action"] async for entry in cast.owner.all("/v1/audit") if entry["subject"] == gone.id]
        assert actions[:2] == ["member.erased", "member.erase"]
        assert [path.name for path in files(server) if f"{gone.id} says".encode() in path.read_bytes()] == []


async def test_killed_at_any_moment_it_is_done_or_was_never_answered(
    start_relay: Relay, http: aiohttp.ClientSession, seed: int, size: Callable[[int, int], int]
) -> None:
    random = Random(seed)
    server = await start_relay(**PATIENT)
    async with Cast(http, server) as cast:
        await cast.found(SLUG)
        for _ in range(size(3, 100)):
            gone = await talkative(cast, MUCH)
            asking = asyncio.create_task(cast.owner.ask("DELETE", f"/v1/members/{gone.id}"))
            await asyncio.wait({asking}, timeout=random.uniform(0, LATEST))
            was_answered = asking.done() and asking.exception() is None
            await server.kill()
            await asyncio.gather(asking, return_exceptions=True)
            on_list = listed(server)
            await server.start()

            left = await traces(cast, gone)
            assert left in ([], ["read", "list", "threads", "search", "export"])
            if was_answered:
                assert left == []
                assert gone.id in on_list
            elif left:
                await cast.owner.want(204, "DELETE", f"/v1/members/{gone.id}")
            await confirmed(cast, gone)
            assert gone.id in listed(server)


@on_sqlite
async def test_an_older_database_that_is_put_back_by_hand_brings_nobody_back(
    start_relay: Relay, http: aiohttp.ClientSession
) -> None:
    server = await start_relay(**PATIENT)
    async with Cast(http, server) as cast:
        await cast.found(SLUG)
        gone, kept = await talkative(cast, 2), await talkative(cast, 2)
        await server.stop()
        await asyncio.to_thread(shutil.copy, server.folder / "relay.db", server.folder.parent / "older.db")
        await server.start()
        await gone.api.want(204, "DELETE", "/v1/me")
        await server.stop()

        await asyncio.to_thread(shutil.copy, server.folder.parent / "older.db", server.folder / "relay.db")
        (server.folder / "relay.db-mark").unlink()
        await server.start()

        assert (await gone.api.ask("GET", "/v1/me")).status == 401
        assert await traces(cast, gone) == []
        assert await traces(cast, kept) == ["read", "list", "threads", "search", "export"]
        await confirmed(cast, gone)
        assert f"{gone.id} says".encode() not in (server.folder / "relay.db").read_bytes()


@on_sqlite
async def test_who_asked_is_told_when_it_could_not_be_written_down(start_relay: Relay, http: aiohttp.ClientSession) -> None:
    server = await start_relay(**PATIENT)
    async with Cast(http, server) as cast:
        await cast.found(SLUG)
        gone = await talkative(cast, 2)
        in_the_way = server.folder / "erasures.jsonl.part"
        in_the_way.mkdir()

        told = await gone.api.ask("DELETE", "/v1/me")
        in_the_way.rmdir()

        assert told.status == 503
        assert "The erasure is done, but it could not be written to the list" in told.json["detail"]
        assert str(server.folder) not in told.json["detail"]
        assert await traces(cast, gone) == []
        async with within(20, "the job has written it down"):
            await confirmed(cast, gone)
        assert listed(server) == {gone.id}
