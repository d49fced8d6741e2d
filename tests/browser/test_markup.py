"""Foreign text stays text, and what is not the page's own does not run."""

import pytest
from playwright.async_api import Route, expect

from tests.browser.house import House

MARKUP = '<img src="/x" onerror="document.title = 1"><b>bold</b> <script>document.title = 2</script>'
SMUGGLED = '<script>document.title = "broken in"</script><p style="position: fixed" id="smuggled">x</p>'


async def test_markup_of_a_member_is_shown_as_it_was_written(house: House) -> None:
    slug = (await house.community())["slug"]
    ada = await house.member(slug, name="<b>Ada</b>")
    await house.says(ada, MARKUP)
    desk = await house.desk("manager")
    await desk.open(slug, "inbox", "open")

    await expect(desk.row(ada.pseudonym)).to_contain_text(MARKUP)
    await desk.row(ada.pseudonym).click()

    await expect(desk.page.get_by_role("log")).to_contain_text(MARKUP)
    await expect(desk.page.get_by_role("log").locator("b, img, script")).to_have_count(0)


async def test_markup_of_a_post_is_shown_as_it_was_written(house: House) -> None:
    slug = (await house.community())["slug"]
    ada = await house.member(slug)
    await house.cast.post(slug, MARKUP, title=MARKUP, buttons=[{"id": "b", "label": "<b>b</b>", "opens_thread": False}])
    reader = await house.reader(slug, ada)
    await reader.open()
    await house.cast.post(slug, f"{MARKUP} live")

    await reader.sees(reader.said(MARKUP).first, reader.said("<b>b</b>"), reader.said(f"{MARKUP} live"))
    await expect(reader.page.get_by_role("listitem").locator("b, img, script")).to_have_count(0)


@pytest.mark.parametrize("path", ["/console", "/c/{slug}", "/docs"])
async def test_what_got_into_a_page_does_not_run(house: House, path: str) -> None:
    slug = (await house.community())["slug"]
    reader = await house.reader(slug)
    reader.watch.expects(401, "/v1/session")

    async def smuggle(route: Route) -> None:
        answer = await route.fetch()
        await route.fulfill(response=answer, body=(await answer.text()).replace("</body>", f"{SMUGGLED}</body>"))

    await reader.page.route(reader.origin + path.format(slug=slug), smuggle)
    await reader.visit(path.format(slug=slug))

    await expect(reader.page.locator("#smuggled")).to_have_css("position", "static")
    await expect(reader.page).not_to_have_title("broken in")
    refused = [fault for fault in reader.watch.faults if "Content Security Policy" in fault]
    assert len(refused) == 2, reader.watch.faults
    reader.watch.faults.clear()
