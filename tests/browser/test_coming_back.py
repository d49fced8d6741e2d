"""The relay goes and comes back: what is being written, where it is written and what is being read stay as they are."""

import asyncio

from playwright.async_api import expect

from tests.browser.house import PATIENCE_MS, House
from tests.browser.reader import Reader
from tests.browser.words import Words

KEPT = "async path => (await caches.match(path))?.headers.get('Content-Language')"
LONG = "\n".join(f"Line {number} of a long message" for number in range(60))


async def test_a_desk_goes_on_where_it_was(own_house: House) -> None:
    house = own_house
    slug = (await house.community())["slug"]
    ada = await house.member(slug)
    await house.says(ada, LONG)
    desk = await house.desk("agent")
    await desk.open(slug, "inbox", "open")
    await desk.row(ada.pseudonym).click()
    composer = desk.field("answer.act", name=ada.pseudonym)
    await composer.fill("Half an ans")
    log = desk.page.get_by_role("log")
    await log.evaluate("element => element.scrollTo(0, 100)")

    with desk.watch.relay_may_be_away():
        await house.server.stop()
        await desk.sees(desk.text("away"))
        await house.server.start()
        await house.says(ada, "Are you there?")
        await expect(desk.row(ada.pseudonym)).to_contain_text("Are you there?")
    await desk.sees_no(desk.text("away"))

    await expect(composer).to_be_focused()
    await expect(composer).to_have_value("Half an ans")
    await desk.sees(desk.button("messages.new", n=1))
    assert await log.evaluate("element => element.scrollTop") == 100
    await desk.page.keyboard.type("wer")
    await desk.page.keyboard.press("Control+Enter")
    await desk.sees(desk.entry("Half an answer"))


async def test_a_desk_is_live_as_soon_as_the_relay_answers_anything(own_house: House) -> None:
    house = own_house
    slug = (await house.community())["slug"]
    desk = await house.desk("agent")
    await desk.open(slug, "inbox", "open")
    await desk.sees(desk.field("search"))
    await desk.page.evaluate("Math.random = () => 1e6")  # it waits for days before it tries the line again

    with desk.watch.relay_may_be_away():
        await house.server.stop()
        await desk.sees(desk.text("away"))
        await house.server.start()
        await desk.page.get_by_role("link", name=desk.words("posts")).click()
        await desk.sees_no(desk.text("away"))


async def test_a_member_goes_on_where_they_were(own_house: House) -> None:
    house = own_house
    slug = (await house.community())["slug"]
    ada = await house.member(slug)
    for number in range(8):
        await house.cast.post(slug, f"{number}: {LONG}")
    asked = await house.cast.post(slug, "Coming?", buttons=[{"id": "yes", "label": "I am", "opens_thread": False}])
    reader = await house.reader(slug, ada)
    await reader.open()
    await reader.field("stream.field").fill("Half a mess")
    await reader.page.evaluate("scrollTo(0, 100)")

    with reader.watch.relay_may_be_away():
        await house.server.stop()
        await expect(reader.status).to_contain_text(reader.words("live.offline"))
        await reader.page.keyboard.type("age")
        await house.server.start()
        await ada.api.want(204, "POST", "/v1/me/press", {"post": asked["id"], "button": "yes"})
        await house.cast.post(slug, "We are back.")
        await reader.sees(reader.button("live.new", number=1))

    await expect(reader.field("stream.field")).to_be_focused()
    await expect(reader.field("stream.field")).to_have_value("Half a message")
    assert await reader.page.evaluate("scrollY") == 100
    await reader.page.get_by_role("button", name="I am", pressed=True).wait_for()
    await reader.button("live.new", number=1).click()
    await expect(reader.item("We are back.")).to_be_in_viewport()


async def test_what_a_member_writes_meanwhile_arrives_once(own_house: House) -> None:
    house = own_house
    slug = (await house.community())["slug"]
    ada = await house.member(slug)
    reader = await house.reader(slug, ada)
    await reader.open()
    await reader.writes("Before.")
    await reader.page.evaluate("navigator.serviceWorker.ready.then(() => true)")  # it shows the page while nothing else does

    with reader.watch.relay_may_be_away():
        await house.server.kill()
        await reader.writes("Meanwhile.")
        await reader.page.reload()
        await house.server.start()
        await reader.open()
        await expect(reader.item("Meanwhile.")).to_contain_text(reader.words("live.sent"))

    thread = await house.cast.thread_of(slug, ada)
    assert [message["text"] for message in thread["messages"]] == ["Before.", "Meanwhile."]


async def test_a_page_that_cannot_be_reached_speaks_as_it_did_before(own_house: House) -> None:
    house = own_house
    pool, club = [(await house.community(language=language))["slug"] for language in ("en", "de")]
    reader = await house.reader(pool, await house.member(pool, language="de"))
    await reader.open()
    await reader.page.evaluate("navigator.serviceWorker.ready.then(() => true)")

    await reader.open()
    await kept_in(reader, "de")
    with reader.watch.relay_may_be_away():
        await house.server.kill()
        await expect_offline(reader, f"/c/{pool}/you", "de")
        await expect_offline(reader, f"/c/{club}", "en")  # as the browser asks for it
        await house.server.start()

    await reader.context.clear_cookies()
    await reader.open()
    await kept_in(reader, "en")
    with reader.watch.relay_may_be_away():
        await house.server.kill()
        await expect_offline(reader, f"/c/{pool}", "en")


async def kept_in(reader: Reader, language: str) -> None:
    """Until the browser keeps the page for no network in that language."""
    async with asyncio.timeout(PATIENCE_MS / 1000):
        while await reader.page.evaluate(KEPT, f"/c/{reader.slug}") != language:
            pass


async def expect_offline(reader: Reader, path: str, language: str) -> None:
    await reader.visit(path)
    title = Words.of("member", language)("offline.title")
    await expect(reader.page.get_by_role("heading", name=title, exact=True)).to_be_visible()
    await expect(reader.page.locator("html")).to_have_attribute("lang", language)
