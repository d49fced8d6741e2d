"""Idempotency-Key: the same request once, whatever happens around it."""

import asyncio
from datetime import timedelta

import pytest

from relay.core.change import Change, Outcome
from relay.core.repeat import Forget, Remember
from relay.testing.clock import ManualClock
from relay.web.idempotency import KEPT, Repeats
from tests.web.conftest import CONSENT, PATIENCE, Person, Relay

POSTS = "/v1/communities/bad/posts"
MEMBERS = "/v1/communities/bad/members"


@pytest.fixture
async def anna(relay: Relay) -> Person:
    await relay.community()
    return await relay.member()


async def test_the_same_key_and_body_get_the_same_answer_and_one_post(relay: Relay, anna: Person) -> None:
    first = await relay.owner("POST", POSTS, {"text": "hello"}, Idempotency_Key="k1")
    await relay.release()
    second = await relay.owner("POST", POSTS, {"text": "hello"}, Idempotency_Key="k1")

    assert (first.status, first.raw) == (second.status, second.raw) == (202, second.raw)
    assert [one["text"] for one in (await anna.call("GET", "/v1/me/items")).body["items"]] == ["hello"]
    assert len((await relay.owner("GET", POSTS)).body["items"]) == 1


async def test_the_same_key_with_another_body_or_path_is_refused(relay: Relay, anna: Person) -> None:
    await relay.owner("POST", POSTS, {"text": "hello"}, Idempotency_Key="k1")

    body = await relay.owner("POST", POSTS, {"text": "other"}, Idempotency_Key="k1")
    path = await relay.owner("POST", MEMBERS, CONSENT, Idempotency_Key="k1")

    assert (body.status, path.status) == (422, 422)
    assert body.body["errors"][0]["loc"] == ["header", "Idempotency-Key"]
    assert len((await relay.owner("GET", POSTS)).body["items"]) == 1
    assert anna.id


async def test_a_key_belongs_to_its_caller_alone(relay: Relay, anna: Person) -> None:
    ben = await relay.member()
    key = await relay.key("posts:write")

    posts = [await who("POST", POSTS, {"text": "hello"}, Idempotency_Key="k1") for who in (relay.owner, key)]
    replies = [
        await who.call("POST", "/v1/me/messages", {"client_id": "1", "text": who.id}, Idempotency_Key="k1")
        for who in (anna, ben)
    ]

    assert len({one.body["id"] for one in (*posts, *replies)}) == 4


async def test_a_repeated_answer_shows_no_secret(relay: Relay, anna: Person) -> None:
    calls = [
        (MEMBERS, CONSENT),
        (f"/v1/members/{anna.id}/tokens", {"kind": "web", "device": "phone"}),
        ("/v1/staff", {"name": "Eva", "role": "agent"}),
        ("/v1/keys", {"name": "shop", "scopes": ["posts:read"]}),
    ]

    for place, (path, body) in enumerate(calls):
        first = await relay.owner("POST", path, body, Idempotency_Key=f"k{place}")
        second = await relay.owner("POST", path, body, Idempotency_Key=f"k{place}")

        assert (first.status, second.status) == (201, 201)
        secrets = {"token", "link"} & first.body.keys()
        assert secrets
        assert all(first.body[name] for name in secrets)
        assert second.body == {**first.body, **dict.fromkeys(secrets)}


async def test_of_twenty_at_once_one_runs(relay: Relay, anna: Person) -> None:
    calls = [relay.owner("POST", POSTS, {"text": "hello"}, Idempotency_Key="k1") for _ in range(20)]

    said = await asyncio.gather(*calls)
    later = await relay.owner("POST", POSTS, {"text": "hello"}, Idempotency_Key="k1")

    assert {one.status for one in said} <= {202, 409}
    assert {one.body["id"] for one in said if one.status == 202} == {later.body["id"]}
    assert len((await relay.owner("GET", POSTS)).body["items"]) == 1
    assert anna.id


async def test_a_refused_request_leaves_its_key_free(relay: Relay, anna: Person) -> None:
    refused = await relay.owner("POST", POSTS, {"text": ""}, Idempotency_Key="k1")
    missing = await relay.owner("POST", "/v1/communities/none/posts", {"text": "a"}, Idempotency_Key="k1")
    taken = await relay.owner("POST", POSTS, {"text": "hello"}, Idempotency_Key="k1")

    assert (refused.status, missing.status, taken.status) == (422, 404, 202)
    assert anna.id


