"""Incidents that happened to others and must stay impossible here, each a test of its name."""

import asyncio
import base64
import json
import re
from collections.abc import Awaitable, Callable

import aiohttp
import pytest

from tests.e2e.cast import Cast
from tests.e2e.client import LIMIT, REVOKED, Api, Json, MemberClient
from tests.e2e.conftest import HELD_WORD, HOLDING, Relay
from tests.e2e.raw import Raw
from tests.e2e.server import Server, within

SLUG = "town"
AT_ONCE_S = 1.0  # promised: how long authority that was taken away may still be felt
MANY = 12  # ids in a row: that random ones come in order has a chance of 1 in 479 million
MUCH = 80  # calls, and messages, at once: more than one member has
SAME = 8  # letters, 40 bits: that two random ones begin alike has about the same
ID = re.compile(r"[a-z2-7]{26}")  # 128 bits as base32


# ---------------------------------------------------------------- an event that reaches who may not see the message


async def test_a_held_text_reaches_no_agent_by_list_search_thread_or_stream(
    start_relay: Relay, http: aiohttp.ClientSession
) -> None:
    async with Cast(http, await start_relay(**HOLDING)) as cast:
        await cast.found(SLUG)
        agent, moderator = await cast.hire("Agnes", "agent"), await cast.hire("Mona", "moderator")
        desk, member = await cast.watch(agent), await cast.join(SLUG)

        await member.send("held", f"You {HELD_WORD} of a nightingale")
        await desk.heard_of((await member.answered("held"))["id"])
        search = f"/v1/communities/{SLUG}/threads?q=nightingale"
        before = (await agent.get(search))["items"]
        await cast.threads(SLUG, reader=agent)
        (case,) = (await moderator.get(f"/v1/communities/{SLUG}/cases"))["items"]
        await agent.want(403, "GET", f"/v1/cases/{case['id']}")

        assert before == []
        assert b"nightingale" not in bytes(agent.seen + desk.seen)
        decision = {"action": "deliver", "reason": "A bird."}
        await moderator.want(200, "POST", f"/v1/cases/{case['id']}:decide", decision)
        assert [thread["id"] for thread in (await agent.get(search))["items"]] == [case["thread"]]


async def test_an_edit_a_delete_or_an_erasure_of_one_member_reaches_no_other(
    relay_server: Server, http: aiohttp.ClientSession
) -> None:
    async with Cast(http, relay_server) as cast:
        await cast.found(SLUG)
        one, other = await cast.join(SLUG), await cast.join(SLUG)
        await cast.post(SLUG, "Good morning.")
        await asyncio.gather(one.item(1), other.item(1))
        before = len(one.frames)

        await other.send("hello", "Hello!")
        await other.answered("hello")
        await cast.owner.want(200, "PATCH", f"/v1/members/{other.id}", {"name": "Another", "tags": ["new"]})
        await cast.owner.want(201, "POST", f"/v1/members/{other.id}/tokens", {"kind": "web", "device": "phone"})
        await other.api.want(204, "POST", "/v1/me/leave")
        await other.api.want(204, "DELETE", "/v1/me")
        await cast.owner.want(202, "POST", f"/v1/members/{one.id}/messages", {"text": "Still there?"})
        await one.heard.until(lambda: len(one.items) > 1 or bool(one.closes))

        frame = bytes(one.frames[before:])
        assert one.closes == []
        assert json.loads(frame) == one.items[1], "nothing came but the message"


async def test_a_note_reaches_no_member_by_stream_poll_or_export(relay_server: Server, http: aiohttp.ClientSession) -> None:
    async with Cast(http, relay_server) as cast:
        await cast.found(SLUG)
        member = await cast.join(SLUG)
        await member.send("hello", "Hello!")
        await member.answered("hello")
        path = f"/v1/threads/{(await cast.thread_of(SLUG, member))['id']}/messages"

        note = await cast.owner.want(202, "POST", path, {"text": "A regular.", "internal": True})
        await member.send("again", "Is it me?", note["id"])
        await cast.owner.want(202, "POST", path, {"text": "Hello yourself."})
        await member.item(2)
        await member.api.get("/v1/me/items")
        await member.api.get("/v1/me/export")

        assert (await member.answered("again"))["problem"]["status"] == 404
        assert b"A regular." not in member.seen
        assert note["id"].encode() not in member.seen


# --------------------------------------------------------------------------- a live socket that outlives revocation

