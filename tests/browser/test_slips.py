"""Hands that slip, and eyes that have not seen it yet: what was not meant does not happen."""

from playwright.async_api import expect

from tests.browser.desk import Desk
from tests.browser.house import House
from tests.browser.network import held_up, refused
from tests.browser.test_losing_nothing import at_the_thread_of
from tests.e2e.conftest import HELD_WORD

CLICK_WHAT_COMES = """() => new Promise(done => {
  const first = document.querySelector("article h2").textContent;
  new MutationObserver((_, watch) => {
    const head = document.querySelector("article h2");
    const button = document.querySelector(".two-acts button");
    if (!button || !head || head.textContent === first) return;
    watch.disconnect();
    button.click();
    done(head.textContent);
  }).observe(document.body, { subtree: true, childList: true, characterData: true });
  document.querySelector(".two-acts button").click();
})"""


async def at_the_first_case(house: House, slug: str) -> Desk:
    """Of two members, each with a held message."""
    for hour in ("nine", "noon"):
        await house.says(await house.member(slug), f"Open up at {hour}, you {HELD_WORD}")
    desk = await house.desk("moderator")
    await desk.open(slug, "cases", "open")
    await desk.page.locator(".rows a.row").first.click()
    await expect(desk.button("case.deliver")).to_be_enabled()
    return desk


async def delivered(house: House, slug: str) -> int:
    return len([case async for case in house.cast.owner.all(f"/v1/communities/{slug}/cases?state=delivered")])


async def test_a_key_that_is_held_decides_one_case(house: House) -> None:
    slug = (await house.community())["slug"]
    desk = await at_the_first_case(house, slug)
    heading = desk.page.locator("article h2")
    first = await heading.inner_text()

    await desk.page.keyboard.down("d")
    await expect(heading).not_to_have_text(first)
    await expect(desk.button("case.deliver")).to_be_enabled()
    await desk.page.keyboard.down("d")
    await desk.page.keyboard.up("d")
    await desk.page.keyboard.press("x")
    await desk.sees(desk.page.get_by_role("dialog"))

    assert await delivered(house, slug) == 1


async def test_a_click_on_what_has_just_come_decides_nothing(house: House) -> None:
    slug = (await house.community())["slug"]
    desk = await at_the_first_case(house, slug)

    await desk.page.evaluate(CLICK_WHAT_COMES)
    await expect(desk.button("case.deliver")).to_be_enabled()
    await desk.page.keyboard.press("x")
    await desk.sees(desk.page.get_by_role("dialog"))
    await desk.page.keyboard.press("Escape")
    assert await delivered(house, slug) == 1

    await desk.button("case.deliver").click()
    await desk.sees(desk.text("cases.none.open"))


async def test_nothing_is_done_with_a_message_that_nobody_has_seen(house: House) -> None:
    slug = (await house.community())["slug"]
    ada = await house.member(slug)
    desk = await house.desk("agent")
    await desk.page.route_web_socket("**/v1/staff/stream", lambda line: line.close(code=1012))
    await house.says(ada, "Is it warm today?")
    await desk.open(slug, "inbox", "open")
    await desk.row(ada.pseudonym).click()
    await desk.sees(desk.entry("Is it warm today?"))
    await house.says(ada, "There is smoke in the hall.")
    desk.watch.expects(409, "/v1/threads/*")

    await desk.button("thread.close").click()

    await desk.sees(desk.text("thread.moved"), desk.entry("There is smoke in the hall."))
    assert (await house.cast.thread_of(slug, ada))["state"] == "open"
    await desk.button("thread.close").click()
    await desk.sees(desk.text("thread.closed", name=ada.pseudonym))


