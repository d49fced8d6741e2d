"""The door of the member's pages: what a cookie opens, whose forms count, and what is said to everybody else."""

from itertools import product

import aiohttp
import pytest

from tests.web.browser import Browser, Form, Page, browser, joined
from tests.web.conftest import Open, Relay, numbers

PRIVATE = ["/c/bad", "/c/bad/you", "/c/bad/leave", "/c/bad/back", "/c/bad/erase", "/c/bad/export", "/c/bad/confirm"]
FORMS = ["messages", "press", "appeal", "pause", "leave", "back", "language", "devices", "erase", "confirm", "enter"]


@pytest.mark.parametrize("path", PRIVATE)
async def test_a_page_of_ones_own_is_kept_by_nobody_on_the_way(relay: Relay, ada: Browser, path: str) -> None:
    async with ada.session.get(relay.url + path, allow_redirects=False) as got:
        assert got.headers["Cache-Control"] == "no-store"
        assert got.headers["X-Content-Type-Options"] == "nosniff"
        policy = got.headers["Content-Security-Policy"]
        assert "script-src 'self'" in policy
        assert "unsafe" not in policy
        assert got.headers["Referrer-Policy"] == "same-origin"


ELSEWHERE = [{"Origin": "https://evil.example"}, {"Origin": "null"}, {}, {"Sec-Fetch-Site": "cross-site"}]


async def test_a_form_counts_only_from_our_own_page(relay: Relay, ada: Browser) -> None:
    before = await numbers(relay)
    fields = {"mark": "m" * 26, "text": "Hello", "span": "week", "language": "de", "text_version": "default-1"}

    for action, headers in product(FORMS, ELSEWHERE):
        address = f"{relay.url}/c/bad/{action}"
        async with ada.session.post(address, data=fields, headers=headers, allow_redirects=False) as got:
            assert got.status == 403, (action, headers)
            assert "Not from here" in await got.text()

    assert await numbers(relay) == before
    assert "relay-m-bad" in ada.cookies


async def test_a_browser_without_origin_says_that_it_is_our_own_page(relay: Relay, ada: Browser) -> None:
    fields = {"mark": "m" * 26, "text": "Hello"}

    async with ada.session.post(
        f"{relay.url}/c/bad/messages", data=fields, headers={"Sec-Fetch-Site": "same-origin"}, allow_redirects=False
    ) as got:
        assert got.status == 303


async def test_the_cookie_is_out_of_reach_of_scripts_and_of_other_sites(relay: Relay, nobody: Browser, invitation: str) -> None:
    await nobody.open(invitation)
    await nobody.submit(invitation)
    async with nobody.session.post(f"{relay.url}/c/bad/confirm", headers={"Origin": relay.url}, allow_redirects=False) as got:
        (cookie,) = [each for each in got.headers.getall("Set-Cookie") if each.startswith("relay-m-bad=")]

    assert {"HttpOnly", "Path=/", "SameSite=Lax"} <= set(cookie.split("; "))
    assert "Secure" not in cookie


async def test_behind_https_the_cookie_is_for_https_alone(open_relay: Open) -> None:
    relay: Relay = await open_relay(proxies=("127.0.0.1",))
    await relay.community()
    address = await relay.invited()
    origin = "https://relay.example"
    headers = {"Host": "relay.example", "X-Forwarded-Proto": "https", "Origin": origin}
    form = {"language": "en", "text_version": "default-1"}

    async with relay.session.post(relay.url + address, data=form, headers=headers, allow_redirects=False) as asked:
        step = asked.headers["Set-Cookie"]

    assert step.startswith("__Host-relay-j-bad=")
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(step.split("; "))


async def test_nobody_is_signed_in_over_plain_http_from_elsewhere(relay: Relay, invitation: str) -> None:
    headers = {"Host": "relay.example", "Origin": "http://relay.example"}
    form = {"language": "en", "text_version": "default-1"}

    async with relay.session.post(relay.url + invitation, data=form, headers=headers, allow_redirects=False) as got:
        assert got.status == 403
        assert "Set-Cookie" not in got.headers


