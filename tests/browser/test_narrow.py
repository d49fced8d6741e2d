"""A narrow screen: what leads somewhere is named whole, in either language."""

import pytest
from playwright.async_api import expect

from tests.browser.house import House
from tests.browser.words import LANGUAGES

PHONE = {"width": 360, "height": 740}
CUT = """places => places.filter(place => {
  const word = place.querySelector("span:not(.count, .unseen)").getBoundingClientRect(), room = place.getBoundingClientRect();
  return word.left < room.left || word.right > room.right || word.right > innerWidth;
}).map(place => place.textContent)"""


@pytest.mark.parametrize("language", LANGUAGES)
async def test_every_place_is_named_whole(house: House, language: str) -> None:
    slug = (await house.community())["slug"]
    desk = await house.desk("owner", language=language, viewport=PHONE)
    await desk.open(slug, "inbox", "open")
    rail = desk.page.get_by_role("navigation", name=desk.words("places"))
    await expect(rail.get_by_role("link", name=desk.words("settings"))).to_be_visible()

    assert await rail.locator("li .rail-place").evaluate_all(CUT) == []
