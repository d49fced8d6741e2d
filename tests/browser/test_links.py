"""Addresses in what people write can be followed, and nothing else becomes a link; script and server find the same."""

from typing import Any

from playwright.async_api import Locator, expect

from tests.browser.house import House

TEXT = """New times: https://pool.example/times?day=1&x=<b>#open. (See http://pool.example/a_b(c)!)
javascript:alert(1) ftp://x.example HTTPS://POOL.EXAMPLE "https://quoted.example" https:// https://"""
FOUND = ["https://pool.example/times?day=1&x=", "http://pool.example/a_b(c", "HTTPS://POOL.EXAMPLE", "https://quoted.example"]


async def links(item: Locator) -> Any:  # noqa: ANN401  what the page answers
    return await item.locator(".text a, .entry-text a").evaluate_all("all => all.map(one => one.textContent)")


async def test_an_address_in_a_post_can_be_followed_loaded_or_live(house: House) -> None:
    slug = (await house.community())["slug"]
    reader = await house.reader(slug, await house.member(slug))
    await reader.open()
    await house.cast.post(slug, TEXT)
    item = reader.page.get_by_role("listitem").filter(has_text="New times")
    await expect(item).to_be_visible()
    live = await links(item)
    text = await item.locator(".text").inner_text()

    await reader.page.reload()

    assert await links(item) == live == FOUND
    assert await item.locator(".text").inner_text() == text == TEXT
    link = item.get_by_role("link", name=FOUND[1])
    await expect(link).to_have_attribute("href", FOUND[1])
    await expect(link).to_have_attribute("rel", "noopener noreferrer nofollow")


async def test_staff_follow_what_a_member_writes(house: House) -> None:
    slug = (await house.community())["slug"]
    ada = await house.member(slug)
    await house.says(ada, TEXT)
    desk = await house.desk("agent")
    await desk.open(slug, "inbox", "open")
    await desk.row(ada.pseudonym).click()

    log = desk.page.get_by_role("log")
    await expect(log).to_contain_text("New times")

    assert await links(log) == FOUND
