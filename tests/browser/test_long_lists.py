"""A list that is longer than one reading: it keeps what it has brought, and each row of it follows what happens."""

from urllib.parse import parse_qs, urlencode, urlsplit

from playwright.async_api import Route, expect

from tests.browser.house import House
from tests.browser.test_keeping_up import THREADS, names, of, writers


async def by_twos(route: Route) -> None:
    """The relay gives two rows at once."""
    address = urlsplit(route.request.url)
    query = {**{name: value[0] for name, value in parse_qs(address.query).items()}, "limit": "2"}
    await route.continue_(url=address._replace(query=urlencode(query)).geturl())


async def test_a_list_keeps_what_it_has_beyond_one_reading(house: House) -> None:
    slug = (await house.community())["slug"]
    ada, ben, cid, dan, eve = await writers(house, slug, 5)
    desk = await house.desk("agent")
    await desk.page.route(THREADS, by_twos)
    await desk.open(slug, "inbox", "open")
    await expect(names(desk)).to_have_text(of(ada, ben))
    await desk.button("more").click()
    await expect(names(desk)).to_have_text(of(ada, ben, cid, dan))
    await desk.page.mouse.move(900, 300)  # rows have come to where the button was, and would wait for the pointer

    await house.says(cid, "And?")
    await expect(names(desk)).to_have_text(of(cid, ada, ben, dan))
    await desk.button("more").click()
    await expect(names(desk)).to_have_text(of(cid, ada, ben, dan, eve))


async def test_a_change_shows_in_every_row_however_far_down(house: House) -> None:
    slug = (await house.community())["slug"]
    ada, ben, cid, dan, eve = await writers(house, slug, 5)
    desk = await house.desk("agent")
    await desk.page.route(THREADS, by_twos)
    await desk.open(slug, "inbox", "open")
    for count in (4, 5):
        await desk.button("more").click()
        await expect(names(desk)).to_have_count(count)

    thread = await house.cast.thread_of(slug, eve)
    edit = {"version": thread["version"], "labels": ["refund"]}
    await house.cast.owner.want(200, "PATCH", f"/v1/threads/{thread['id']}", edit)

    await expect(desk.row(eve.pseudonym)).to_contain_text("refund")
    await expect(names(desk)).to_have_text(of(ada, ben, cid, dan, eve))
    await desk.sees_no(desk.button("more"))
