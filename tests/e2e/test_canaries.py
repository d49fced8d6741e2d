"""Canaries: each member carries a mark of 128 bits wherever words can stand; nobody else's bytes may ever hold it."""

import asyncio
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import permutations
from pathlib import Path
from random import Random

import aiohttp
import asyncpg
import pytest

from relay.core.moment import rfc3339
from tests.e2e.cast import CONSENT, Cast
from tests.e2e.client import Api, MemberClient
from tests.e2e.conftest import HELD_WORD, HOLDING, Relay, unlimited
from tests.e2e.server import Server, within
from tests.servers import engines
from tests.web.browser import Browser, browser

SLUG = "town"
TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
MEMBERS = 6
LOUDEST = {"RELAY_LOG__LEVEL": "debug", "RELAY_TRACE_PLUGINS": "1"}
PATIENT = unlimited("staff", "member", "visitor")  # so that no answer is just "too many"
SHARED_PREFIX = 4  # letters: a search index leaves out what a word has in common with the word before it


@dataclass(slots=True)
class Marked:
    """A member, their mark, a second device, and what is theirs alone."""

    mark: str
    client: MemberClient
    device: Api
    own: set[str]

    @property
    def seen(self) -> bytes:
        return self.client.seen + bytes(self.device.seen)


@dataclass(slots=True)
class Town:
    """Everybody, and the post that they all got."""

    cast: Cast
    agent: Api
    moderator: Api
    marked: list[Marked]
    post: str = ""


async def test_nobody_sees_a_mark_of_another_member(start_relay: Relay, http: aiohttp.ClientSession, seed: int) -> None:
    server = await start_relay(**HOLDING, **LOUDEST, **PATIENT)
    async with Cast(http, server) as cast:
        town = await _fill(cast, Random(seed))
        await _live_a_day(town)

        exports = {one.mark: (await one.client.api.ask("GET", "/v1/me/export")).raw for one in town.marked}
        metrics = (await cast.api(None).ask("GET", "/metrics")).raw
        audit = await cast.owner.ask("GET", "/v1/audit?limit=200")

        assert cast.faults == []
        for one, other in permutations(town.marked, 2):
            assert [own for own in other.own if own.encode() in one.seen] == []
        for one in town.marked:
            assert one.mark.encode() in exports[one.mark], "the search finds what is there"
            assert one.mark.encode() in one.seen
            assert [own for own in one.own if own.encode() in metrics] == []
            assert one.mark.encode() not in audit.raw
        log = server.log.read_text()
        assert "opened" in log, "the log is the one that is looked at"
        assert "plugin looked" in log, "the trace is in it"
        assert [one.mark for one in town.marked if one.mark in log or str(one.client.api.token) in log] == []


async def test_no_page_shows_a_mark_of_another_member_and_no_log_a_way_in(
    start_relay: Relay, http: aiohttp.ClientSession, seed: int
) -> None:
    random = Random(seed)
    server = await start_relay(**HOLDING, **LOUDEST, **PATIENT)
    async with Cast(http, server) as cast, AsyncExitStack() as stack:
        await cast.found(SLUG)
        code = (await cast.owner.want(201, "POST", f"/v1/communities/{SLUG}/invites", {}, key="invite"))["code"]
        marks = [f"{random.getrandbits(128):032x}" for _ in range(3)]
        people = {mark: await stack.enter_async_context(browser(server.url)) for mark in marks}
        for mark, person in people.items():
            await _come_in(person, code, mark)
        await cast.post(SLUG, "Who comes on Friday?")
        for mark, person in people.items():
            await person.submit("/messages", text=f"I come, {mark} says so.")
            await person.submit("/messages", text=f"You {HELD_WORD} {mark}")

        for person in people.values():
            for path in ("", "/you", "/imprint", "/leave", "/back", "/erase", "/export", "/confirm", "/app.webmanifest"):
                await person.open(f"/c/{SLUG}{path}")
            await person.open("/c/nowhere")

        for mark, person in people.items():
            assert mark.encode() in bytes(person.seen), "the search finds what is there"
            assert [other for other in marks if other != mark and other.encode() in bytes(person.seen)] == []
        log = server.log.read_text()
        secrets = [code, *(value for person in people.values() for value in person.cookies.values())]
        assert len(secrets) == 1 + len(marks)
        assert "opened" in log, "the log is the one that is looked at"
        assert [secret for secret in (*secrets, *marks) if secret in log] == []


async def _come_in(person: Browser, code: str, mark: str) -> None:
    await person.open(f"/i/{code}")
    await person.submit(f"/i/{code}", name=f"Ada {mark}")
    await person.submit("/confirm")


async def test_no_error_says_what_came_in(start_relay: Relay, http: aiohttp.ClientSession, seed: int) -> None:
    mark = f"{Random(seed).getrandbits(128):032x}"
    server = await start_relay(**LOUDEST, **PATIENT)
    async with Cast(http, server) as cast:
        await cast.found(SLUG)
        member = await cast.join(SLUG)
        callers = [cast.owner, member.api, cast.api(None), cast.api(mark + mark)]

        for caller in callers:
            await _err(caller, mark)
        await member.send("refused", f"Hello {mark}", mark[:26])
        await member.answered("refused")

        for seen in (*(bytes(caller.seen) for caller in callers), bytes(member.frames), server.log.read_bytes()):
            assert mark[:26].encode() not in seen


