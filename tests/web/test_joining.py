"""Invites, the text people agree to, joining and pausing over HTTP."""

import xml.etree.ElementTree as ET

import pytest

from relay.core.joining import STEP
from tests.web.conftest import Open, Relay, Said, is_problem

JOIN = "/v1/communities/bad/join"
CONFIRM = "/v1/join:confirm"


@pytest.fixture
async def invite(relay: Relay) -> str:
    """The code of one for a single person."""
    await relay.community()
    return await invited(relay, uses=1)


async def invited(relay: Relay, slug: str = "bad", **more: object) -> str:
    made = await relay.owner("POST", f"/v1/communities/{slug}/invites", more)
    assert made.status == 201, made
    return str(made.body["code"])


async def ask(relay: Relay, invite: str, **more: object) -> Said:
    return await relay.nobody("POST", JOIN, {"invite": invite, "text_version": "default-1", **more})


def unequal(one: Said, other: Said) -> bool:
    """Whether anybody could tell the two answers apart."""
    return (one.status, one.raw, dict(one.headers) | {"Date": ""}) != (
        other.status,
        other.raw,
        dict(other.headers) | {"Date": ""},
    )


async def test_who_has_an_invite_asks_confirms_and_is_in(relay: Relay, invite: str) -> None:
    asked = await ask(relay, invite, name="Ada", language="de", time_zone="Europe/Berlin")
    confirmed = await relay.nobody("POST", CONFIRM, {"code": asked.body["code"]})

    assert (asked.status, asked.body["language"], asked.body["text_version"]) == (202, "de", "default-1")
    assert "Bad am See" in asked.body["text"]
    me = await relay.caller(confirmed.body["token"])("GET", "/v1/me")
    assert (me.body["name"], me.body["language"], me.body["time_zone"]) == ("Ada", "de", "Europe/Berlin")
    assert me.body["id"] == confirmed.body["id"]
    detail = await relay.owner("GET", f"/v1/members/{me.body['id']}")
    (consent,) = detail.body["consents"]
    assert (consent["channel"], consent["text_version"], consent["language"]) == ("web", "default-1", "de")
    assert consent["source"].startswith("API, invite ")


async def test_confirming_again_gives_the_same_answer_for_an_hour(relay: Relay, invite: str) -> None:
    code = (await ask(relay, invite)).body["code"]
    first = await relay.nobody("POST", CONFIRM, {"code": code})

    repeated = await relay.nobody("POST", CONFIRM, {"code": code})
    relay.clock.pass_(STEP.total_seconds())
    late = await relay.nobody("POST", CONFIRM, {"code": code})

    assert repeated.body == first.body
    assert is_problem(late, 404)


async def test_the_answer_is_the_same_whether_or_not_the_address_is_known(relay: Relay) -> None:
    await relay.community()
    invite = await invited(relay)
    await relay.member(addresses=[{"channel": "email", "address": "ada@example.com"}])

    known = await ask(relay, invite, address={"channel": "email", "address": "ada@example.com"})
    unknown = await ask(relay, invite, address={"channel": "email", "address": "ben@example.com"})

    assert is_problem(known, 422)
    assert not unequal(known, unknown)


async def test_every_invite_that_opens_nothing_is_the_same_to_who_tries_it(relay: Relay) -> None:
    await relay.community()
    await relay.community("other")
    used, short = await invited(relay, uses=1), await invited(relay, expires_at="2026-11-21T12:00:30Z")
    revoked, elsewhere = await invited(relay), await invited(relay, "other")
    await relay.nobody("POST", CONFIRM, {"code": (await ask(relay, used)).body["code"]})
    listed = (await relay.owner("GET", "/v1/communities/bad/invites")).body["items"]
    await relay.owner("DELETE", f"/v1/invites/{listed[2]['id']}")
    relay.clock.pass_(30)

    said = [await ask(relay, code) for code in (used, short, revoked, elsewhere, "x" * 26)]

    assert [one.status for one in said] == [404] * 5
    assert [one for one in said if unequal(one, said[0])] == []
    assert [invite["used"] for invite in listed] == [1, 0, 0]


