"""What staff read of members' words stands in the audit log, whichever way they come to it; once an hour, not once a look."""

import asyncio
from collections import Counter

import pytest

from relay.core.staff import Role
from relay.ports import Paging
from tests.web.conftest import PATIENCE, Caller, Person, Relay


@pytest.fixture
async def anna(relay: Relay) -> Person:
    await relay.community()
    return await relay.member()


async def reads(relay: Relay) -> Counter[tuple[str, str]]:
    """How often each (action, subject) of reading stands in the log."""
    found = (await relay.owner("GET", "/v1/audit?limit=200")).body["items"]
    return Counter((one["action"], one["subject"]) for one in found if one["action"].endswith(".read"))


@pytest.mark.parametrize("query", ["", "?after=MA", "?limit=1", "?after=MQ&limit=200"])
async def test_every_page_of_a_thread_is_recorded(relay: Relay, anna: Person, query: str) -> None:
    await relay.reply(anna, "private", "1")
    await relay.reply(anna, "more", "2")
    thread = await relay.only_thread()
    agent = await relay.staff(Role.AGENT)

    said = await agent("GET", f"/v1/threads/{thread}/messages{query}")

    assert said.status == 200
    assert await reads(relay) == {("thread.read", thread): 1}


async def test_one_person_in_one_hour_is_one_row(relay: Relay, anna: Person) -> None:
    await relay.reply(anna, "private")
    thread = await relay.only_thread()
    agent, other = await relay.staff(Role.AGENT), await relay.staff(Role.AGENT)
    path = f"/v1/threads/{thread}/messages"

    for caller in (agent, agent, other, agent):
        await caller("GET", path)
    in_the_hour = (await reads(relay))["thread.read", thread]
    relay.clock.pass_(3600)
    await agent("GET", path)

    assert in_the_hour == 2
    assert (await reads(relay))["thread.read", thread] == 3


@pytest.mark.parametrize("is_listed", [False, True], ids=["read", "listed"])
async def test_who_reads_held_texts_is_recorded(relay: Relay, anna: Person, *, is_listed: bool) -> None:
    await relay.reply(anna, "hold this", "1")
    (case,) = [one.case.id for one in (await relay.parts.store.cases(1, None, Paging(200))).items]
    moderator = await relay.staff(Role.MODERATOR)

    for _ in range(2):
        await moderator("GET", "/v1/communities/bad/cases" if is_listed else f"/v1/cases/{case}")

    assert await reads(relay) == {("case.read", case): 1}


async def test_who_listens_to_the_staffs_stream_is_recorded(relay: Relay, anna: Person) -> None:
    agent = await relay.staff(Role.AGENT)

    for _ in range(2):
        await _listen(agent)

    (person,) = [one["id"] for one in (await relay.owner("GET", "/v1/staff")).body["items"] if one["role"] == "agent"]
    assert await reads(relay) == {("stream.read", person): 1}
    assert anna.id


async def _listen(caller: Caller) -> None:
    async with caller.stream() as socket, asyncio.timeout(PATIENCE):
        await socket.send_json({"type": "hello"})
        assert (await socket.receive_json())["type"] == "welcome"
