"""A list that is longer than one reading: it keeps what it has brought, and each row of it follows what happens."""

from urllib.parse import parse_qs, urlencode, urlsplit

from playwright.async_api import Route, expect

from tests.browser.house import House
from tests.browser.network import held_up
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


async def test_every_invite_is_there_however_many_have_ended(house: House) -> None:
    slug = (await house.community())["slug"]
    path = f"/v1/communities/{slug}/invites"
    for label in ("Old", "Older", "Counter", "Letter"):
        made = await house.cast.owner.want(201, "POST", path, {"label": label})
        if label.startswith("Old"):
            await house.cast.owner.want(204, "DELETE", f"/v1/invites/{made['id']}")
    desk = await house.desk("manager")
    await desk.page.route(f"**{path}?*", by_twos)

    await desk.open(slug, "settings", "invites")

    cards = desk.page.get_by_role("article").get_by_role("heading")
    await expect(cards).to_have_count(2)
    assert sorted(await cards.all_inner_texts()) == ["Counter", "Letter"]


async def test_rows_that_are_asked_for_twice_are_there_once(house: House) -> None:
    desk = await house.desk()
    await house.community()
    await desk.page.route("**/v1/audit*", by_twos)
    await desk.open("-", "audit")
    rows = desk.page.locator("table.audit tbody tr")
    await expect(rows).to_have_count(2)

    async with held_up(desk, "GET", "/v1/audit?after=*") as free:
        await desk.button("more").dblclick()
        free.set()
        await expect(rows).to_have_count(4)
        await desk.button("more").click()
        await expect(rows).to_have_count(6)


async def test_what_is_earlier_comes_once_however_often_it_is_asked_for(house: House) -> None:
    slug = (await house.community())["slug"]
    ada = await house.member(slug)
    for number in range(35):
        await house.cast.post(slug, f"Post {number}")
    reader = await house.reader(slug, ada)
    await reader.open()
    earlier = reader.link("stream.earlier")

    async with held_up(reader, "GET", f"/c/{slug}?before=*") as free:
        await earlier.dblclick()
        free.set()
        await reader.sees(reader.item("Post 0"))
    await reader.sees_no(earlier)

    await expect(reader.page.locator(".items > .item")).to_have_count(35)
