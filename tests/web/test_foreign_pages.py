"""A cookie counts for the relay's own pages alone: foreign origins, missing ones, other ports, sockets from elsewhere."""

import pytest
from aiohttp import WSServerHandshakeError

from relay.core.staff import Role
from tests.web.conftest import Caller, Open, Relay, is_problem
from tests.web.test_staff_stream import closed, hello

FRIEND = "https://www.example.com"
EVIL = "https://evil.example"
NEW = {"slug": "bad", "name": "Bad"}


def elsewhere(browser: Caller, **headers: str) -> Caller:
    """The same browser, on a page that is not the relay's."""
    kept = {name: value for name, value in browser.headers.items() if name != "Origin"}
    return Caller(
        browser.url, browser.session, None, {**kept, **{name.replace("_", "-"): one for name, one in headers.items()}}
    )


@pytest.fixture
async def browser(relay: Relay) -> Caller:
    return await relay.signed_on(Role.OWNER)


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": EVIL},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
        {"Sec_Fetch_Site": "none"},
    ],
    ids=["foreign", "null", "another port", "nothing", "cross-site", "same-site", "typed in"],
)
async def test_no_other_page_does_anything_by_the_cookie(relay: Relay, browser: Caller, headers: dict[str, str]) -> None:
    other = elsewhere(browser, **headers)

    said = [await other("POST", "/v1/communities", NEW), await other("DELETE", "/v1/session")]

    assert all(is_problem(one, 403) for one in said)
    assert (await relay.owner("GET", "/v1/communities")).body["items"] == []
    assert (await browser("GET", "/v1/session")).status == 200


@pytest.mark.parametrize("headers", [{"Sec_Fetch_Site": "cross-site"}, {"Sec_Fetch_Site": "same-site"}, {"Origin": EVIL}])
async def test_nor_does_it_read(browser: Caller, headers: dict[str, str]) -> None:
    assert is_problem(await elsewhere(browser, **headers)("GET", "/v1/communities"), 403)


@pytest.mark.parametrize("headers", [{}, {"Sec_Fetch_Site": "none"}, {"Sec_Fetch_Site": "same-origin"}])
async def test_what_only_reads_may_come_from_the_address_bar(browser: Caller, headers: dict[str, str]) -> None:
    assert (await elsewhere(browser, **headers)("GET", "/v1/communities")).status == 200


async def test_a_browser_without_origin_may_say_that_it_is_the_same(relay: Relay, browser: Caller) -> None:
    said = await elsewhere(browser, Sec_Fetch_Site="same-origin")("POST", "/v1/communities", NEW)

    assert said.status == 201
    assert len((await relay.owner("GET", "/v1/communities")).body["items"]) == 1


async def test_a_page_that_may_call_the_relay_still_has_no_use_of_the_cookie(open_relay: Open) -> None:
    relay: Relay = await open_relay(origins=(FRIEND,))
    browser = await relay.signed_on(Role.OWNER)
    friend = elsewhere(browser, Origin=FRIEND)

    by_cookie = [await friend("GET", "/v1/communities"), await friend("POST", "/v1/communities", NEW)]
    by_token = await relay.owner("POST", "/v1/communities", NEW, Origin=FRIEND, Cookie=browser.headers["Cookie"])
    signing_in = await friend("POST", "/v1/sign-in", {"name": "Owner", "passphrase": "whatever it may be"})

    assert all(is_problem(one, 403) for one in (*by_cookie, signing_in))
    assert by_token.status == 201


async def test_a_header_wins_over_the_cookie(relay: Relay, browser: Caller) -> None:
    agent = await relay.staff(Role.AGENT)
    cookie = browser.headers["Cookie"]

    by_both = await agent("GET", "/v1/session", Cookie=cookie)
    by_wrong = await relay.caller("no-such-token-0123456789")("GET", "/v1/session", Cookie=cookie)
    by_none = await relay.nobody("GET", "/v1/session", Cookie=cookie, Authorization="Basic YTpi")

    assert (by_both.body["staff"]["role"], by_both.body["session"]) == ("agent", None)
    assert (by_wrong.status, by_none.status) == (401, 401)


async def test_a_session_is_no_token_and_a_token_no_session(relay: Relay, browser: Caller) -> None:
    session = browser.headers["Cookie"].partition("=")[2]

    as_token = [await relay.caller(session)("GET", path) for path in ("/v1/communities", "/v1/me")]
    as_session = await relay.browser(relay.owner.token or "")("GET", "/v1/communities")
    as_member = await browser("GET", "/v1/me")

    assert [one.status for one in (*as_token, as_session, as_member)] == [401, 401, 401, 401]


# ---------------------------------------------------------------------------------------------------------- the stream


async def test_the_staffs_stream_takes_the_cookie_of_its_own_page(browser: Caller) -> None:
    async with browser.stream(**browser.headers) as socket:
        welcome = await hello(socket)

    assert (welcome["type"], welcome["staff"]["role"]) == ("welcome", "owner")


@pytest.mark.parametrize("headers", [{}, {"Sec-Fetch-Site": "same-site"}, {"Sec-Fetch-Site": "none"}])
async def test_a_socket_that_does_not_say_its_page_has_no_use_of_the_cookie(browser: Caller, headers: dict[str, str]) -> None:
    async with elsewhere(browser).stream(Cookie=browser.headers["Cookie"], **headers) as socket:
        await socket.send_json({"type": "hello"})

        assert await closed(socket) == 4401


async def test_a_socket_of_another_page_is_refused_and_of_a_friend_needs_a_token(open_relay: Open) -> None:
    relay: Relay = await open_relay(origins=(FRIEND,))
    cookie = (await relay.signed_on(Role.OWNER)).headers["Cookie"]

    with pytest.raises(WSServerHandshakeError) as refused:
        async with relay.nobody.stream(Cookie=cookie, Origin=EVIL):
            pass
    async with relay.nobody.stream(Cookie=cookie, Origin=FRIEND) as socket:
        await socket.send_json({"type": "hello"})
        code = await closed(socket)
    async with relay.nobody.stream(Cookie=cookie, Origin=FRIEND) as socket:
        welcome = await hello(socket, token=relay.owner.token or "")

    assert (refused.value.status, code, welcome["type"]) == (403, 4401, "welcome")
