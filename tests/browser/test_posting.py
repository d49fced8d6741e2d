"""A post from the desk to everybody: the exact number before, its life while it goes, and what members make of it."""

from playwright.async_api import expect

from tests.browser.house import House


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
