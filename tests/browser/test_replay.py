"""The page of replays: another configuration is tried on what members wrote, and what it found is dropped again."""

from playwright.async_api import expect

from tests.browser.house import House
from tests.browser.test_states import flaws
from tests.e2e.conftest import HELD_WORD

NEW = "[moderation]\nflag = 1.0\nhold = 2.0\n\n[plugins.words]\n"
INSULTS = "Du Idiot, du Arschloch"


async def test_new_rules_are_tried_and_what_they_would_change_is_read(house: House) -> None:
    slug = (await house.community())["slug"]
    for text in (INSULTS, f"{HELD_WORD} today", "Is the pool open?"):
        await house.says(await house.member(slug), text)
    desk = await house.desk("manager")
    await desk.open(slug, "settings", "replay")
    await desk.sees(desk.text("replay.none"))

    desk.watch.expects(422, "*/moderation:replay")
    await desk.field("replay.config").fill("[moderation]\nhold = 'much'\n")
    await desk.button("replay.act").click()
    await desk.sees(desk.page.get_by_text("line 2: moderation.hold"))

    await desk.field("replay.config").fill("[plugins.words]\nlanguage = 1\n")
    await desk.button("replay.act").click()
    await desk.sees(desk.text("replay.failed"), desk.page.get_by_text("line 2: plugins.words.language"))

    file = {"name": "new.toml", "mimeType": "text/plain", "buffer": NEW.encode()}
    await desk.field("replay.file").set_input_files(file)  # type: ignore[arg-type]  # a payload, as a dict
    await expect(desk.field("replay.config")).to_have_value(NEW)
    await desk.button("replay.act").click()
    await desk.sees(desk.heading("replay.matrix"), desk.heading("replay.steps"), desk.heading("replay.costs"))
    await desk.sees(desk.page.get_by_text(desk.words("replay.flipped", n=1, of="3")))
    flip = desk.page.locator(".flips li").filter(has_text=HELD_WORD)
    await expect(flip).to_contain_text(desk.words("decision.allow"))
    assert await flaws(desk) == []

    await desk.button("replay.drop").click()
    await desk.sees(desk.text("replay.none"))
