"""The page of what moderation learned: why there is nothing yet, what a model knows, and the two buttons, in both languages."""

from collections.abc import Iterator
from pathlib import Path

import aiohttp
from playwright.async_api import Browser, Locator, expect

from tests.browser.desk import Desk
from tests.browser.house import House, running
from tests.browser.test_states import flaws
from tests.browser.words import LANGUAGES
from tests.e2e.teaching import taught, teachable

PEOPLE, EACH = 6, 9  # of each kind: more than fifty together


def lessons() -> Iterator[tuple[str, str]]:
    for n in range(EACH):
        yield f"Gewinne jetzt viel Geld mit Nummer {n}", "reject"
        yield f"Wann kommt der Bus um {n}?", "deliver"


async def opened(desk: Desk, slug: str) -> Locator:
    """By the link on the page of plugins; the cards of models."""
    await desk.open(slug, "settings", "plugins")
    await desk.page.get_by_role("link", name=desk.words("learning"), exact=True).click()
    await desk.sees(desk.heading("learning"))
    return desk.page.locator(".cards > .card")


async def test_staff_see_how_far_it_is_what_it_knows_and_put_it_to_use(
    chromium: Browser, http: aiohttp.ClientSession, tmp_path: Path
) -> None:
    async with running(tmp_path, **teachable(tmp_path)) as server:
        house = House(http, server, chromium)
        slug = (await house.community())["slug"]
        first, *people = [await house.member(slug) for _ in range(PEOPLE + 1)]
        desks = [await house.desk(language=language) for language in LANGUAGES]
        await taught(house.cast, slug, first, [("Kauf das", "reject"), ("Hallo", "deliver"), ("Kauf dies", "reject")])
        for desk in desks:
            await opened(desk, slug)
            await desk.sees(desk.text("learning.of", n="2", least="50"), desk.text("learning.of", n="1", least="50"))
            assert await flaws(desk) == []

        for member in people:
            await taught(house.cast, slug, member, lessons())
        await house.cast.owner.until(f"/v1/communities/{slug}/models", lambda page: page["items"])
        for desk in desks:
            card = await opened(desk, slug)
            await expect(card).to_contain_text(desk.words("model.idle"))
            await card.get_by_text(desk.words("model.show"), exact=True).click()
            known = card.get_by_role("listitem")
            await expect(known.filter(has_text="gewinne")).to_be_visible()
            await expect(known.filter(has_text="bus")).to_be_visible()

            await desk.button("model.use").click()
            await desk.sees(desk.text("model.use.done", n="1"))
            await expect(card).to_contain_text(desk.words("model.used"))
            assert await flaws(desk) == []
            await desk.button("model.withdraw").click()
            await desk.sees(desk.text("model.withdraw.done", n="1"), desk.button("model.use"))
        await house.close()
        assert not house.faults, "\n".join(house.faults)