@pytest.mark.parametrize(
    ("path", "way"),
    [
        ("/c/bad/nope", "/c/bad"),
        ("/c/bad/", "/c/bad"),
        ("/c/none/nope", "/c/none"),
        ("/c/", ""),
        ("/c/BAD", ""),
        ("/i/a/b", ""),
    ],
)
@pytest.mark.parametrize("site", ["none", "same-origin", "cross-site"])
async def test_an_address_of_no_page_is_a_page_that_says_so(relay: Relay, path: str, way: str, site: str) -> None:
    await relay.community()
    browsers = {"Accept": "text/html,*/*;q=0.8", "Accept-Language": "de", "Sec-Fetch-Site": site}

    async with relay.session.get(relay.url + path, headers=browsers) as got:
        page = Page(str(got.url), got.status, await got.text())

    assert (page.status, page.language) == (404, "de")
    assert [link for link in page.links if link.startswith("/c/")] == ([way] if way else [])
    assert (await relay.nobody("GET", path)).headers["Content-Type"] == "application/problem+json"


async def test_the_address_of_a_form_entered_by_hand_leads_back_to_the_page(relay: Relay, ada: Browser) -> None:
    async with ada.session.get(f"{relay.url}/c/bad/messages", headers={"Accept": "text/html"}) as got:
        page = Page(str(got.url), got.status, await got.text())

    assert (page.status, got.headers["Allow"]) == (405, "POST")
    assert "Nothing here" in page.text
    assert "/c/bad" in page.links


async def test_a_forged_cookie_is_nobody(nobody: Browser, invitation: str) -> None:
    for value in ("", "x", "x" * 52, "\N{SNOWMAN}"):
        nobody.session.cookie_jar.update_cookies({"relay-m-bad": value, "relay-j-bad": value})

        assert "How to join" in (await nobody.open("/c/bad")).text
        assert "How to join" in (await nobody.open("/c/bad/confirm")).text
    assert invitation


@pytest.mark.parametrize(
    ("action", "fields", "status"),
    [
        ("messages", {"mark": "m" * 26}, 422),
        ("messages", {"mark": "short", "text": "zebra"}, 422),
        ("messages", {"mark": "m" * 26, "text": "zebra" * 1000}, 422),
        ("messages", {"mark": "m" * 26, "text": "zebra", "to": "x" * 26}, 404),
        ("messages", {"mark": "m" * 26, "text": "zebra\0"}, 422),
        ("press", {"post": "x" * 26, "button": "yes"}, 404),
        ("appeal", {"case": "x" * 26, "text": "why"}, 404),
        ("pause", {"span": "date", "day": "2099-13-77"}, 422),
        ("pause", {"span": "date", "day": "2099-01-01"}, 422),
        ("pause", {"span": "date", "day": "0001-01-01"}, 422),
        ("pause", {"span": "date", "day": "9999-12-31"}, 422),
        ("pause", {"span": "for ever"}, 422),
        ("language", {"language": "fr"}, 422),
        ("devices", {"device": "x" * 26}, 404),
        ("leave", {"other": "1"}, 422),
    ],
)
async def test_what_does_not_fit_is_a_page_in_plain_words(
    relay: Relay, ada: Browser, action: str, fields: dict[str, str], status: int
) -> None:
    headers = {"Origin": relay.url, "Accept-Language": "en"}

    async with ada.session.post(f"{relay.url}/c/bad/{action}", data=fields, headers=headers, allow_redirects=False) as got:
        html = await got.text()

    assert (got.status, got.content_type) == (status, "text/html")
    assert "<h1>" in html
    assert "zebra" not in html


@pytest.mark.parametrize(
    ("action", "fields", "status"),
    [
        ("press", {"post": "x" * 26, "button": "yes"}, 404),
        ("messages", {"mark": "m" * 26, "text": "zebra" * 100_000}, 413),
        ("messages", {"mark": "m" * 26}, 422),
    ],
)
async def test_what_goes_wrong_is_told_in_the_language_of_the_member(
    relay: Relay, ada: Browser, action: str, fields: dict[str, str], status: int
) -> None:
    form = Form(f"/c/bad/{action}", "post", fields)
    async with browser(relay.url) as ben:
        await joined(ben, await relay.invited(), "Ben")
        await ada.open("/c/bad/you")
        await ada.submit("/language", language="de")

        pages = [await ada.send(form), await ben.send(form)]

    assert [(page.status, page.language) for page in pages] == [(status, "de"), (status, "en")]