async def test_every_creating_call_of_staff_is_remembered(relay: Relay, anna: Person) -> None:
    await relay.reply(anna, "hold this")
    thread = await relay.only_thread()
    (case,) = (await relay.owner("GET", "/v1/communities/bad/cases")).body["items"]
    calls = [
        ("/v1/communities", {"slug": "zoo", "name": "Zoo"}),
        (f"/v1/threads/{thread}/messages", {"text": "hello"}),
        (f"/v1/threads/{thread}/messages", {"text": "hello", "internal": True}),
        (f"/v1/members/{anna.id}/messages", {"text": "hello"}),
        (f"/v1/cases/{case['id']}:decide", {"action": "reject", "reason": "no"}),
    ]

    for place, (path, body) in enumerate(calls):
        first = await relay.owner("POST", path, body, Idempotency_Key=f"k{place}")
        second = await relay.owner("POST", path, body, Idempotency_Key=f"k{place}")

        assert first.status in {200, 201, 202}
        assert (first.status, first.raw) == (second.status, second.raw)


async def test_a_members_calls_are_remembered_too(relay: Relay, anna: Person) -> None:
    said = {"client_id": "1", "text": "reject this"}
    first = await anna.call("POST", "/v1/me/messages", said, Idempotency_Key="k1")
    second = await anna.call("POST", "/v1/me/messages", said, Idempotency_Key="k1")
    by_client_id = await anna.call("POST", "/v1/me/messages", said)
    (case,) = (await relay.owner("GET", "/v1/communities/bad/cases?state=rejected")).body["items"]

    appeals = [
        await anna.call("POST", "/v1/me/appeals", {"case": case["id"], "text": "why"}, Idempotency_Key="k2") for _ in "12"
    ]

    assert first.raw == second.raw == by_client_id.raw
    assert (appeals[0].status, appeals[0].raw) == (202, appeals[1].raw)


@pytest.mark.parametrize("key", ["", "a" * 256, "ä"])
async def test_a_key_that_is_none_is_refused(relay: Relay, anna: Person, key: str) -> None:
    said = await relay.owner("POST", POSTS, {"text": "hello"}, Idempotency_Key=key)

    assert (said.status, said.body["errors"][0]["loc"]) == (422, ["header", "Idempotency-Key"])
    assert (await anna.call("GET", "/v1/me/items")).body["items"] == []


async def test_a_key_is_forgotten_after_a_week(relay: Relay, anna: Person) -> None:
    first = await relay.owner("POST", POSTS, {"text": "hello"}, Idempotency_Key="k1")
    relay.clock.pass_((KEPT + timedelta(seconds=1)).total_seconds())

    await relay.parts.store.commit(Forget(relay.clock.now() - KEPT))
    second = await relay.owner("POST", POSTS, {"text": "hello"}, Idempotency_Key="k1")

    assert first.body["id"] != second.body["id"]
    assert anna.id


async def test_the_answer_is_written_in_the_commit_of_its_effect(relay: Relay, anna: Person) -> None:
    """What the bus hears together was committed together, so that no crash can come between."""
    heard: list[str] = []

    def hear(changes: tuple[object, ...], _outcomes: tuple[Outcome, ...]) -> None:
        heard.append(" ".join(sorted(type(change).__name__ for change in changes)))

    relay.also_told.append(hear)

    await relay.owner("POST", POSTS, {"text": "hello"}, Idempotency_Key="k1")

    assert "AcceptPost Record Remember" in heard
    assert anna.id


class Stumbling:
    """A store that fails at first in a way that nobody foresaw, and then takes what it is given."""

    def __init__(self) -> None:
        self.taken: asyncio.Queue[Change] = asyncio.Queue()
        self._has_failed = False

    async def commit(self, *changes: Change) -> None:
        if not self._has_failed:
            self._has_failed = True
            raise RuntimeError
        for change in changes:
            self.taken.put_nowait(change)


async def test_old_answers_are_cleared_again_after_an_error_that_nobody_foresaw() -> None:
    store, clock = Stumbling(), ManualClock()
    clearing = asyncio.create_task(Repeats(store, clock).clear(0))  # type: ignore[arg-type]  # it commits, which is all

    async with asyncio.timeout(PATIENCE):
        change = await store.taken.get()
    clearing.cancel()

    assert change == Forget(clock.now() - KEPT)


async def test_the_answer_that_made_a_member_goes_with_them(relay: Relay, anna: Person) -> None:
    calls: list[Change] = []
    relay.parts.bus.on(Remember, lambda change, _: calls.append(change))
    made = await relay.owner("POST", MEMBERS, CONSENT, Idempotency_Key="k1")
    (remembered,) = calls
    assert isinstance(remembered, Remember)

    before = await relay.parts.store.remembered(remembered.caller, "k1")
    await relay.owner("DELETE", f"/v1/members/{made.body['id']}")

    assert before is not None
    assert await relay.parts.store.remembered(remembered.caller, "k1") is None
    assert anna.id
