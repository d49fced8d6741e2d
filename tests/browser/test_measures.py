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

    other = await house.desk("moderator", "Jan")
    await other.open(slug, "cases", "open")
    await other.row(ada.pseudonym).click()
    await other.sees(other.button("measures.lift"))
    await desk.button("measures.lift").click()
    await desk.sees(desk.text("measures.lifted"))
    await other.sees_no(other.button("measures.lift"))  # of itself, by the staff's stream
    await reader.open()
    await reader.sees_no(reader.page.get_by_text(reader.words.pattern("stream.mute")))
    await reader.button("stream.send").click()
    await reader.has_sent("Ten minutes of work")


async def test_a_key_rejects_and_mutes_and_an_appeal_takes_back_both(house: House) -> None:
    slug = (await house.community())["slug"]
    ada = await house.member(slug)
    reader = await house.reader(slug, ada)
    await reader.open()
    await reader.writes(f"Open up, you {HELD_WORD}")
    desk = await house.desk("moderator", "Mona")
    dialog = desk.page.get_by_role("dialog")
    await desk.open(slug, "cases", "open")
    await desk.sees(desk.row(ada.pseudonym))

    await desk.page.keyboard.press("j")
    await desk.sees(desk.button("case.mute"))
    await desk.page.keyboard.press("?")
    await desk.sees(dialog.get_by_text(desk.words("case.mute")))
    await desk.page.keyboard.press("Escape")
    await desk.sees_no(desk.page.locator("dialog"))
    await desk.page.keyboard.press("m")
    await expect(desk.field("case.reject.reason")).to_be_focused()
    await desk.page.keyboard.press("Escape")  # nothing has happened yet
    await desk.sees_no(desk.page.locator("dialog"))
    await desk.page.keyboard.press("m")
    await expect(desk.field("case.reject.reason")).to_be_focused()
    await desk.page.keyboard.type("Insults are not read here.")
    await dialog.get_by_role("radio", name=desk.words("measures.days.3")).check()
    await dialog.get_by_role("button", name=desk.words("case.mute.act")).click()
    await desk.sees(desk.text("cases.none.open"))

    notice = reader.page.get_by_role("listitem").filter(has_text="Insults are not read here")
    await expect(notice).to_contain_text("you cannot write to the team")
    await notice.get_by_text(reader.words("stream.appeal")).click()
    await notice.get_by_label(reader.words("stream.appeal_field")).fill("It is a bird.")
    await notice.get_by_role("button", name=reader.words("stream.appeal_send")).click()

    other = await house.desk("moderator", "Jan")
    await other.open(slug, "cases", "appealed")
    await other.row(ada.pseudonym).click()
    await other.sees_no(other.button("case.mute"))
    await other.button("appeal.overturn").click()
    await reader.sees(reader.page.get_by_role("listitem").filter(has_text="No longer in force for you: the mute."))
