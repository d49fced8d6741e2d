"""Every page in every state, on a phone and on a desk, light and dark: accessible, in its own words, nowhere too wide."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Final, Literal

import aiohttp
import pytest
import pytest_asyncio
from playwright.async_api import Browser

from tests.browser import axe
from tests.browser.house import House, running
from tests.browser.scene import Scene, play
from tests.browser.walk import STATES, WIDTHS, reach
from tests.browser.window import Window
from tests.browser.words import LANGUAGES
from tests.conftest import SEED

SCHEMES: Final[tuple[Literal["light", "dark"], ...]] = ("light", "dark")
NARROWEST: Final = 320  # pixels: WCAG 1.4.10
TABLET: Final = 768
TOO_WIDE: Final = """[...document.querySelectorAll("*")].filter(one => one.matches("html, body") ||
    /auto|scroll/.test(getComputedStyle(one).overflowX) && !one.matches("textarea, .scroll"))
  .filter(one => one.scrollWidth > one.clientWidth)
  .map(one => `${one.tagName} ${one.className}: ${one.scrollWidth} wide in ${one.clientWidth}`)"""

# Panes scroll for themselves; what leaves them would make the page scroll into nothing.
TOO_HIGH: Final = """document.querySelector(".panes") && document.documentElement.scrollHeight > innerHeight
  ? [`the page: ${document.documentElement.scrollHeight} high in ${innerHeight}`] : []"""


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def one_scene(
    one_chromium: Browser, http: aiohttp.ClientSession, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> AsyncIterator[Scene]:
    """In the one language or the other, as the run's seed will have it."""
    async with running(tmp_path_factory.mktemp("scene")) as server:
        house = House(http, server, one_chromium)
        yield await play(house, LANGUAGES[request.config.stash[SEED] % len(LANGUAGES)])
        await house.close()


@pytest.fixture
def scene(require: Callable[[str], Path], request: pytest.FixtureRequest) -> Scene:
    require("chromium")
    scene: Scene = request.getfixturevalue("one_scene")
    return scene


@pytest.mark.parametrize("name", STATES)
async def test_a_page_is_fit_for_everybody(scene: Scene, name: str) -> None:
    window = await reach(scene, name)

    found = await flaws(window)

    await window.context.close()
    assert found + window.watch.faults == []


async def flaws(window: Window) -> list[str]:
    found = []
    for width in WIDTHS:
        await window.page.set_viewport_size({"width": width, "height": 800})
        for scheme in SCHEMES:
            await window.page.emulate_media(color_scheme=scheme)
            # With the scheme nothing changes but colours.
            seen = await axe.violations(window.page, of_colours=scheme != SCHEMES[0])
            found += [f"{width} {scheme}: {one}" for one in seen]
    for width in (NARROWEST, TABLET):
        await window.page.set_viewport_size({"width": width, "height": 800})
        found += [f"{width}: {one}" for script in (TOO_WIDE, TOO_HIGH) for one in await window.page.evaluate(script)]
    shown = (await window.page.locator("body").inner_text()).split()
    return found + [f"no words for {key}" for key in window.words.entries if "." in key and key in shown]