async def test_a_member_who_is_erased_leaves_no_mark_in_any_file(
    start_relay: Relay, http: aiohttp.ClientSession, engine: Mapping[str, str], seed: int
) -> None:
    server = await start_relay(**HOLDING, **LOUDEST, **PATIENT)
    async with Cast(http, server) as cast:
        town = await _fill(cast, Random(seed))
        await _live_a_day(town)
        gone, *stay = town.marked
        await gone.client.api.want(204, "DELETE", "/v1/me")
        await _confirmed(town, gone)

        held = [*_contents(server), *await _rows(engine)]

        assert _holding(gone.mark, held) == []
        for one in stay:
            assert any(one.mark.encode() in content for _, content in held), "the search finds what is there"
        await server.stop()
        assert _holding(gone.mark, [*_contents(server), *await _rows(engine)]) == []


@pytest.mark.parametrize("engine", [engines.SQLITE], indirect=True)
async def test_nothing_is_confirmed_while_a_copy_that_the_relay_made_holds_the_mark(
    start_relay: Relay, http: aiohttp.ClientSession, seed: int
) -> None:
    server = await start_relay(**HOLDING, **PATIENT)
    async with Cast(http, server) as cast:
        town = await _fill(cast, Random(seed))
        gone = town.marked[0]
        copy = server.folder / "relay.db.before-0003_later"  # as a change of the tables leaves one
        await asyncio.to_thread(shutil.copy, server.folder / "relay.db-wal", copy)
        assert _holding(gone.mark, _contents(server)) != []

        await gone.client.api.want(204, "DELETE", "/v1/me")
        async with within(10, "the job has looked"):
            while "these copies are gone" not in server.log.read_text():
                await cast.owner.get(f"/v1/members/{gone.client.id}/erasure")
        waiting = await cast.owner.get(f"/v1/members/{gone.client.id}/erasure")
        await server.stop()
        os.utime(copy, (0, 0))
        await server.start()
        await _confirmed(town, gone)

        assert waiting["confirmed_at"] is None
        assert _holding(gone.mark, _contents(server)) == []


async def _fill(cast: Cast, random: Random) -> Town:
    await cast.found(SLUG)
    town = Town(cast, await cast.hire("Agnes", "agent"), await cast.hire("Mona", "moderator"), [])
    for _ in range(MEMBERS):
        mark = f"{random.getrandbits(128):032x}"
        client = await cast.enrol(
            SLUG,
            name=f"Ada {mark}",
            tags=[f"tag-{mark}"],
            attributes={f"key-{mark}": mark, "shoe": mark},
            addresses=[{"channel": "email", "address": f"{mark}@example.com"}],
            consent={**CONSENT, "source": f"form {mark}"},
        )
        cast.start(client)
        body = {"kind": "web", "device": mark}
        token = (await cast.owner.want(201, "POST", f"/v1/members/{client.id}/tokens", body, key=f"device-{mark}"))["token"]
        own = {mark, client.id, str(client.api.token), token, f"Ada {mark}"}
        town.marked.append(Marked(mark, client, cast.api(token), own))
    return town


async def _live_a_day(town: Town) -> None:
    """A post, replies, held messages, answers, notes, cases, appeals, presses, and every kind of mistake."""
    buttons = [{"id": "yes", "label": "Yes"}]
    town.post = (await town.cast.post(SLUG, "Who comes on Friday?", buttons=buttons))["id"]
    for one in town.marked:
        await one.client.item(1)
    for one in town.marked:
        await _speak(town, one)
    for one in town.marked:
        await _be_answered(town, one)
        await _be_warned(town, one)
    for one, other in permutations(town.marked[:3], 2):
        await _reach_out(one, other)
    for one in town.marked:
        await one.device.get("/v1/me")
        await one.device.get("/v1/me/items?limit=200")


async def _speak(town: Town, one: Marked) -> None:
    mark, client = one.mark, one.client
    await client.send(f"post-{mark}", f"I come, {mark} says so.", town.post)
    await client.send(f"rude-{mark}", f"You {HELD_WORD} {mark}", None)
    await client.press(f"press-{mark}", town.post, "yes")
    for client_id in (f"post-{mark}", f"rude-{mark}"):
        one.own.add((await client.answered(client_id))["id"])
    await client.answered(f"press-{mark}")
    body = {"client_id": f"http-{mark}", "text": f"Over HTTP, {mark}"}
    one.own.add((await one.device.want(202, "POST", "/v1/me/messages", body, key=f"key-{mark}"))["id"])


