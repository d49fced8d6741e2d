"""Bad input of every kind gets its clear problem and changes nothing."""

import json
from collections.abc import Iterator

import pytest

from relay.core.community import SLUG
from relay.web.problem import FORMS
from relay.web.table import ROUTES
from tests.web.browser import Browser
from tests.web.conftest import CONSENT, Person, Relay, is_problem, numbers

COMMUNITY = "/v1/communities"
POSTS = "/v1/communities/bad/posts"
MEMBERS = "/v1/communities/bad/members"
REPLY = "/v1/me/messages"


@pytest.fixture
async def anna(relay: Relay) -> Person:
    await relay.community()
    return await relay.member()


RAW = {
    "no JSON": b"{",
    "a list": b"[]",
    "a number": b"7",
    "null": b"null",
    "two documents": b"{}{}",
    "a trailing comma": b'{"text":"a",}',
    "a field twice": b'{"text":"a","text":"b"}',
    "a field twice further down": b'{"text":"a","buttons":[{"id":"a","id":"b","label":"c"}]}',
    "an unknown field": b'{"text":"a","txet":"b"}',
    "no fields": b"{}",
    "broken UTF-8": b'{"text":"\xff\xfe"}',
    "a cut-off character": b'{"text":"\xc3"}',
    "UTF-16": '{"text":"a"}'.encode("utf-16"),
    "NUL": b'{"text":"a\\u0000b"}',
    "a raw control character": b'{"text":"a\x01b"}',
    "half a surrogate pair": b'{"text":"\\ud800"}',
    "half a pair in a name": b'{"\\ud800":"a","text":"b"}',
    "NaN": b'{"text":NaN}',
    "a number as text": b'{"text":7}',
    "an empty text": b'{"text":""}',
    "a blank text": b'{"text":" \\n "}',
    "too long a text": json.dumps({"text": "a" * 4097}).encode(),
    "a thousand brackets": b"[" * 1000 + b"]" * 1000,
    "a hundred thousand brackets": b"[" * 100_000,
    "a number of 10,000 digits": b'{"text":' + b"9" * 10_000 + b"}",
    "a byte order mark": b'\xef\xbb\xbf{"text":"a"}',
}


@pytest.mark.parametrize("raw", RAW.values(), ids=RAW.keys())
async def test_a_broken_body_is_refused(relay: Relay, anna: Person, raw: bytes) -> None:
    before = await numbers(relay)

    post = await relay.owner("POST", POSTS, raw)
    reply = await anna.call("POST", REPLY, raw)

    assert is_problem(post, 422)
    assert is_problem(reply, 422)
    assert await numbers(relay) == before


POST_FAULTS = {
    "segment": ({"segment": "a"}, ["segment"]),
    "send_at": ({"send_at": "2027-01-01T00:00:00Z"}, ["send_at"]),
    "attachments": ({"attachments": ["a"]}, ["attachments"]),
    "plan": ({"plan": "a"}, ["plan"]),
    "hold_seconds": ({"hold_seconds": 10}, ["hold_seconds"]),
    "a past end": ({"expires_at": "2020-01-01T00:00:00Z"}, ["expires_at"]),
    "an end without zone": ({"expires_at": "2027-01-01T00:00:00"}, ["expires_at"]),
    "an end as a number": ({"expires_at": 1_800_000_000}, ["expires_at"]),
    "an end before the calendar": ({"expires_at": "0001-01-01T00:00:00+14:00"}, ["expires_at"]),
    "a long title": ({"title": "a" * 201}, ["title"]),
    "a title of two lines": ({"title": "a\nb"}, ["title"]),
    "four buttons": ({"buttons": [{"id": str(n), "label": "a"} for n in range(4)]}, ["buttons"]),
    "one id twice": ({"buttons": [{"id": "a", "label": "a"}, {"id": "a", "label": "b"}]}, ["buttons"]),
    "a blank label": ({"buttons": [{"id": "a", "label": " "}]}, ["buttons", 0, "label"]),
    "urgent as text": ({"urgent": "yes"}, ["urgent"]),
}


@pytest.mark.parametrize(("more", "loc"), POST_FAULTS.values(), ids=POST_FAULTS.keys())
async def test_a_fault_in_a_post_is_named(relay: Relay, anna: Person, more: dict[str, object], loc: list[str | int]) -> None:
    said = await relay.owner("POST", POSTS, {"text": "hello", **more})

    assert is_problem(said, 422)
    assert [one["loc"] for one in said.body["errors"]] == [["body", *loc]]
    assert (await anna.call("GET", "/v1/me/items")).body["items"] == []


async def test_what_is_not_there_yet_may_stand_empty(relay: Relay, anna: Person) -> None:
    empty: dict[str, object] = {"segment": None, "send_at": None, "attachments": [], "plan": None, "hold_seconds": 0}

    said = await relay.owner("POST", POSTS, {"text": "hello", **empty})

    assert said.status == 202
    assert anna.id


MEMBER_FAULTS = {
    "no consent": ({"name": "a"}, ["consent"]),
    "consent from tomorrow": (
        {"consent": {"source": "a", "text_version": "1", "at": "2026-11-22T12:00:00Z"}},
        ["consent", "at"],
    ),
    "no such zone": ({**CONSENT, "time_zone": "Mars/Olympus"}, ["time_zone"]),
    "a zone that is a path": ({**CONSENT, "time_zone": "../../etc/passwd"}, ["time_zone"]),
    "a zone that is a folder": ({**CONSENT, "time_zone": "Europe"}, ["time_zone"]),
    "no language": ({**CONSENT, "language": "klingon!"}, ["language"]),
    "a name with NUL": ({**CONSENT, "name": "a\0b"}, ["name"]),
    "a tag that is blank": ({**CONSENT, "tags": [" "]}, ["tags", 0]),
    "an address without channel": ({**CONSENT, "addresses": [{"address": "a"}]}, ["addresses", 0, "channel"]),
}


