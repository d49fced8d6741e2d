"""The first visit, as a browser makes it; nothing secret of it is written down."""

import re

import aiohttp

from tests.e2e.browser import Browser
from tests.e2e.conftest import Relay

SENTENCE = "four eyes see more than two"
_LINK = re.compile(r"(http://127\.0\.0\.1:\d+)/console#link=([a-z0-9]+)")


async def test_the_first_visit_makes_the_owner_and_the_log_holds_no_secret(
    start_relay: Relay, http: aiohttp.ClientSession
) -> None:
    server = await start_relay(RELAY_OWNER_TOKEN="", RELAY_LOG__LEVEL="debug")
    shown = _LINK.search(server.log.read_text())
    assert shown is not None
    assert shown[1] == server.url
    browser, body = Browser(http, server), {"link": shown[2], "passphrase": SENTENCE, "name": "Eva Muster"}

    looked = await browser.ask("POST", "/v1/sign-in:look", {"link": shown[2]})
    said = await browser.ask("POST", "/v1/sign-in:link", body)
    first = browser.cookie
    founded = await browser.ask("POST", "/v1/communities", {"slug": "pool", "name": "Pool"})
    left = await browser.ask("DELETE", "/v1/session")
    after = await browser.ask("GET", "/v1/session")
    again = await browser.ask("POST", "/v1/sign-in", {"name": "eva muster", "passphrase": SENTENCE})
    second = browser.cookie
    await server.stop()
    await server.start()
    still = await browser.ask("GET", "/v1/session")

    assert looked.json["has_passphrase"] is False
    assert [one.status for one in (said, founded, left, after, again)] == [200, 201, 204, 401, 200]
    assert (still.status, still.json["staff"]["name"], still.json["communities"]) == (200, "Eva Muster", 1)
    log = server.log.read_text().replace(shown[0], "", 1)
    assert "opened" in log, "the log is the one that is looked at"
    assert [secret for secret in (shown[2], SENTENCE, first, second, "argon2", "Eva Muster") if secret in log] == []
