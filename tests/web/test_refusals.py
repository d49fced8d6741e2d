"""What is refused for who asks, for what is there or not, and for its size; with a clear problem and without a change."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from relay.core.moment import rfc3339
from relay.core.staff import Role
from tests.web.conftest import CONSENT, Caller, Person, Relay, is_problem, numbers

COMMUNITY = "/v1/communities"
POSTS = "/v1/communities/bad/posts"
MEMBERS = "/v1/communities/bad/members"
REPLY = "/v1/me/messages"


@pytest.fixture
async def anna(relay: Relay) -> Person:
    await relay.community()
    return await relay.member()


async def test_not_there_and_not_yours_are_the_same_404_byte_for_byte(relay: Relay, anna: Person) -> None:
    ben = await relay.member()
    post = await relay.post()
    await relay.reply(ben, "reject this")
    notice = (await ben.call("GET", "/v1/me/items?after=2")).body["items"][0]
    bens = (await ben.call("GET", "/v1/me/items?after=1")).body["items"][0]["id"]
    never = "a" * 26

    answers = [
        await anna.call("POST", REPLY, {"client_id": "1", "text": "a", "in_reply_to": bens}),
        await anna.call("POST", REPLY, {"client_id": "2", "text": "a", "in_reply_to": never}),
        await anna.call("POST", "/v1/me/appeals", {"case": notice["case"], "text": "a"}),
        await anna.call("POST", "/v1/me/appeals", {"case": never, "text": "a"}),
        await anna.call("POST", "/v1/me/press", {"post": never, "button": "a"}),
        await anna.call("POST", "/v1/me/press", {"post": post, "button": "a"}),
        await relay.owner("GET", f"/v1/threads/{never}"),
        await relay.owner("GET", "/v1/communities/none/threads"),
        await relay.owner("GET", "/v1/no-such-thing"),
        await relay.owner("GET", "/v1/members/%00"),
        await relay.owner("GET", "/v1/members/%0A"),
        await relay.owner("GET", "/v1/members/%ED%A0%80"),
        await relay.owner("GET", "/v1/members/..%2F..%2Fetc"),
        await relay.owner("GET", f"/v1/members/{'a' * 41}"),
    ]

    assert {one.status for one in answers} == {404}
    assert len({one.raw for one in answers}) == 1


async def test_ten_megabytes_are_too_large_whether_announced_or_not(relay: Relay, anna: Person) -> None:
    before = await numbers(relay)
    body = json.dumps({"text": "a" * 10_000_000}).encode()

    async def in_chunks() -> AsyncIterator[bytes]:
        for start in range(0, len(body), 65_536):
            yield body[start : start + 65_536]

    announced = await relay.owner("POST", POSTS, body)
    async with relay.session.post(
        relay.url + POSTS,
        data=in_chunks(),
        headers={"Authorization": f"Bearer {relay.owner.token}", "Content-Type": "application/json"},
    ) as found:
        chunked = found.status

    assert is_problem(announced, 413)
    assert chunked == 413
    assert await numbers(relay) == before
    assert anna.id


@pytest.mark.parametrize(
    "headers",
    [
        {"Content_Type": "text/plain"},
        {"Content_Type": "application/x-www-form-urlencoded"},
        {"Content_Type": "multipart/form-data; boundary=a"},
        {"Content_Encoding": "gzip"},
        {"Content_Encoding": "deflate"},
    ],
    ids=lambda headers: next(iter(headers.values())),
)
async def test_only_plain_json_is_taken(relay: Relay, anna: Person, headers: dict[str, str]) -> None:
    said = await relay.owner("POST", POSTS, b'{"text":"a"}', **headers)

    assert is_problem(said, 415)
    assert anna.id


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Bearer short",
        "Basic YTpi",
        "Bearer " + "a" * 300,
        "Bearer a b c d e f g h i j k",
        "x" * 4000,
    ],
)
async def test_without_a_token_nothing_opens(relay: Relay, anna: Person, header: str | None) -> None:
    given = {} if header is None else {"Authorization": header}

    said = [
        await Caller(relay.url, relay.session, None, given)(method, path, body)
        for method, path, body in (("GET", "/v1/me", None), ("POST", POSTS, {"text": "a"}), ("GET", "/v1/staff", None))
    ]

    assert all(is_problem(one, 401) for one in said)
    assert {one.headers["WWW-Authenticate"] for one in said} == {"Bearer"}
    assert anna.id


async def test_a_token_in_the_address_is_no_token(relay: Relay, anna: Person) -> None:
    said = await relay.nobody("GET", f"/v1/me?token={anna.call.token}&access_token={anna.call.token}")

    assert is_problem(said, 401)


async def test_an_expired_key_opens_nothing(relay: Relay, anna: Person) -> None:
    soon = (relay.clock.now() + timedelta(hours=1)).isoformat()
    made = await relay.owner("POST", "/v1/keys", {"name": "a", "scopes": ["posts:read"], "expires_at": soon})
    key = relay.caller(made.body["token"])

    before = await key("GET", POSTS)
    relay.clock.pass_(3600)
    after = await key("GET", POSTS)
    past = await relay.owner("POST", "/v1/keys", {"name": "a", "scopes": ["posts:read"], "expires_at": soon})

    assert before.status == 200
    assert is_problem(after, 401)
    assert is_problem(past, 422)
    assert anna.id


async def test_a_closed_community_takes_no_posts_and_no_members(relay: Relay, anna: Person) -> None:
    await relay.owner("PATCH", "/v1/communities/bad", {"closed": True})
    before = await numbers(relay)

    post = await relay.owner("POST", POSTS, {"text": "a"})
    member = await relay.owner("POST", MEMBERS, CONSENT)

    assert is_problem(post, 409)
    assert is_problem(member, 409)
    assert await numbers(relay) == before
    assert anna.id


async def test_a_wrong_method_is_told_which_are_right(relay: Relay) -> None:
    said = await relay.owner("PUT", "/v1/communities")

    assert is_problem(said, 405)
    assert said.headers["Allow"] == "GET, POST"


async def test_an_address_that_is_in_use_is_a_conflict(relay: Relay, anna: Person) -> None:
    taken = {**CONSENT, "addresses": [{"channel": "sms", "address": "+491"}]}

    first = await relay.owner("POST", MEMBERS, taken)
    second = await relay.owner("POST", MEMBERS, taken)

    assert first.status == 201
    assert is_problem(second, 409)
    assert anna.id


async def test_what_came_in_never_comes_back_in_a_problem(relay: Relay, anna: Person) -> None:
    mark = "geheimnis4711"

    said = [
        await relay.owner("POST", POSTS, {"text": mark * 1000, "title": f"{mark}\n", "urgent": mark, "expires_at": mark}),
        await relay.owner("POST", MEMBERS, {**CONSENT, "time_zone": mark, "language": f"{mark}!", "tags": mark}),
        await relay.owner("POST", COMMUNITY, {"slug": f"{mark}_", "name": "a", "privacy_url": mark}),
        await anna.call("GET", f"/v1/me/items?after={mark}"),
        await anna.call("POST", REPLY, {"client_id": mark * 10, "text": "a", "in_reply_to": f"{mark}!"}),
        await relay.owner("GET", f"/v1/members/{mark}"),
        await relay.owner("GET", f"/v1/{mark}"),
    ]

    assert [one.status for one in said] == [422, 422, 422, 422, 422, 404, 404]
    assert not any(mark.encode() in one.raw for one in said)


async def test_an_unknown_name_is_told_shortened(relay: Relay, anna: Person) -> None:
    said = await relay.owner("POST", POSTS, {"text": "a", "b" * 1000: 1})

    assert [one["loc"] for one in said.body["errors"]] == [["body", "b" * 64]]
    assert anna.id


async def test_at_most_twenty_faults_are_told(relay: Relay, anna: Person) -> None:
    said = await relay.owner("POST", POSTS, {str(n): 1 for n in range(1000)})

    assert len(said.body["errors"]) == 20
    assert anna.id


async def test_a_snoozed_thread_says_until_when(relay: Relay, anna: Person) -> None:
    await relay.reply(anna, "hello")
    path = f"/v1/threads/{await relay.only_thread()}"

    without = await relay.owner("PATCH", path, {"version": 1, "state": "snoozed"})
    alone = await relay.owner("PATCH", path, {"version": 1, "snoozed_until": "2027-01-01T00:00:00Z"})
    both = await relay.owner("PATCH", path, {"version": 1, "state": "snoozed", "snoozed_until": "2027-01-01T00:00:00Z"})

    assert (without.status, alone.status, both.status) == (422, 422, 200)
    assert both.body["snoozed_until"] == "2027-01-01T00:00:00.000Z"


async def test_a_snoozed_thread_is_open_again_when_its_time_has_come(relay: Relay, anna: Person) -> None:
    await relay.reply(anna, "hello")
    path = f"/v1/threads/{await relay.only_thread()}"

    said = await relay.owner("PATCH", path, {"version": 1, "state": "snoozed", "snoozed_until": "2020-01-01T00:00:00Z"})

    listed = [
        len((await relay.owner("GET", f"/v1/communities/bad/threads?state={state}")).body["items"])
        for state in ("open", "snoozed")
    ]
    assert (said.body["state"], listed) == ("open", [1, 0])


async def test_a_measure_goes_with_a_rejection_alone(relay: Relay, anna: Person) -> None:
    await relay.reply(anna, "hold this")
    moderator = await relay.staff(Role.MODERATOR)
    (case,) = (await moderator("GET", "/v1/communities/bad/cases")).body["items"]

    term = {"kind": "mute", "until": rfc3339(relay.clock.now() + timedelta(days=1))}
    late = {"kind": "mute", "until": "2020-01-01T00:00:00Z"}

    said = await moderator("POST", f"/v1/cases/{case['id']}:decide", {"action": "deliver", "measure": term})
    past = await moderator("POST", f"/v1/cases/{case['id']}:decide", {"action": "reject", "reason": "No.", "measure": late})

    assert is_problem(said, 422)
    assert is_problem(past, 422)
    assert [one.body["errors"][0]["loc"] for one in (said, past)] == [["body", "measure"], ["body", "measure", "until"]]
    assert (await moderator("GET", f"/v1/cases/{case['id']}")).body["state"] == "open"


async def test_a_fault_of_the_relay_is_a_problem_that_tells_nothing(relay: Relay, anna: Person) -> None:
    relay.plugins.append({"name": object(), "note": "geheimnis4711"})

    said = await relay.owner("GET", "/v1/communities/bad/plugins")
    after = await anna.call("GET", "/v1/me")

    assert is_problem(said, 500)
    assert b"geheimnis" not in said.raw
    assert b"object" not in said.raw
    assert after.status == 200
