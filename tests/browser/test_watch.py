"""The watch sees what a page does wrong: each kind is done once, by a page that stands nowhere but here."""

import pytest
from playwright.async_api import Route

from tests.browser.house import House
from tests.browser.reader import Reader


@pytest.mark.parametrize(
    ("markup", "fault"),
    [
        ("<script>console.error('no')</script>", "error in the console: no"),
        ("<script>console.warn('no')</script>", "warning in the console: no"),
        ("<script>throw new Error('no')</script>", "a script broke"),
        ("<script>Promise.reject(new Error('no'))</script>", "a script broke"),
        ("<script>fetch('/v1/me').then((answer) => answer.text())</script>", "401 for GET /v1/me"),
        ("<img src='/no-such-picture.png' alt=''>", "404 for GET /no-such-picture.png"),
        ("<script src='http://127.0.0.1:9/x.js'></script>", "somebody else was asked: http://127.0.0.1:9/x.js"),
        ("<script>new WebSocket('ws://127.0.0.1:9/')</script>", "somebody else was asked: ws://127.0.0.1:9/"),
        ("<meta http-equiv=content-security-policy content=\"script-src 'none'\"><script>1</script>", "script-src 'none'"),
    ],
)
async def test_a_fault_of_a_page_is_seen(house: House, markup: str, fault: str) -> None:
    window = await house.window(Reader, "member")

    await shows(window, markup)

    assert any(fault in found for found in window.watch.faults), window.watch.faults
    window.watch.faults.clear()


async def test_who_is_signed_out_is_still_watched(house: House) -> None:
    window = await house.window(Reader, "member")
    window.watch.is_signed_out()
    asks = "fetch(path).then((answer) => answer.text())"

    await shows(window, f"<script>for (const path of ['/v1/me', '/v1/none', '/none']) {asks}</script>")

    assert sorted(window.watch.faults) == ["404 for GET /none", "404 for GET /v1/none"]
    window.watch.faults.clear()


async def shows(window: Reader, markup: str) -> None:
    """A page with this on it, and all that it asks for."""

    async def answer(route: Route) -> None:
        await route.fulfill(content_type="text/html", body=f"<!doctype html><title>x</title><p>here</p>{markup}")

    await window.page.route("**/made-up", answer)
    await window.visit("/made-up")
    await window.page.wait_for_load_state("networkidle")