End = Callable[[Cast, MemberClient], Awaitable[object]]

ENDINGS: dict[str, End] = {
    "all devices": lambda cast, one: cast.owner.want(204, "DELETE", f"/v1/members/{one.id}/tokens"),
    "its device": lambda cast, one: cast.owner.want(204, "DELETE", f"/v1/members/{one.id}/tokens?device="),
    "replaced": lambda cast, one: cast.owner.want(201, "POST", f"/v1/members/{one.id}/tokens", {"kind": "web"}),
    "erased by staff": lambda cast, one: cast.owner.want(204, "DELETE", f"/v1/members/{one.id}"),
    "erased by themselves": lambda _, one: one.api.want(204, "DELETE", "/v1/me"),
}


@pytest.mark.parametrize("end", ENDINGS.values(), ids=ENDINGS)
async def test_no_live_socket_of_a_member_outlives_its_token(
    relay_server: Server, http: aiohttp.ClientSession, end: End
) -> None:
    async with Cast(http, relay_server) as cast:
        await cast.found(SLUG)
        one, other = await cast.join(SLUG), await cast.join(SLUG)

        await end(cast, one)
        await one.heard.until(lambda: bool(one.closes), AT_ONCE_S)
        await cast.post(SLUG, "Only for those who are still here.")
        await other.item(1)

        assert one.closes == [REVOKED]
        assert one.items == []
        await one.api.want(401, "GET", "/v1/me")


async def test_a_socket_that_says_hello_while_its_token_is_revoked_does_not_live_on(
    relay_server: Server, http: aiohttp.ClientSession
) -> None:
    async with Cast(http, relay_server) as cast:
        await cast.found(SLUG)
        members = [await cast.enrol(SLUG) for _ in range(MANY)]

        async def race(member: MemberClient) -> None:
            cast.start(member)
            await cast.owner.want(204, "DELETE", f"/v1/members/{member.id}/tokens")
            await member.heard.until(lambda: bool(member.closes), AT_ONCE_S)

        await asyncio.gather(*map(race, members))

        assert {code for member in members for code in member.closes} <= {4401, REVOKED}


async def test_no_live_socket_of_staff_or_keys_outlives_its_token(relay_server: Server, http: aiohttp.ClientSession) -> None:
    async with Cast(http, relay_server) as cast:
        owner = cast.owner
        people = [await owner.want(201, "POST", "/v1/staff", {"name": name, "role": "agent"}) for name in ("Agnes", "Anton")]
        key = await owner.want(201, "POST", "/v1/keys", {"name": "Shop", "scopes": ["threads:read"]})
        streams = [await cast.watch(cast.api(one["token"])) for one in (*people, key)]

        await owner.want(204, "DELETE", f"/v1/staff/{people[0]['id']}")
        await owner.want(201, "POST", f"/v1/staff/{people[1]['id']}/tokens")
        await owner.want(204, "DELETE", f"/v1/keys/{key['id']}")
        await cast.heard.until(lambda: all(stream.close_code for stream in streams), AT_ONCE_S)

        assert [stream.close_code for stream in streams] == [REVOKED] * 3


# ------------------------------------------------------------------------------ conversation ids that can be enumerated


async def test_ids_cannot_be_enumerated(relay_server: Server, http: aiohttp.ClientSession) -> None:
    async with Cast(http, relay_server) as cast:
        await cast.found(SLUG)
        members = [await cast.join(SLUG) for _ in range(MANY)]
        for member in members:
            await member.send("hello", "Hello!")
            await member.answered("hello")
        posts = [(await cast.post(SLUG, f"Post {n}"))["id"] for n in range(MANY)]
        threads = sorted(await cast.threads(SLUG), key=lambda thread: thread["created_at"])

        in_order = {
            "members": [member.id for member in members],
            "messages": [member.answers["hello"]["id"] for member in members],
            "posts": posts,
            "threads": [thread["id"] for thread in threads],
        }

        for ids in in_order.values():
            assert len(set(ids)) == MANY
            assert all(ID.fullmatch(id_) for id_ in ids)
            numbers = [base64.b32decode(f"{id_.upper()}======") for id_ in ids]
            assert sorted(numbers) != numbers, "a counter, or a time, is in there"
            assert len({id_[:SAME] for id_ in ids}) == MANY