async def test_who_asks_too_often_is_told_so_in_their_language(open_relay: Open) -> None:
    relay: Relay = await open_relay(limits={"member": {"burst": 4, "per_second": 0.01}})
    await relay.community()
    async with browser(relay.url) as ada:
        await joined(ada, await relay.invited())
        await ada.open("/c/bad/you")
        await ada.submit("/language", language="de")

        pages = [await ada.open("/c/bad") for _ in range(4)]

    assert (pages[-1].status, pages[-1].language) == (429, "de")


async def test_who_is_not_in_there_is_told_in_the_language_they_ask_for(ada: Browser) -> None:
    await ada.open("/c/bad/you")
    await ada.submit("/language", language="de")

    pages = [await ada.open(path) for path in ("/c/none", "/c/none?language=de", "/i/x?language=de")]

    assert [(page.status, page.language) for page in pages] == [(404, "en"), (404, "de"), (404, "de")]


async def test_a_link_of_another_site_marks_nothing_read(relay: Relay, ada: Browser) -> None:
    post = await relay.post()
    (picture,) = (await ada.open("/c/bad")).pictures
    ours = picture.partition("mark=")[2]
    async with browser(relay.url) as ben:
        await joined(ben, await relay.invited(), "Ben")
        await relay.post()
        (theirs,) = (await ben.open("/c/bad")).pictures
    headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}

    made_up = ["?seq=1", f"?seq=1&mark={'x' * 26}", f"?seq=2&mark={ours}", f"?{theirs.partition('?')[2]}"]
    said = []
    for query in made_up:
        async with ada.session.get(f"{relay.url}/c/bad/seen.svg{query}", headers=headers, allow_redirects=False) as got:
            said.append(got.status)
    counts = (await relay.owner("GET", f"/v1/posts/{post}")).body["counts"]

    assert said == [422, 404, 404, 404]
    assert counts["read"] == 0


async def test_something_else_than_a_form_is_refused(relay: Relay, ada: Browser) -> None:
    headers = {"Origin": relay.url}

    async with ada.session.post(f"{relay.url}/c/bad/messages", json={"text": "a"}, headers=headers) as got:
        assert got.status == 415


async def test_a_link_with_what_others_hang_onto_it_still_opens(nobody: Browser, invitation: str) -> None:
    page = await nobody.open(f"{invitation}?fbclid=abc&utm_source=x")

    assert page.status == 200


async def test_the_pages_stream_signs_in_by_its_cookie_and_from_our_own_page_alone(relay: Relay, ada: Browser) -> None:
    await relay.post()
    address = f"{relay.url}/c/bad/stream"

    async with ada.session.ws_connect(address, headers={"Origin": relay.url}) as socket:
        await socket.send_json({"type": "hello", "after": 0})
        welcome, item = await socket.receive_json(timeout=10), await socket.receive_json(timeout=10)
    refused = [await _refused(ada, address, headers) for headers in ({"Origin": "https://evil.example"}, {})]

    assert (welcome["type"], item["text"]) == ("welcome", "Closed tomorrow")
    assert refused == [403, 403]


async def test_a_page_may_ask_whether_its_stream_is_alive(relay: Relay, ada: Browser) -> None:
    async with ada.session.ws_connect(f"{relay.url}/c/bad/stream", headers={"Origin": relay.url}) as socket:
        await socket.send_json({"type": "hello", "after": 0})
        welcome = await socket.receive_json(timeout=10)
        await socket.send_str('{"type":"ping"}')
        pong = await socket.receive_json(timeout=10)

    assert (welcome["type"], pong) == ("welcome", {"type": "pong"})


async def test_the_page_of_a_community_that_is_not_there_is_like_any_other_that_is_not(
    nobody: Browser, invitation: str
) -> None:
    pages = [await nobody.open(path) for path in ("/c/none", "/c/none/you", "/c/none/imprint")]

    assert [page.status for page in pages] == [404] * 3
    assert invitation


async def _refused(one: Browser, address: str, headers: dict[str, str]) -> int:
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await one.session.ws_connect(address, headers=headers)
    return refused.value.status
