"""Everything that is daily work, with the hands on the keyboard: nothing here clicks."""

from playwright.async_api import Locator, expect

from tests.browser.desk import Desk
from tests.browser.house import House
from tests.e2e.conftest import HELD_WORD

PRESS_AT_ONCE = """key => new Promise(done => {
  new MutationObserver((_, watch) => {
    if (!document.querySelector("[role=log]")) return;
    watch.disconnect();
    document.body.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
    done();
  }).observe(document.body, { subtree: true, childList: true });
  document.querySelector(".rows a.row").click();
})"""
MOST_TABS = 60  # to any place of a page; more is a walk that nobody makes


async def tab_to(desk: Desk, goal: Locator) -> None:
    """As somebody without a mouse gets there; the focus must be seen on the way."""
    for _ in range(MOST_TABS):
        if await goal.evaluate("element => element === document.activeElement"):
            return
        await desk.page.keyboard.press("Tab")
    await expect(goal).to_be_focused()


async def command(desk: Desk, words: str) -> None:
    """By the palette."""
    await desk.page.keyboard.press("Control+k")
    await expect(desk.page.get_by_role("combobox", name=desk.words("palette.find"))).to_be_focused()
    await desk.page.keyboard.type(words)
    await desk.page.keyboard.press("Enter")


async def test_a_thread_is_found_answered_noted_and_done(house: House) -> None:
    slug = (await house.community())["slug"]
    ada, ben = await house.member(slug), await house.member(slug)
    await house.says(ada, "Until when?")
    await house.says(ben, "Is the sauna open at least?")
    desk = await house.desk("agent")
    await desk.open(slug, "inbox", "open")
    await desk.sees(desk.row(ada.pseudonym), desk.row(ben.pseudonym))
    press, write = desk.page.keyboard.press, desk.page.keyboard.type

    await press("j")
    await desk.sees(desk.entry("Is the sauna open at least?"))
    await press("j")
    await desk.sees(desk.entry("Until when?"))
    await press("k")
    await desk.sees(desk.entry("Is the sauna open at least?"))
    await press("r")
    await expect(desk.field("answer.act", name=ben.pseudonym)).to_be_focused()
    await write("It is, from ten.")
    await press("Control+Enter")
    await desk.sees(desk.entry("It is, from ten."))
    await press("Escape")
    await press("n")
    await expect(desk.field("note.act")).to_be_focused()
    await write("Asks every week.")
    await expect(desk.button("note.act")).to_be_enabled()  # the answer before it may be seen before it is answered for
    await press("Control+Enter")
    await desk.sees(desk.entry("Asks every week."))
    await press("Escape")
    desk.watch.expects(409, "/v1/threads/*")  # the note, which the thread as it was read does not know: tried again by itself
    await press("e")
    await desk.sees(desk.entry("Until when?"))
    await press("?")
    await desk.sees(desk.page.get_by_role("dialog", name=desk.words("help")))
    await press("Escape")
    await desk.sees_no(desk.page.get_by_role("dialog"))

    assert [item["text"] for item in (await ben.api.get("/v1/me/items"))["items"]][-1] == "It is, from ten."


async def test_a_key_that_is_pressed_as_soon_as_a_thread_is_there_is_heard(house: House) -> None:
    slug = (await house.community())["slug"]
    ada = await house.member(slug)
    await house.says(ada, "Thanks for everything.")
    desk = await house.desk("agent")
    await desk.open(slug, "inbox", "open")
    await desk.sees(desk.row(ada.pseudonym))

    await desk.page.evaluate(PRESS_AT_ONCE, "e")

    await desk.sees(desk.text("thread.closed", name=ada.pseudonym))


async def test_a_held_message_is_rejected(house: House) -> None:
    slug = (await house.community())["slug"]
    ada = await house.member(slug)
    await house.says(ada, f"Open up, you {HELD_WORD}")
    desk = await house.desk("moderator", language="de")
    await desk.open(slug, "settings")
    await desk.sees(desk.counted("cases"))

    await command(desk, desk.words("go-to", place=desk.words("cases")))
    await desk.sees(desk.row(ada.pseudonym))
    await desk.page.keyboard.press("j")
    await desk.sees(desk.button("case.reject"))
    await desk.page.keyboard.press("x")
    await tab_to(desk, desk.field("case.reject.reason"))
    await desk.page.keyboard.type("Beleidigungen lesen wir nicht")
    await tab_to(desk, desk.page.get_by_role("dialog").get_by_role("button", name=desk.words("case.reject")))
    await desk.page.keyboard.press("Enter")

    await desk.sees(desk.text("case.rejected"))


async def test_a_post_is_written_and_sent(house: House) -> None:
    slug = (await house.community())["slug"]
    await house.member(slug)
    desk = await house.desk("manager")
    await desk.open(slug, "inbox", "open")
    await desk.sees(desk.counted("posts"))

    await command(desk, desk.words("go-to", place=desk.words("posts")))
    await desk.sees(desk.text("posts.none"))
    await desk.page.keyboard.press("n")
    await tab_to(desk, desk.field("post.text"))
    await desk.page.keyboard.type("We are closed tomorrow.")
    await tab_to(desk, desk.button("post.act", n=1))
    await desk.page.keyboard.press("Enter")
    await tab_to(desk, desk.page.get_by_role("dialog").get_by_role("button", name=desk.words("post.act", n=1)))
    await desk.page.keyboard.press("Enter")

    await desk.sees(desk.page.get_by_role("region", name=desk.words("post.life")))


async def test_single_keys_can_be_switched_off(house: House) -> None:
    slug = (await house.community())["slug"]
    desk = await house.desk("agent")
    await desk.open(slug, "inbox", "open")
    await desk.sees(desk.counted("inbox"))

    await desk.page.keyboard.press("?")
    await tab_to(desk, desk.page.get_by_role("checkbox", name=desk.words("single-keys")))
    await desk.page.keyboard.press("Space")
    await desk.page.keyboard.press("Escape")
    await desk.sees_no(desk.page.get_by_role("dialog"))
    await desk.page.keyboard.press("?")
    await desk.page.keyboard.press("Control+k")

    await desk.sees(desk.page.get_by_role("dialog", name=desk.words("palette")))
    await desk.sees_no(desk.page.get_by_role("dialog", name=desk.words("help")))


async def test_the_rail_can_be_skipped(house: House) -> None:
    slug = (await house.community())["slug"]
    desk = await house.desk("agent")
    await desk.open(slug, "inbox", "open")
    await desk.sees(desk.counted("inbox"))

    await desk.page.keyboard.press("Tab")
    await expect(desk.link("skip")).to_be_focused()
    await desk.sees(desk.link("skip"))
    await desk.page.keyboard.press("Enter")

    await expect(desk.page.locator("#content")).to_be_focused()