async def test_not_there_and_not_yours_are_one_answer_byte_for_byte(start_relay: Relay, http: aiohttp.ClientSession) -> None:
    async with Cast(http, await start_relay(**HOLDING)) as cast:
        await cast.found(SLUG)
        await cast.found("other")
        one, other = await cast.join(SLUG), await cast.join(SLUG)
        abroad = (await cast.post("other", "Not for the town", buttons=[{"id": "yes", "label": "Yes"}]))["id"]
        await other.send("held", f"You {HELD_WORD}")
        message = (await other.answered("held"))["id"]
        case = (await cast.owner.get(f"/v1/communities/{SLUG}/cases"))["items"][0]["id"]
        nothing = "a" * 26

        for path, bodies in {
            "/v1/me/messages": [
                {"client_id": "x", "text": "Hm", "in_reply_to": id_} for id_ in (message, abroad, case, nothing)
            ],
            "/v1/me/press": [{"post": id_, "button": "yes"} for id_ in (message, abroad, nothing)],
            "/v1/me/appeals": [{"case": id_, "text": "Hm"} for id_ in (case, message, nothing)],
        }.items():
            answers = [await one.api.ask("POST", path, body) for body in bodies]
            assert {answer.status for answer in answers} == {404}
            assert len({_without_date(answer.headers) + answer.raw.decode() for answer in answers}) == 1


# ------------------------------------------------------------------ a response mixed up after a cancelled request


async def test_no_response_is_mixed_up_after_a_cancelled_request(relay_server: Server, http: aiohttp.ClientSession) -> None:
    async with Cast(http, relay_server) as cast:
        await cast.found(SLUG)
        members = [await cast.enrol(SLUG) for _ in range(MANY)]
        steady = [await Raw.dial(relay_server, str(member.api.token)) for member in members]

        for turn in range(5):
            turned = members[turn:] + members[:turn]  # so that whoever takes the place of one that was cut is somebody else
            cut = [await Raw.dial(relay_server, str(member.api.token)) for member in turned]
            for n, raw in enumerate(cut):
                raw.post("/v1/me/messages", {"client_id": f"cut-{turn}", "text": f"From {turned[n].id}"}, whole=n % 3 != 0)
                raw.get("/v1/me")
                raw.abort()
            for raw in steady:
                raw.get("/v1/me")
                raw.get("/v1/me/export")
            for raw, member in zip(steady, members, strict=True):
                assert (await raw.answer())["id"] == member.id
                assert (await raw.answer())["member"]["id"] == member.id

        for thread in await cast.threads(SLUG):
            assert {entry["text"] for entry in thread["messages"]} == {f"From {thread['member']['id']}"}
        for raw in steady:
            raw.abort()


async def test_callers_who_share_a_connection_get_their_own_answers(relay_server: Server, http: aiohttp.ClientSession) -> None:
    async with Cast(http, relay_server) as cast:
        await cast.found(SLUG)
        members = [await cast.enrol(SLUG) for _ in range(MANY)]
        proxy = await Raw.dial(relay_server, "")

        for member in members:
            proxy.get("/v1/me", token=str(member.api.token))
        answers = [await proxy.answer() for _ in members]

        assert [answer["id"] for answer in answers] == [member.id for member in members]
        proxy.abort()


# ------------------------------------------------------------------------------------------- a global idempotency key


async def test_an_idempotency_key_belongs_to_its_caller(relay_server: Server, http: aiohttp.ClientSession) -> None:
    async with Cast(http, relay_server) as cast:
        await cast.found(SLUG)
        manager, members = await cast.hire("Max", "manager"), [await cast.join(SLUG) for _ in range(2)]
        path, key = f"/v1/communities/{SLUG}/posts", "the-same-key"

        by_owner = await cast.owner.want(202, "POST", path, {"text": "From the owner"}, key=key)
        by_manager = await manager.want(202, "POST", path, {"text": "From the manager"}, key=key)
        again = await manager.want(202, "POST", path, {"text": "From the manager"}, key=key)
        reused = await manager.ask("POST", path, {"text": "Something else"}, key=key)
        said = [
            await member.api.want(202, "POST", "/v1/me/messages", {"client_id": "1", "text": f"I am {member.id}"}, key=key)
            for member in members
        ]

        assert by_owner["id"] != by_manager["id"] == again["id"]
        assert reused.status == 422
        assert said[0]["id"] != said[1]["id"]
        for member in members:
            assert (await cast.thread_of(SLUG, member))["messages"][0]["text"] == f"I am {member.id}"


# ------------------------------------------------------------------------------------------------ a shared rate limit


