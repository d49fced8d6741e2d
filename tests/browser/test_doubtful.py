"""A text with another member's words does not just leave: it is shown where, and goes when somebody has said why."""

import pytest
from playwright.async_api import expect

from tests.browser.house import House

BENS = "My mother is in hospital until Friday, so please cancel."


@pytest.mark.parametrize("language", ["en", "de"])
async def test_an_answer_with_somebody_elses_words_is_asked_about(house: House, language: str) -> None:
    slug = (await house.community())["slug"]
    ada, ben = await house.member(slug), await house.member(slug)
    await house.says(ada, "Is the course on?")
    await house.says(ben, BENS)
    desk = await house.desk("agent", language=language)
    desk.watch.expects(409, "/v1/threads/*")
    reader = await house.reader(slug, ada)
    await reader.open()
    await desk.open(slug, "inbox", "open")
    await desk.row(ada.pseudonym).click()
    await desk.sees(desk.entry("Is the course on?"))

    await desk.field("answer.act", name=ada.pseudonym).fill(BENS)
    await desk.button("answer.act", name=ada.pseudonym).click()
    await desk.sees(desk.page.get_by_role("dialog").get_by_text(BENS.rstrip("."), exact=True))
    await desk.page.keyboard.press("Escape")
    await expect(desk.field("answer.act", name=ada.pseudonym)).to_have_value(BENS)
    await desk.button("answer.act", name=ada.pseudonym).click()
    await desk.field("doubt.why").select_option("agreed")
    await desk.button("doubt.act").click()

    await desk.sees(desk.entry(BENS))
    await reader.sees(reader.item(BENS))


async def test_a_post_is_asked_about_too(house: House) -> None:
    slug = (await house.community())["slug"]
    ben = await house.member(slug)
    await house.says(ben, BENS)
    desk = await house.desk("manager")
    desk.watch.expects(409, "/v1/communities/*")
    reader = await house.reader(slug, await house.member(slug))
    await reader.open()
    await desk.open(slug, "posts", "new")

    await desk.field("post.text").fill(BENS)
    await desk.button("post.act", n=2).click()
    await desk.page.get_by_role("dialog").get_by_role("button", name=desk.words("post.act", n=2)).click()
    await desk.field("doubt.why").select_option("agreed")
    await desk.button("doubt.act").click()

    await reader.sees(reader.item(BENS))
