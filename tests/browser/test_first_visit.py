"""The first five minutes: the link of the first start, an owner, the checklist, and signing in again."""

import re

import pytest
from playwright.async_api import expect

from tests.browser.desk import PASSPHRASE, Desk
from tests.browser.house import House
from tests.browser.words import LANGUAGES
from tests.e2e.server import Server


def first_link(server: Server) -> str:
    """What the first start shows the operator."""
    found = re.search(r"http://\S+/console#link=\S+", server.log.read_text("utf-8"))
    assert found
    return found[0]


@pytest.mark.parametrize("language", LANGUAGES)
async def test_the_first_visit_makes_the_owner_who_comes_back_by_name(new_house: House, language: str) -> None:
    desk = await new_house.window(Desk, "console", language)
    desk.watch.expects(401, "/v1/session")

    await desk.page.goto(first_link(new_house.server))
    await desk.sees(desk.heading("link.owner"))
    assert "link=" not in desk.page.url, "the secret leaves the address"
    await desk.field("your-name").fill("Eva Brandt")
    await desk.field("passphrase.new").fill("passwort1")
    meter = desk.page.get_by_role("meter", name=desk.words("strength"))
    await expect(meter).to_have_attribute("aria-valuetext", desk.words("strength.weak"))
    await expect(desk.button("link.act")).to_be_disabled()
    await desk.field("passphrase.new").fill(PASSPHRASE)
    await expect(meter).to_have_attribute("aria-valuetext", desk.words("strength.strong"))
    await desk.button("link.act").click()

    await desk.sees(desk.heading("start.title", name="Eva Brandt"), desk.heading("start.community"))
    await expect(desk.page.locator("html")).to_have_attribute("lang", language)
    await desk.field("community.name").fill("Freibad Süd")
    await expect(desk.field("community.slug")).to_have_value("freibad-sued")
    await desk.button("community.found").click()
    await desk.link("start.imprint.act").click()
    await desk.field("imprint").fill("Freibad Süd, Uferweg 1")
    await desk.button("save").click()
    await desk.sees(desk.text("saved"))

    await desk.open("-", "me")
    await desk.button("sign-out").click()
    await desk.field("name").fill("eva brandt")
    await desk.field("passphrase").fill(PASSPHRASE)
    await desk.button("sign-in").click()
    await desk.sees(desk.heading("me"), desk.page.get_by_role("link", name="Eva Brandt"))
