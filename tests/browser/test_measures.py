"""Measures: a moderator imposes one, the member reads until when and loses no text, and it is ended again."""

from playwright.async_api import expect

from tests.browser.house import House
from tests.e2e.conftest import HELD_WORD


async def test_a_muted_member_keeps_the_text_and_may_write_again_once_it_is_ended(house: House) -> None:
    slug = (await house.community())["slug"]
    ada = await house.member(slug)
    reader = await house.reader(slug, ada)
    await reader.open()
    await reader.writes(f"Open up, you {HELD_WORD}")
    desk = await house.desk("moderator", "Mona")
    await desk.open(slug, "cases", "open")
    await desk.row(ada.pseudonym).click()

    await desk.button("measures.impose").click()
    await desk.field("measures.kind").select_option("mute")
    await desk.field("measures.reason").fill("Insults.")
    await desk.page.get_by_role("dialog").get_by_role("button", name=desk.words("measures.act")).click()
    await desk.sees(desk.text("measures.imposed"))

    await reader.sees(reader.page.get_by_role("listitem").filter(has_text="“Insults”"))
    await reader.field("stream.field").fill("Ten minutes of work")
    await reader.button("stream.send").click()
    await expect(reader.status).to_contain_text(reader.words.pattern("live.refused_muted"))
    await expect(reader.field("stream.field")).to_have_value("Ten minutes of work")
    await reader.open()
    await reader.sees(reader.page.get_by_text(reader.words.pattern("stream.mute")))

    await desk.button("measures.lift").click()
    await desk.sees(desk.text("measures.lifted"))
    await reader.open()
    await reader.sees_no(reader.page.get_by_text(reader.words.pattern("stream.mute")))
    await reader.button("stream.send").click()
    await reader.has_sent("Ten minutes of work")