async def test_a_text_that_is_not_the_present_one_is_not_agreed_to(relay: Relay, invite: str) -> None:
    first = await relay.owner("PUT", "/v1/communities/bad/consent", {"language": "en", "text": "I agree."})
    second = await relay.owner("PUT", "/v1/communities/bad/consent", {"language": "en", "text": "I agree indeed."})

    refused = [await ask(relay, invite, text_version=version) for version in ("default-1", "1")]
    asked = await ask(relay, invite, text_version="2")

    assert (first.body["version"], second.body["version"]) == ("1", "2")
    assert all(is_problem(one, 422) for one in refused)
    assert (asked.status, asked.body["text"]) == (202, "I agree indeed.")


async def test_texts_are_read_the_present_and_the_past(relay: Relay) -> None:
    await relay.community(language="de")
    path = "/v1/communities/bad/consent"

    default = await relay.owner("GET", path)
    for text in ("Ja", "Ja, gern"):
        await relay.owner("PUT", path, {"language": "de", "text": text})
    present, past = await relay.owner("GET", path), await relay.owner("GET", f"{path}?past=true")

    assert [(one["version"], one["language"], one["created_at"]) for one in default.body["items"]] == [
        ("default-1", "de", None)
    ]
    assert [one["text"] for one in present.body["items"]] == ["Ja, gern"]
    assert [one["text"] for one in past.body["items"]] == ["Ja", "Ja, gern"]


@pytest.mark.parametrize(
    "body",
    [
        {"text_version": "default-1"},
        {"text_version": "default-1", "invite": None},
        {"text_version": "", "invite": "x"},
        {"invite": "x"},
        {"text_version": "default-1", "invite": "x", "time_zone": "Bad/Zone"},
        {"text_version": "default-1", "invite": "x", "other": 1},
    ],
)
async def test_what_is_no_joining_is_refused(relay: Relay, body: object) -> None:
    await relay.community()

    assert is_problem(await relay.nobody("POST", JOIN, body), 422)


async def test_an_invite_in_the_past_or_for_nobody_is_none(relay: Relay) -> None:
    await relay.community()

    for body in ({"expires_at": "2026-11-21T11:00:00Z"}, {"uses": 0}, {"uses": 1.5}, {"label": "a\nb"}):
        assert is_problem(await relay.owner("POST", "/v1/communities/bad/invites", body), 422)


async def test_the_picture_of_an_invite_is_its_link_and_nothing_that_runs(relay: Relay) -> None:
    await relay.community()
    made = await relay.owner("POST", "/v1/communities/bad/invites", {"label": "<b>desk</b> & door"})

    said = await relay.owner("GET", f"/v1/invites/{made.body['id']}/qr.svg")

    assert made.body["url"] == f"{relay.url}/i/{made.body['code']}"
    assert said.headers["Content-Type"] == "image/svg+xml"
    assert said.headers["Content-Security-Policy"].startswith("default-src 'none'")
    drawn = ET.fromstring(said.raw)  # noqa: S314  our own
    assert {element.tag.rpartition("}")[2] for element in drawn.iter()} == {"svg", "title", "g", "path"}


async def test_links_begin_with_the_address_that_people_see(open_relay: Open) -> None:
    relay: Relay = await open_relay(proxies=("127.0.0.1",))
    await relay.community()

    made = await relay.owner("POST", "/v1/communities/bad/invites", {}, Host="relay.example", X_Forwarded_Proto="https")

    assert made.body["url"] == f"https://relay.example/i/{made.body['code']}"


async def test_who_tries_many_codes_is_slowed_down(open_relay: Open) -> None:
    relay: Relay = await open_relay(limits={"failed": {"burst": 3, "per_second": 1}})
    await relay.community()

    said = [await ask(relay, f"{n:026}") for n in range(5)]

    assert [one.status for one in said] == [404, 404, 404, 429, 429]
    assert "Retry-After" in said[-1].headers


