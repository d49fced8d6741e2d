"""A post from the desk to everybody: the exact number before, its life while it goes, and what members make of it."""

import asyncio

from playwright.async_api import expect

from tests.browser.house import PATIENCE_MS, House
from tests.browser.network import held_up


async def test_a_post_is_followed_until_everybody_has_read_it(house: House) -> None:
    slug = (await house.community())["slug"]
    ada, ben = await house.member(slug), await house.member(slug)
    desk = await house.desk("manager")
    to_ada, to_ben = await house.reader(slug, ada), await house.reader(slug, ben, "de")
    await to_ada.open()

    await desk.posts(slug, "We are closed tomorrow.", audience=2)
    read = desk.page.get_by_role("region", name=desk.words("post.life")).locator(
        "dl > div", has_text=desk.words("delivery.read")
    )

    await to_ada.sees(to_ada.item("We are closed tomorrow."))
    await expect(read.locator("dd")).to_have_text("1")
    await to_ben.open()
    await to_ben.sees(to_ben.item("We are closed tomorrow."))
    await expect(read.locator("dd")).to_have_text("2")


async def test_a_press_is_counted_and_opens_a_thread_where_the_button_says_so(house: House) -> None:
    slug = (await house.community())["slug"]
    ada = await house.member(slug)
    desk, reader = await house.desk("manager"), await house.reader(slug, ada)
    await reader.open()

    await desk.open(slug, "posts", "new")
    await desk.field("post.text").fill("Swimming course in June?")
    await desk.button("button.add").click()
    await desk.field("button.label", number=1).fill("I am in")
    preview = desk.page.get_by_role("region", name=desk.words("preview"))
    await expect(preview).to_contain_text("I am in")
    await desk.button("post.act", n=1).click()
    await desk.page.get_by_role("dialog").get_by_role("button", name=desk.words("post.act", n=1)).click()
    press = reader.page.get_by_role("button", name="I am in")
    await press.click()

    await expect(press).to_have_attribute("aria-pressed", "true")
    await expect(desk.page.locator(".presses")).to_contain_text("1")


async def test_nobody_is_posted_to_by_accident(house: House) -> None:
    slug = (await house.community())["slug"]
    desk = await house.desk("manager", language="de")
    await desk.open(slug, "posts", "new")
    await desk.field("post.text").fill("Hallo")
    await expect(desk.button("post.act", n=0)).to_be_disabled()
    ada = await house.member(slug)

    await desk.open(slug, "posts")
    await desk.open(slug, "posts", "new")
    await expect(desk.field("post.text")).to_have_value("Hallo")
    await desk.button("post.act", n=1).click()
    await desk.page.get_by_role("dialog").get_by_role("button", name=desk.words("cancel")).click()

    await house.cast.post(slug, "Meant so.")
    came = await ada.api.until("/v1/me/items", lambda seen: seen["items"])
    assert [item["text"] for item in came["items"]] == ["Meant so."]
    await expect(desk.field("post.text")).to_have_value("Hallo")


async def test_nobody_is_told_that_today_had_no_post_before_that_is_known(house: House) -> None:
    slug = (await house.community())["slug"]
    await house.member(slug)
    await house.cast.post(slug, "We are closed tomorrow.")
    desk = await house.desk("manager")

    async with held_up(desk, "GET", "/posts?limit=1") as free:
        await desk.open(slug, "posts", "new")
        await desk.sees(desk.text("before.imprint"))
        await desk.sees_no(desk.text("before.first"))
        free.set()

    await desk.sees(desk.page.get_by_text(desk.words("before.today", time=""), exact=False))


async def test_a_post_that_is_longer_than_the_screen_is_read_at_its_end(house: House) -> None:
    slug = (await house.community())["slug"]
    ada = await house.member(slug)
    post = await house.cast.post(slug, "We are closed tomorrow.\n" * 100)
    reader = await house.reader(slug, ada, viewport={"width": 360, "height": 480})

    await reader.open()

    read = 0
    async with asyncio.timeout(PATIENCE_MS / 1000):
        while read == 0:
            read = (await house.cast.owner.get(f"/v1/posts/{post['id']}"))["counts"]["read"]