async def _be_answered(town: Town, one: Marked) -> None:
    """Staff's own words quote the mark."""
    mark, agent = one.mark, town.agent
    for thread in [each for each in await town.cast.threads(SLUG) if each["member"]["id"] == one.client.id]:
        one.own.add(thread["id"])
        path = f"/v1/threads/{thread['id']}"
        answer = await agent.want(202, "POST", f"{path}/messages", {"text": f"Dear {mark}"}, key=f"answer-{mark}")
        one.own.add(answer["id"])
        note = {"text": f"Note on {mark}", "internal": True}
        one.own.add((await agent.want(202, "POST", f"{path}/messages", note, key=f"note-{mark}"))["id"])
        version = (await agent.get(path))["version"]
        await agent.want(200, "PATCH", path, {"version": version, "labels": [f"label-{mark}"]})
    cases = [case async for case in town.moderator.all(f"/v1/communities/{SLUG}/cases?state=open")]
    for case in [each for each in cases if each["member"]["id"] == one.client.id]:
        one.own.add(case["id"])
        decision = {"action": "reject", "reason": f"Because of {mark}."}
        await town.moderator.want(200, "POST", f"/v1/cases/{case['id']}:decide", decision, key=f"case-{mark}")
        appeal = {"case": case["id"], "text": f"But {mark}"}
        await one.client.api.want(202, "POST", "/v1/me/appeals", appeal, key=f"appeal-{mark}")
    await town.cast.owner.want(200, "PATCH", f"/v1/members/{one.client.id}", {"name": f"Ada {mark} the second"})
    write = {"text": f"Only for {mark}"}
    await town.cast.owner.want(202, "POST", f"/v1/members/{one.client.id}/messages", write, key=f"write-{mark}")


async def _be_warned(town: Town, one: Marked) -> None:
    """By a person, who writes why; the member reads it and objects."""
    until = rfc3339(datetime.now(UTC) + timedelta(days=1))
    warning = {"kind": "warn", "until": until, "reason": f"Warned because of {one.mark}."}
    path = f"/v1/members/{one.client.id}/measures"
    measure = await town.moderator.want(201, "POST", path, warning, key=f"warn-{one.mark}")
    one.own.add(measure["id"])
    await one.device.get("/v1/me/measures")
    objection = {"case": measure["id"], "text": f"And still, {one.mark}"}
    await one.client.api.want(202, "POST", "/v1/me/appeals", objection, key=f"object-{one.mark}")


async def _reach_out(one: Marked, other: Marked) -> None:
    """One tries everything that could answer with something of the other's."""
    for n, id_ in enumerate(sorted(other.own)):
        client_id = f"reach-{other.client.id[:8]}-{n}"
        await one.client.send(client_id, "What is this?", id_)
        await one.device.ask(
            "POST", "/v1/me/messages", {"client_id": f"http-{client_id}", "text": "And this?", "in_reply_to": id_}
        )
        await one.device.ask("POST", "/v1/me/press", {"post": id_, "button": "yes"})
        await one.device.ask("POST", "/v1/me/appeals", {"case": id_, "text": "And this?"})
        for path in (f"/v1/threads/{id_}", f"/v1/threads/{id_}/messages", f"/v1/cases/{id_}", f"/v1/members/{id_}"):
            await one.device.ask("GET", path)
        await one.client.answered(client_id)


async def _err(caller: Api, mark: str) -> None:
    """Every kind of mistake, with the mark in what is wrong."""
    for path in (
        f"/{mark}",
        f"/v1/threads/{mark}",
        f"/v1/posts/{mark}",
        f"/v1/me/items?after={mark}",
        f"/v1/communities/{mark}",
    ):
        await caller.ask("GET", path)
        await caller.ask("DELETE", path)
    bodies: list[object] = [mark, [mark], {"text": [mark]}, {"text": f"{mark}\0"}, {"text": mark, "seq": mark, "client_id": 1}]
    for path in ("/v1/me/messages", "/v1/me/ack", "/v1/me/press", f"/v1/communities/{SLUG}/posts", "/v1/communities"):
        for body in bodies:
            await caller.ask("POST", path, body)
    await caller.ask("POST", "/v1/me/messages", {"text": "x"}, key=mark * 10)
    await caller.ask("GET", "/v1/me", **{"X-Forwarded-For": mark, "Origin": f"https://{mark}.example.com"})


async def _confirmed(town: Town, gone: Marked) -> None:
    await town.cast.owner.until(f"/v1/members/{gone.client.id}/erasure", lambda erasure: erasure["confirmed_at"] is not None)


Place = tuple[str, bytes]
"""Where, and what is there."""


def _holding(mark: str, places: list[Place]) -> list[str]:
    return [place for place, content in places if mark[SHARED_PREFIX:].encode() in content]


def _contents(server: Server) -> list[Place]:
    return [(str(path), content) for path, content in _files(server.folder)]


async def _rows(engine: Mapping[str, str]) -> list[Place]:
    """Every row of every table of a server, as text; what its own files hold longer is its operator's."""
    if not engine:
        return []
    connection = await asyncpg.connect(engine["RELAY_STORE__URL"])
    try:
        tables = [row["tablename"] for row in await connection.fetch(TABLES)]
        return [(table, str(await connection.fetch(f'SELECT * FROM "{table}"')).encode()) for table in tables]  # noqa: S608
    finally:
        await connection.close()


def _files(folder: Path) -> Iterator[tuple[Path, bytes]]:
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield path, path.read_bytes()
