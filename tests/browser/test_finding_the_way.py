"""Nothing is out of reach: on narrow screens, by the keyboard, for who hears the page, for roles that may not all."""

import re

from playwright.async_api import expect

from tests.browser.house import House

TABLET = {"width": 800, "height": 1000}
PHONE = {"width": 360, "height": 740}


async def test_what_stands_beside_a_thread_comes_as_a_sheet_where_there_is_no_room(house: House) -> None:
    slug = (await house.community())["slug"]
    ada = await house.member(slug)
    await house.says(ada, "Is it warm?")
    desk = await house.desk("agent", viewport=TABLET)
    await desk.open(slug, "inbox", "open")
    await desk.row(ada.pseudonym).click()

    await desk.button("panel").click()
    sheet = desk.page.get_by_role("dialog", name=desk.words("context"))
    await sheet.get_by_role("textbox", name=desk.words("label.new")).fill("sauna")
    await sheet.get_by_role("button", name=desk.words("label.add")).click()
    await expect(sheet.get_by_role("listitem").filter(has_text="sauna")).to_be_visible()
    await desk.page.keyboard.press("Escape")

    await expect(sheet).to_have_count(0)
    await expect(desk.row(ada.pseudonym)).to_contain_text("sauna")


async def test_a_phone_has_help_and_all_commands_under_settings(house: House) -> None:
    slug = (await house.community())["slug"]
    desk = await house.desk("agent", viewport=PHONE)
    await desk.open(slug, "settings")

    await desk.button("help").click()
    await desk.sees(desk.page.get_by_role("dialog"))
    await desk.page.keyboard.press("Escape")
    await desk.button("palette").click()

    await desk.sees(desk.page.get_by_role("combobox", name=desk.words("palette.find")))


async def test_the_keyboard_goes_on_where_the_page_goes_on(house: House) -> None:
    slug = (await house.community())["slug"]
    ada, ben = await house.member(slug), await house.member(slug)
    await house.says(ada, "Is it warm?")
    await house.says(ben, "Is it cold?")
    desk = await house.desk("agent")
    await desk.open(slug, "inbox", "open")
    await desk.row(ben.pseudonym).click()
    await desk.sees(desk.entry("Is it cold?"))
    await expect(desk.button("thread.close")).to_be_enabled()

    await desk.button("thread.close").press("Enter")

    await desk.sees(desk.entry("Is it warm?"))
    await expect(desk.page.locator(":focus")).not_to_have_count(0)
    await expect(desk.page.locator("section.pane.detail:focus, section.pane.detail :focus")).to_have_count(1)


async def test_what_the_palette_points_at_is_in_sight(house: House) -> None:
    slug = (await house.community())["slug"]
    desk = await house.desk("owner")
    await desk.open(slug, "inbox", "open")
    await desk.sees(desk.text("inbox.nobody"))
    await desk.page.keyboard.press("Control+k")
    await expect(desk.page.get_by_role("combobox", name=desk.words("palette.find"))).to_be_focused()

    await desk.page.keyboard.press("ArrowUp")

    chosen = desk.page.get_by_role("listbox").get_by_role("option", selected=True)
    await expect(chosen).to_be_in_viewport(ratio=0.9)


async def test_in_another_community_a_role_is_where_it_may_be(house: House) -> None:
    slug, other = [(await house.community())["slug"] for _ in range(2)]
    desk = await house.desk("moderator", "Mona")
    await desk.open(slug, "cases", "open")

    await desk.page.get_by_role("combobox", name=desk.words("community")).first.select_option(other)

    await expect(desk.page).to_have_url(re.compile(rf"#/{other}/cases"))
    await desk.sees(desk.text("cases.none.open"))


async def test_who_does_not_see_the_stream_hears_that_something_came(house: House) -> None:
    slug = (await house.community())["slug"]
    reader = await house.reader(slug, await house.member(slug))
    await reader.open()

    await house.cast.post(slug, "We are closed tomorrow.")

    await expect(reader.page.locator(".told")).to_have_text(reader.words("live.new", number=1))


async def test_arabic_runs_from_right_to_left(house: House) -> None:
    slug = (await house.community())["slug"]
    ada = await house.member(slug)
    text = "هل المسبح مفتوح اليوم؟"
    await house.says(ada, text)
    desk, reader = await house.desk("agent"), await house.reader(slug, ada)
    await desk.open(slug, "inbox", "open")
    await desk.row(ada.pseudonym).click()
    await reader.open()

    for shown in (desk.entry(text), desk.row(ada.pseudonym).get_by_text(text), reader.said(text)):
        await expect(shown).to_have_css("direction", "rtl")
