"""One-time links: followed wherever they are pasted, never without asking, and tried again when the relay was busy."""

from playwright.async_api import Route

from tests.browser.desk import Desk
from tests.browser.house import House


async def test_a_link_is_followed_in_a_tab_that_is_open(house: House) -> None:
    desk = await house.window(Desk, "console")
    desk.watch.expects(401, "/v1/session")
    await desk.visit("/console")
    await desk.sees(desk.heading("sign-in"))

    await desk.page.goto((await house.person("agent", "Mona")).link)

    await desk.sees(desk.heading("link.welcome"))
    assert "link=" not in desk.page.url, "the secret leaves the address"


async def test_who_is_signed_in_is_asked_first(house: House) -> None:
    slug = (await house.community())["slug"]
    link = (await house.person("agent", "Mona")).link
    desk = await house.desk("agent")
    await desk.open(slug, "inbox", "waiting")
    await desk.sees(desk.field("search"))
    before = desk.page.url

    await desk.page.goto(link)
    await desk.sees(desk.heading("link.ask"))
    assert desk.page.url == before
    await desk.button("cancel").click()
    await desk.sees_no(desk.heading("link.ask"))
    await desk.page.goto(link)
    desk.watch.is_signed_out()
    await desk.button("link.follow").click()

    await desk.sees(desk.heading("link.welcome"))


async def test_a_link_is_not_called_dead_when_the_relay_is_busy(house: House) -> None:
    desk = await house.window(Desk, "console")
    desk.watch.expects(401, "/v1/session")
    desk.watch.expects(429, "/v1/sign-in:look")

    async def busy(route: Route) -> None:
        await route.fulfill(status=429, json={"title": "Too many", "status": 429, "detail": "Too many."})

    await desk.page.route("**/v1/sign-in:look", busy, times=1)
    await desk.page.goto((await house.person("agent", "Mona")).link)
    await desk.sees(desk.text("problem.many"))
    await desk.sees_no(desk.heading("link.dead"))
    await desk.button("retry").click()

    await desk.sees(desk.heading("link.welcome"))