async def test_a_key_for_what_nobody_has_seen_yet_says_so(house: House) -> None:
    slug = (await house.community())["slug"]
    ada = await house.member(slug)
    await house.says(ada, "Is it warm today?")
    desk = await house.desk("agent")
    await desk.open(slug, "inbox", "open")

    async with held_up(desk, "GET", "/v1/threads/*/messages?*") as free:
        await desk.row(ada.pseudonym).click()
        await desk.sees(desk.page.get_by_role("status", name=desk.words("loading")))
        for key in ("e", "a", "r"):
            await desk.page.keyboard.press(key)
        await expect(desk.text("thread.unseen")).to_have_count(3)
        free.set()
        await desk.sees(desk.entry("Is it warm today?"))

    thread = await house.cast.thread_of(slug, ada)
    assert (thread["state"], thread["assignee"]) == ("open", None)
    await desk.page.keyboard.press("e")
    await desk.sees(desk.text("thread.closed", name=ada.pseudonym))


async def test_ones_own_answer_is_seen(house: House) -> None:
    slug = (await house.community())["slug"]
    ada = await house.member(slug)
    desk = await at_the_thread_of(house, slug, ada)
    desk.watch.expects(409, "/v1/threads/*")

    async with held_up(desk, "GET", "/v1/threads/*") as free:
        await desk.answers(ada.pseudonym, "It is.")
        async with desk.page.expect_response(lambda answer: answer.status == 409):
            await desk.button("thread.close").click()
        free.set()

        await desk.sees(desk.text("thread.closed", name=ada.pseudonym))


async def test_a_thread_that_could_not_be_closed_stays_open(house: House) -> None:
    slug = (await house.community())["slug"]
    ada, ben = await house.member(slug), await house.member(slug)
    await house.says(ben, "Until when?")
    desk = await at_the_thread_of(house, slug, ada)

    async with refused(desk, "PATCH", "/v1/threads/*", 503):
        await desk.button("thread.close").click()
        await expect(desk.page.locator(".toast.bad")).to_contain_text(desk.words("problem.unavailable"))

    await desk.sees(desk.entry("Is it warm today?"))
    await desk.sees_no(desk.text("thread.closed", name=ada.pseudonym))


async def test_a_slow_done_leads_nobody_away_from_where_they_went(house: House) -> None:
    slug = (await house.community())["slug"]
    ada, ben, cem = await house.member(slug), await house.member(slug), await house.member(slug)
    for member in (ben, cem):
        await house.says(member, f"From {member.pseudonym}")
    desk = await at_the_thread_of(house, slug, ada)

    async with held_up(desk, "PATCH", "/v1/threads/*") as free:
        await desk.button("thread.close").click()
        await desk.row(ben.pseudonym).click()
        await desk.sees(desk.entry(f"From {ben.pseudonym}"))
        free.set()
        await desk.sees(desk.text("thread.closed", name=ada.pseudonym))

    await desk.sees(desk.entry(f"From {ben.pseudonym}"))


async def test_a_click_beside_it_closes_nothing_that_would_be_lost(house: House) -> None:
    desk = await house.desk("owner")
    await desk.open("-", "keys")
    await desk.button("key.add").click()
    form = desk.page.get_by_role("dialog")
    await form.get_by_role("textbox").first.fill("Shop")

    await desk.page.mouse.click(2, 2)
    await form.get_by_role("button", name=desk.words("key.add")).click()
    secret = desk.page.get_by_role("textbox", name=desk.words("key"))
    await desk.sees(secret)
    await desk.page.mouse.click(2, 2)
    await desk.sees(secret)
    await desk.page.get_by_role("dialog").get_by_role("button", name=desk.words("done")).click()

    await desk.sees_no(secret)


async def test_help_is_closed_by_a_click_beside_it_alone(house: House) -> None:
    desk = await house.desk("agent")
    await desk.open("-", "me")
    await desk.button("help").click()
    box = await desk.page.get_by_role("dialog").bounding_box()
    assert box is not None
    mouse = desk.page.mouse

    await mouse.move(box["x"] + 50, box["y"] + 50)
    await mouse.down()
    await mouse.move(2, 2)
    await mouse.up()
    await desk.sees(desk.page.get_by_role("dialog"))
    await mouse.click(2, 2)

    await desk.sees_no(desk.page.get_by_role("dialog"))