async def test_whose_code_is_right_comes_in_whoever_tries_wrong_ones_at_that_address(open_relay: Open) -> None:
    relay: Relay = await open_relay(limits={"failed": {"burst": 1, "per_second": 0.001}})
    await relay.community()
    invite = await invited(relay)

    wrong = [(await ask(relay, f"{n:026}")).status for n in range(2)]
    asked = await ask(relay, invite)
    confirmed = await relay.nobody("POST", CONFIRM, {"code": asked.body["code"]})

    assert wrong == [404, 429]
    assert (asked.status, confirmed.status) == (202, 200)


async def come(relay: Relay, invite: str, **headers: str) -> Said:
    code = (await ask(relay, invite)).body["code"]
    return await relay.nobody("POST", CONFIRM, {"code": code}, **headers)


async def test_a_hall_behind_one_address_joins_by_the_poster(relay: Relay) -> None:
    """At the limits as they are shipped, 300 of them within a quarter of a minute."""
    await relay.community()
    invite = await invited(relay)
    came = []

    for _ in range(15):
        came += [(await come(relay, invite)).status for _ in range(20)]
        relay.clock.pass_(1)

    assert came == [200] * 300


async def test_newcomers_of_an_address_past_the_limit_are_told_when_to_come_back(open_relay: Open) -> None:
    relay: Relay = await open_relay(proxies=("127.0.0.1",), limits={"joins": {"burst": 2, "per_second": 0.1}})
    await relay.community()
    invite = await invited(relay)
    lines = [{"X_Forwarded_For": address} for address in ("2001:db8:0:1::1", "2001:db8:0:1:ffff::2", "2001:db8:0:2::1")]

    came = [await come(relay, invite, **lines[n]) for n in (0, 1, 0)]
    other = await come(relay, invite, **lines[2])
    relay.clock.pass_(10)
    later = await come(relay, invite, **lines[1])

    assert [one.status for one in came] == [200, 200, 429], "a line is one address, however many it has"
    assert came[2].headers["Retry-After"] == "10"
    assert (other.status, later.status) == (200, 200)


async def test_newcomers_by_one_invite_past_the_limit_wait_wherever_they_are(open_relay: Open) -> None:
    relay: Relay = await open_relay(proxies=("127.0.0.1",), limits={"invites": {"burst": 2, "per_second": 0.1}})
    await relay.community()
    leaked, other = await invited(relay), await invited(relay)

    came = [(await come(relay, leaked, X_Forwarded_For=f"192.0.2.{n}")).status for n in range(3)]

    assert came == [200, 200, 429]
    assert (await come(relay, other, X_Forwarded_For="192.0.2.2")).status == 200


async def test_a_repeated_confirmation_and_one_that_fails_count_for_nothing(open_relay: Open) -> None:
    relay: Relay = await open_relay(limits={"joins": {"burst": 2, "per_second": 0.001}})
    await relay.community()
    single, many = await invited(relay, uses=1), await invited(relay)
    codes = [(await ask(relay, invite)).body["code"] for invite in (single, single, many)]

    said = [(await relay.nobody("POST", CONFIRM, {"code": codes[n]})).status for n in (0, 0, 0, 1, 1, 2)]

    assert said == [200, 200, 200, 404, 404, 200]


async def test_a_member_pauses_and_sees_until_when(relay: Relay) -> None:
    await relay.community()
    ada, ben = await relay.member(), await relay.member()

    paused = await ada.call("POST", "/v1/me/pause", {"until": "2026-11-22T12:00:00Z"})
    post = await relay.post()
    me = await ada.call("GET", "/v1/me")
    counts = (await relay.owner("GET", f"/v1/posts/{post}")).body["counts"]
    ended = await ada.call("POST", "/v1/me/pause", {"until": None})
    await relay.parts.pauses.turn()

    assert paused.body["paused_until"] == me.body["paused_until"] == "2026-11-22T12:00:00.000Z"
    assert (counts["deferred"], counts["sending"], sum(counts.values())) == (1, 1, 2)
    assert ended.body["paused_until"] is None
    for person in (ada, ben):
        assert [item["kind"] for item in (await person.call("GET", "/v1/me/items")).body["items"]] == ["post"]