@pytest.mark.parametrize(("body", "loc"), MEMBER_FAULTS.values(), ids=MEMBER_FAULTS.keys())
async def test_a_fault_in_a_member_is_named(relay: Relay, anna: Person, body: dict[str, object], loc: list[str | int]) -> None:
    before = await numbers(relay)

    said = await relay.owner("POST", MEMBERS, body)

    assert is_problem(said, 422)
    assert [one["loc"] for one in said.body["errors"]] == [["body", *loc]]
    assert await numbers(relay) == before
    assert anna.id


@pytest.mark.parametrize("value", [1e400, {"a": 1}, ["a"], None, 2**63], ids=["infinite", "a table", "a list", "null", "huge"])
async def test_an_attribute_is_a_plain_value(relay: Relay, anna: Person, value: object) -> None:
    raw = json.dumps({**CONSENT, "attributes": {"a": value}}).replace("Infinity", "1e400").encode()

    said = await relay.owner("POST", MEMBERS, raw)

    assert is_problem(said, 422)
    assert anna.id


@pytest.mark.parametrize(
    ("body", "place", "said"),
    [
        ({"language": "german!"}, ["language"], "is no language such as de or en-GB"),
        (
            {"rules": {"quiet_hours": {"from": "9", "to": "21:00"}}},
            ["rules", "quiet_hours", "from"],
            "is no time of day such as",
        ),
        ({"rules": 7}, ["rules"], "should be an object"),
        ({"name": 7}, ["name"], "should be text"),
    ],
)
async def test_a_fault_is_told_in_plain_words(
    relay: Relay, anna: Person, body: dict[str, object], place: list[str], said: str
) -> None:
    answer = await relay.owner("PATCH", f"{COMMUNITY}/bad", body)

    (fault,) = answer.body["errors"]
    assert fault["loc"] == ["body", *place]
    assert fault["msg"].startswith(said)
    assert anna.id


def test_every_pattern_that_a_caller_may_miss_has_its_words() -> None:
    schemas = [model.model_json_schema() for route in ROUTES for model in (route.body, route.query) if model]

    found = {pattern for schema in schemas for pattern in patterns(schema)}
    assert found - {f"^{SLUG.pattern}$"} == set(FORMS)  # a slug's validator has words of its own


def patterns(schema: object) -> Iterator[str]:
    if isinstance(schema, dict):
        if isinstance(pattern := schema.get("pattern"), str):
            yield pattern
        for inner in schema.values():
            yield from patterns(inner)
    elif isinstance(schema, list):
        for inner in schema:
            yield from patterns(inner)


@pytest.mark.parametrize("path", ["ack", "read"])
@pytest.mark.parametrize("seq", [-1, 2, 2**53, 2**70, 1.5, "1", None, True])
async def test_a_seq_that_is_none_is_refused(relay: Relay, anna: Person, path: str, seq: object) -> None:
    await relay.post()

    said = await anna.call("POST", f"/v1/me/{path}", {"seq": seq})

    assert is_problem(said, 422)
    assert (await anna.call("GET", "/v1/me")).body["delivered"] == 0


@pytest.mark.parametrize(
    "query",
    ["after=-1", "after=a", "after=1e3", "limit=0", "limit=201", "limit=", "wrong=1", "limit=1&limit=2", "after=9" + "9" * 30],
)
async def test_a_wrong_query_is_refused(relay: Relay, anna: Person, query: str) -> None:
    said = await anna.call("GET", f"/v1/me/items?{query}")

    assert is_problem(said, 422)
    assert relay.url


@pytest.mark.parametrize("after", ["a", "MQ", "!!!!", "a" * 401, "%00", "LTE", "MS4y"])
async def test_a_place_that_no_list_gave_is_refused_or_empty(relay: Relay, anna: Person, after: str) -> None:
    paths = [MEMBERS, POSTS, "/v1/communities/bad/threads", "/v1/communities/bad/cases", "/v1/audit"]

    said = [await relay.owner("GET", f"{path}?after={after}") for path in paths]

    assert {one.status for one in said} <= {200, 422}
    assert all(one.status == 200 or is_problem(one, 422) for one in said)
    assert anna.id


@pytest.mark.parametrize(
    "q", ["%22", "*", "a%20OR", "NEAR(", "%00", "%ED%A0%80", "'", "!!!", "%F0%9F%98%80", "^a", "-a", "a:b"]
)
async def test_a_search_for_odd_signs_finds_nothing_and_breaks_nothing(relay: Relay, anna: Person, q: str) -> None:
    await relay.reply(anna, "hello")

    said = await relay.owner("GET", f"/v1/communities/bad/threads?q={q}")

    assert said.status in {200, 422}


async def test_who_sends_what_no_form_sends_is_not_told_that_the_relay_failed(ada: Browser) -> None:
    headers = {"Origin": ada.origin, "Content-Type": "text/plain"}

    async with ada.session.post(f"{ada.origin}/c/bad/pause", data="span=day", headers=headers) as answer:
        said = await answer.text()

    assert answer.status == 415
    assert "Not understood" in said
