"""Sessions in the browser: the cookie and its flags, renewal and expiry, how one lists and ends them."""

from typing import Any

import pytest

from relay.core.session import LASTS, MOST
from relay.core.staff import Role
from relay.web.cookie import KNOWN, KNOWN_LASTS, PLAIN, SECURE
from tests.web.browser import secret_of
from tests.web.conftest import PASSPHRASE, Open, Relay, cookie_of, cookies, is_problem
from tests.web.test_sign_in import OTHER, enter, use


async def test_the_cookie_is_for_this_site_and_no_script(relay: Relay) -> None:
    said = await use(relay, (await relay.hired())["link"])

    given = cookies(said)
    assert list(given) == [PLAIN, f"{PLAIN}{KNOWN}"]
    for name, lasts in ((PLAIN, int(LASTS.total_seconds())), (f"{PLAIN}{KNOWN}", KNOWN_LASTS)):
        morsel = given[name]
        flags = {flag: morsel[flag] for flag in ("path", "domain", "secure", "httponly", "samesite", "max-age")}
        assert flags == {
            "path": "/",
            "domain": "",
            "secure": "",
            "httponly": True,
            "samesite": "Strict",
            "max-age": str(lasts),
        }
        assert morsel.value not in said.raw.decode()


async def test_over_https_the_cookie_is_bound_to_this_host(open_relay: Open) -> None:
    relay: Relay = await open_relay(proxies=("127.0.0.1",))
    proxied = {**relay.proxied("192.0.2.1"), "Host": "relay.example", "Origin": "https://relay.example"}
    hired = await relay.owner("POST", "/v1/staff", {"name": "Eva", "role": "agent"}, **proxied)

    body = {"link": secret_of(hired.body["link"]), "passphrase": PASSPHRASE}
    said = await relay.nobody("POST", "/v1/sign-in:link", body, **proxied)
    (name, morsel), (known, other) = cookies(said).items()
    by_right_name = await relay.nobody("GET", "/v1/session", **proxied, Cookie=f"{SECURE}={morsel.value}")
    by_other_name = await relay.nobody("GET", "/v1/session", **proxied, Cookie=f"{PLAIN}={morsel.value}")

    assert hired.body["link"].startswith("https://relay.example/console#link=")
    assert (name, morsel["secure"], morsel["path"], morsel["domain"]) == ("__Host-relay", True, "/", "")
    assert (morsel["httponly"], morsel["samesite"]) == (True, "Strict")
    assert (known, other["secure"], other["httponly"]) == ("__Host-relay-known", True, True)
    assert (by_right_name.status, by_other_name.status) == (200, 401)


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "relay.example", "Origin": "http://relay.example"},
        {"X_Forwarded_For": "192.0.2.1"},
        {"X_Forwarded_For": "192.0.2.1", "X_Forwarded_Proto": "https"},
    ],
    ids=["another host", "a proxy", "a proxy that is not believed"],
)
async def test_in_the_clear_nobody_signs_in(relay: Relay, headers: dict[str, str]) -> None:
    link = (await relay.hired())["link"]
    secret = cookie_of(await use(relay, (await relay.hired())["link"]))

    refused = await relay.page("POST", "/v1/sign-in:link", {"link": secret_of(link), "passphrase": PASSPHRASE}, **headers)
    by_cookie = await relay.browser(secret)("GET", "/v1/session", **headers)

    assert is_problem(refused, 403)
    assert "TLS" in refused.body["detail"]
    assert by_cookie.status == 401
    assert (await use(relay, link)).status == 200, "the link is not used up"


async def test_links_begin_with_the_address_that_is_set(open_relay: Open) -> None:
    relay: Relay = await open_relay(public_url="https://relay.example.com")

    assert (await relay.hired())["link"].startswith("https://relay.example.com/console#link=")


# ---------------------------------------------------------------------------------------------------------- own sessions


async def test_sessions_are_listed_with_their_browsers_and_ended_one_by_one(relay: Relay) -> None:
    first = await relay.arrived((await relay.hired(name="Eva"))["link"])
    second = relay.browser(cookie_of(await enter(relay, "Eva", User_Agent="curl/8")))
    (one, other) = (await first("GET", "/v1/sessions")).body["items"]

    ended = await first("DELETE", f"/v1/sessions/{other['id']}")
    elsewhere = await relay.owner("DELETE", f"/v1/sessions/{one['id']}")

    assert [(each["browser"], each["is_current"]) for each in (one, other)] == [
        ("Firefox on Linux", True),
        ("Unknown browser", False),
    ]
    assert (ended.status, elsewhere.status) == (204, 404)
    assert [(await caller("GET", "/v1/session")).status for caller in (first, second)] == [200, 401]


async def test_signing_out_ends_the_session_and_takes_the_cookie_away(relay: Relay) -> None:
    browser = await relay.signed_on(Role.AGENT)

    said = await browser("DELETE", "/v1/session")

    ((name, morsel),) = cookies(said).items()
    assert (said.status, name, morsel.value, morsel["max-age"]) == (204, PLAIN, "", "0")
    assert (await browser("GET", "/v1/session")).status == 401


