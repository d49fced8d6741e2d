"""The page of plugins: what moderates, with its options, its figures, and its trouble in the reader's own language."""

import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from playwright.async_api import Browser, Locator, expect

from tests.browser.desk import Desk
from tests.browser.house import House
from tests.browser.test_states import flaws
from tests.browser.words import LANGUAGES
from tests.e2e.conftest import unlimited
from tests.e2e.server import ROOT, Server

SHOUTING = ROOT / "docs/examples/shouting/foureyes_shouting/__init__.py"
DIES = "import os\n\nprint('no licence', flush=True)\nos._exit(3)\n"
NUMBERS = {"en": ("0.7", "0.6"), "de": ("0,7", "0,6")}
TROUBLE = {"en": "ended its process while it was loaded (no licence)", "de": "endete beim Laden (no licence)"}
NO_PLUGIN = "[plugins]\n"

Housed = Callable[..., AbstractAsyncContextManager[House]]


@pytest.fixture
def housed(chromium: Browser, http: aiohttp.ClientSession, tmp_path: Path) -> Housed:
    """A house on a relay with these settings."""

    @asynccontextmanager
    async def on(**settings: str) -> AsyncIterator[House]:
        server = Server(tmp_path / "data", {**unlimited("staff", "member", "visitor"), **settings})
        await server.start()
        house = House(http, server, chromium)
        try:
            yield house
        finally:
            await house.close()
            await server.kill()
        assert not house.faults, "\n".join(house.faults)

    return on


def figure(card: Locator, desk: Desk, key: str) -> Locator:
    return card.locator(".figures > div").filter(has_text=desk.words(key)).locator("dd")


@pytest.mark.parametrize("language", LANGUAGES)
async def test_a_plugin_shows_its_options_its_figures_and_its_trouble(housed: Housed, tmp_path: Path, language: str) -> None:
    (tmp_path / "mine").mkdir()
    shutil.copy(SHOUTING, tmp_path / "mine" / "shouting.py")
    (tmp_path / "mine" / "dies.py").write_text(DIES, "utf-8")
    own = {"RELAY_PLUGINS__SHOUTING": '{"max_share": 0.7}', "RELAY_PLUGINS__DIES": "{}"}
    async with housed(RELAY_MODERATION__FOLDER=str(tmp_path / "mine"), **own) as house:
        slug = (await house.community())["slug"]
        await house.says(await house.member(slug), "WHY IS IT CLOSED")
        desk = await house.desk(language=language)
        await desk.open(slug, "settings", "plugins")
        works, dies = (desk.page.locator(".card").filter(has_text=name) for name in ("shouting", "dies"))

        await expect(figure(works, desk, "plugin.runs")).to_have_text("1")
        await expect(figure(works, desk, "plugin.breaker")).to_have_text(desk.words("breaker.closed"))
        await expect(figure(works, desk, "plugin.restarts")).to_have_text("0")
        await works.get_by_text(desk.words("plugin.options"), exact=True).click()
        value, usual = NUMBERS[language]
        own_value = works.locator(".options dl > div").filter(has_text="max_share")
        await expect(own_value.get_by_text(value, exact=True)).to_be_visible()
        await expect(own_value.get_by_text(desk.words("plugin.default", value=usual), exact=True)).to_be_visible()
        await expect(own_value.get_by_text("share of capital letters that is still fine")).to_be_visible()
        kept = works.locator(".options dl > div").filter(has_text="shortest")
        await expect(kept.get_by_text(desk.words("plugin.default.same"), exact=True)).to_be_visible()
        await expect(dies).to_contain_text(desk.words("plugin.broken"))
        await expect(dies).to_contain_text(TROUBLE[language])
        assert await flaws(desk) == []


async def test_a_relay_without_plugins_says_what_that_means(housed: Housed, tmp_path: Path) -> None:
    (tmp_path / "relay.toml").write_text(NO_PLUGIN, "utf-8")
    async with housed(RELAY_CONFIG=str(tmp_path / "relay.toml")) as house:
        slug = (await house.community())["slug"]
        desk = await house.desk()
        await desk.open(slug, "settings", "plugins")

        await desk.sees(desk.text("plugins.none"), desk.text("plugins.none.why"))
        assert await flaws(desk) == []


async def test_all_rules_stand_in_one_place_in_the_readers_language(housed: Housed) -> None:
    rude = '{"fast_and_rude": {"all_of": ["flood.rate", "words.insult"], "weight": 7, "instead": true}}'
    async with housed(RELAY_MODERATION__HOLD="6", RELAY_MODERATION__COMPOSITES=rude) as house:
        slug = (await house.community())["slug"]
        desk = await house.desk(language="de")
        await desk.open(slug, "settings", "rules")
        rules = desk.page.locator("dl > div")

        hold = rules.filter(has_text="moderation.hold")
        await expect(hold).to_contain_text(desk.words("plugin.default", value=5))
        await expect(hold).to_contain_text(desk.words("rule.moderation.hold"))
        await expect(rules.filter(has=desk.said("words.insult")).filter(has_text="Beleidigung")).to_contain_text("words 1")
        await expect(rules.filter(has_text="fast_and_rude")).to_contain_text(
            "alle von flood.rate, words.insult; statt seiner Teile"
        )
        listed = [rule async for rule in house.cast.owner.all(f"/v1/communities/{slug}/rules")]
        await expect(rules).to_have_count(len(listed))
        assert await flaws(desk) == []
