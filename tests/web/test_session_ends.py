"""A session that ends takes its live socket along, and no other; what began before it ends is not finished by it."""

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack

import aiohttp
import pytest

from relay.core.staff import Role
from tests.web.browser import secret_of
from tests.web.conftest import PASSPHRASE, Caller, Relay, cookie_of
from tests.web.test_staff_stream import closed, hello

OTHER = "and a quite different sentence"
REVOKED, SIGN_IN = 4403, 4401


async def sign_out(relay: Relay, eva: str, browser: Caller) -> None:
    del relay, eva
    assert (await browser("DELETE", "/v1/session")).status == 204


async def revoked(relay: Relay, eva: str, browser: Caller) -> None:
    del relay, eva
    session = (await browser("GET", "/v1/session")).body["session"]
    assert (await browser("DELETE", f"/v1/sessions/{session}")).status == 204


async def another_passphrase(relay: Relay, eva: str, browser: Caller) -> None:
    del relay, eva
    said = await browser("POST", "/v1/session/passphrase", {"old": PASSPHRASE, "new": OTHER})
    assert said.status == 200


async def another_link(relay: Relay, eva: str, browser: Caller) -> None:
    del browser
    link = (await relay.owner("POST", f"/v1/staff/{eva}/links", {})).body["link"]
    await relay.arrived(link, OTHER)


async def dismissed(relay: Relay, eva: str, browser: Caller) -> None:
    del browser
    assert (await relay.owner("DELETE", f"/v1/staff/{eva}")).status == 204


async def listening(stack: AsyncExitStack, caller: Caller) -> aiohttp.ClientWebSocketResponse:
    socket = await stack.enter_async_context(caller.stream(**caller.headers))
    assert (await hello(socket))["type"] == "welcome"
    return socket


@pytest.mark.parametrize("end", [sign_out, revoked, another_passphrase, another_link, dismissed])
async def test_a_live_socket_does_not_outlive_its_session(
    relay: Relay, end: Callable[[Relay, str, Caller], Awaitable[None]]
) -> None:
    eva = await relay.hired(Role.AGENT)
    browser, other = await relay.arrived(eva["link"]), await relay.signed_on(Role.AGENT)
    async with AsyncExitStack() as stack:
        socket, others = await listening(stack, browser), await listening(stack, other)

        await end(relay, eva["id"], browser)
        code = await closed(socket)

        assert code == REVOKED
        assert not others.closed
    assert (await browser("GET", "/v1/session")).status == 401
    assert (await other("GET", "/v1/session")).status == 200


async def test_one_session_that_ends_leaves_the_others_and_the_token(relay: Relay) -> None:
    eva = await relay.hired(Role.AGENT, "Eva")
    first = await relay.arrived(eva["link"])
    second = relay.browser(cookie_of(await relay.page("POST", "/v1/sign-in", {"name": "Eva", "passphrase": PASSPHRASE})))
    async with AsyncExitStack() as stack:
        ends = await listening(stack, first)
        stay = [await listening(stack, caller) for caller in (second, relay.caller(eva["token"]))]

        await sign_out(relay, eva["id"], first)

        assert await closed(ends) == REVOKED
        assert not any(socket.closed for socket in stay)


async def test_a_new_token_leaves_the_sessions(relay: Relay) -> None:
    eva = await relay.hired(Role.AGENT)
    browser = await relay.arrived(eva["link"])
    async with AsyncExitStack() as stack:
        by_session, by_token = await listening(stack, browser), await listening(stack, relay.caller(eva["token"]))

        await relay.owner("POST", f"/v1/staff/{eva['id']}/tokens", {})

        assert await closed(by_token) == REVOKED
        assert not by_session.closed


async def test_a_link_that_is_made_ends_nothing_yet(relay: Relay) -> None:
    eva = await relay.hired(Role.AGENT)
    browser = await relay.arrived(eva["link"])
    async with AsyncExitStack() as stack:
        socket = await listening(stack, browser)

        made = await relay.owner("POST", f"/v1/staff/{eva['id']}/links", {})
        await relay.page("POST", "/v1/sign-in:look", {"link": secret_of(made.body["link"])})

        assert not socket.closed
    assert (await browser("GET", "/v1/session")).status == 200


async def test_a_socket_without_a_session_is_told_to_sign_in(relay: Relay) -> None:
    browser = relay.browser("no-such-session-0123456789")

    async with browser.stream(**browser.headers) as socket:
        await socket.send_json({"type": "hello"})

        assert await closed(socket) == SIGN_IN