async def test_another_passphrase_ends_all_sessions_but_the_new_one(relay: Relay) -> None:
    here = await relay.arrived((await relay.hired(name="Eva"))["link"])
    there = relay.browser(cookie_of(await enter(relay, "Eva")))

    wrong = await here("POST", "/v1/session/passphrase", {"old": OTHER, "new": OTHER})
    weak = await here("POST", "/v1/session/passphrase", {"old": PASSPHRASE, "new": "weak"})
    said = await here("POST", "/v1/session/passphrase", {"old": PASSPHRASE, "new": OTHER})

    assert [(one.status, one.body["errors"][0]["loc"]) for one in (wrong, weak)] == [
        (422, ["body", "old"]),
        (422, ["body", "new"]),
    ]
    assert said.status == 200
    assert [(await one("GET", "/v1/session")).status for one in (here, there)] == [401, 401]
    assert (await relay.browser(cookie_of(said))("GET", "/v1/session")).status == 200
    assert ((await enter(relay, "Eva")).status, (await enter(relay, "Eva", OTHER)).status) == (401, 200)


async def test_a_link_ends_what_the_forgotten_passphrase_opened(relay: Relay) -> None:
    eva = await relay.hired(name="Eva")
    before = await relay.arrived(eva["link"])
    link = (await relay.owner("POST", f"/v1/staff/{eva['id']}/links", {})).body["link"]

    looked = await relay.page("POST", "/v1/sign-in:look", {"link": secret_of(link)})
    after = await relay.arrived(link, OTHER)

    assert looked.body["has_passphrase"]
    assert [(await one("GET", "/v1/session")).status for one in (before, after)] == [401, 200]
    assert (await enter(relay, "Eva")).status == 401


async def test_a_session_lasts_two_weeks_from_its_last_use(relay: Relay) -> None:
    browser = await relay.signed_on(Role.AGENT)
    minute = 60.0

    fresh = await browser("GET", "/v1/session")
    relay.clock.pass_(LASTS.total_seconds() - minute)
    used = await browser("GET", "/v1/session")
    again = await browser("GET", "/v1/session")
    await relay.parts.sign_in.flush()
    relay.clock.pass_(LASTS.total_seconds() - minute)
    still = (await browser("GET", "/v1/session")).status
    await relay.parts.sign_in.flush()
    relay.clock.pass_(LASTS.total_seconds())
    over = (await browser("GET", "/v1/session")).status

    assert "Set-Cookie" not in fresh.headers
    assert cookies(used)[PLAIN]["max-age"] == str(int(LASTS.total_seconds())), "its browser keeps it as long"
    assert "Set-Cookie" not in again.headers
    assert (still, over) == (200, 401)


async def test_one_that_is_not_used_ends(relay: Relay) -> None:
    browser = await relay.signed_on(Role.AGENT)

    relay.clock.pass_(LASTS.total_seconds())

    assert (await browser("GET", "/v1/session")).status == 401
    assert (await browser("GET", "/v1/communities")).status == 401


async def test_its_use_is_written_once_in_five_minutes(relay: Relay) -> None:
    browsers = [await relay.signed_on(Role.AGENT) for _ in range(3)]
    seen = await seen_at(browsers[0])

    relay.clock.pass_(299)
    for browser in browsers * 5:
        await browser("GET", "/v1/communities")
    assert relay.parts.sign_in.used == {}
    relay.clock.pass_(1)
    for browser in browsers * 5:
        await browser("GET", "/v1/communities")
    noted = len(relay.parts.sign_in.used)
    groups = tally(relay)
    await relay.parts.sign_in.flush()
    await relay.parts.sign_in.flush()

    assert (noted, tally(relay) - groups) == (3, 1)
    assert seen < await seen_at(browsers[0])


async def seen_at(browser: Any) -> str:  # noqa: ANN401  a caller
    (one,) = (await browser("GET", "/v1/sessions")).body["items"]
    return str(one["seen_at"])


def tally(relay: Relay) -> int:
    """Commits so far."""
    return int(relay.parts.store.tally.commits)  # type: ignore[attr-defined]


async def test_of_too_many_sessions_the_one_unused_for_longest_ends(relay: Relay) -> None:
    browsers = [await relay.arrived((await relay.hired(name="Eva"))["link"])]
    while len(browsers) <= MOST:
        relay.clock.pass_(1)
        browsers.append(relay.browser(cookie_of(await enter(relay, "Eva"))))

    lasting = (await browsers[-1]("GET", "/v1/sessions")).body["items"]

    assert len(lasting) == MOST
    assert [(await one("GET", "/v1/session")).status for one in browsers[:2]] == [401, 200]


async def test_staff_who_are_signed_in_go_on_to_the_console(relay: Relay) -> None:
    secret = cookie_of(await use(relay, (await relay.hired())["link"]))

    signed_in = await relay.browser(secret)("GET", "/")
    others = [await relay.nobody("GET", "/"), await relay.owner("GET", "/"), await relay.browser("x" * 52)("GET", "/")]

    assert (signed_in.status, signed_in.headers["Location"]) == (303, "/console")
    assert [said.status for said in others] == [200, 200, 200]
    assert 'href="/console"' in others[0].raw.decode()