async def test_nobodys_limit_is_used_up_by_another(relay_server: Server, http: aiohttp.ClientSession) -> None:
    async with Cast(http, relay_server) as cast:
        await cast.found(SLUG)
        loud, quiet = await cast.join(SLUG), await cast.join(SLUG)
        stranger = cast.api("a-token-that-nobody-has")

        await _until(loud.api, 429)
        for _ in range(MANY):
            await quiet.api.get("/v1/me")
        await _until(stranger, 429)
        for n in range(MUCH):
            await loud.frame({"type": "send", "client_id": f"loud-{n}", "text": f"Message number {n}"})
        for n in range(MUCH):
            await loud.answered(f"loud-{n}")
        refused = [frame for frame in loud.answers.values() if frame["type"] == "refused"]
        await quiet.send("quiet", "May I?")

        assert (await quiet.answered("quiet"))["type"] == "accepted"
        assert {frame["problem"]["status"] for frame in refused} == {429}
        assert (await (await cast.join(SLUG)).connected())["last_seq"] == 0, "the address is not blocked for who signs in"


# --------------------------------------------------------------------------------------------- a count of recipients


async def test_what_a_member_gets_is_the_same_for_one_recipient_and_for_many(
    relay_server: Server, http: aiohttp.ClientSession
) -> None:
    async with Cast(http, relay_server) as cast:
        views = []
        for slug, others in (("alone", 0), ("crowd", 8)):
            await cast.found(slug, name="The same name")
            crowd = [await cast.join(slug) for _ in range(others)]
            one = await cast.join(slug)
            post = await cast.post(slug, "Who is in?", buttons=[{"id": "yes", "label": "Yes"}])
            for member in (*crowd, one):
                await member.item(1)
                await member.press("press", post["id"], "yes")
                await member.send("hello", "Hello!", post["id"])
                await member.answered("press")
                await member.item(2)
            await one.api.want(204, "POST", "/v1/me/ack", {"seq": 2})
            await one.api.get("/v1/me")
            await one.api.get("/v1/me/items")
            await one.api.get("/v1/me/export")
            views.append(_anonymous(one, slug))

        assert views[0] == views[1]


# ------------------------------------------------------------------------------------------------------ reply to all


async def test_a_reply_goes_to_nobody_but_staff(relay_server: Server, http: aiohttp.ClientSession) -> None:
    async with Cast(http, relay_server) as cast:
        await cast.found(SLUG)
        one, *others = [await cast.join(SLUG) for _ in range(4)]
        post = (await cast.post(SLUG, "Who comes?"))["id"]
        await asyncio.gather(*(member.item(1) for member in cast.members))

        await one.send("to-post", "Me!", post)
        own = (await one.answered("to-post"))["id"]
        await others[0].send("to-another", "Me too!", own)
        to_all: list[dict[str, Json]] = [{"to": "all"}, {"members": [other.id for other in others]}, {"community": SLUG}]
        for more in to_all:
            await one.api.want(422, "POST", "/v1/me/messages", {"client_id": "all", "text": "All!", **more})
        await cast.post(SLUG, "The end.")
        await asyncio.gather(one.item(3), *(other.item(2) for other in others))

        assert (await others[0].answered("to-another"))["problem"]["status"] == 404
        for other in others:
            assert [item["kind"] for item in other.items] == ["post", "post"]
            assert b"Me!" not in other.seen
        (thread,) = await cast.threads(SLUG)
        assert (thread["member"]["id"], [entry["text"] for entry in thread["messages"]]) == (one.id, ["Me!"])


def _without_date(headers: str) -> str:
    return "\n".join(line for line in headers.splitlines() if not line.lower().startswith("date:"))


def _anonymous(member: MemberClient, slug: str) -> str:
    """All a member saw, without what is random, a time, a name that was given, or a clock's width."""
    text = member.seen.decode().replace(member.pseudonym, "PSEUDONYM").replace(f'"{slug}"', '"SLUG"')
    text = re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+Z", "TIME", text)
    text = re.sub(r"(?i)(date|content-length): [^\r\n]+", "", text)
    return ID.sub("ID", text)


async def _until(api: Api, status: int) -> None:
    """Ask more than is allowed at once, until the limit is reached."""
    async with within(LIMIT, f"{status}"):
        while status not in {
            answer.status for answer in await asyncio.gather(*(api.ask("GET", "/v1/me") for _ in range(MUCH)))
        }:
            pass
