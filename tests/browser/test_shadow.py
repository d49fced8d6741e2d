"""Shadow mode in the console: begun by hand where the operator allows it, read on the member's page, and brought back."""

from pathlib import Path

import aiohttp
from playwright.async_api import Browser, expect

from tests.browser.house import House, running
from tests.browser.test_states import flaws


async def test_what_is_kept_out_of_the_inbox_is_read_and_brought_back(
    chromium: Browser, http: aiohttp.ClientSession, tmp_path: Path
) -> None:
    async with running(tmp_path, RELAY_MODERATION__ALLOW_SHADOW="true") as server:
        house = House(http, server, chromium)
        slug = (await house.community())["slug"]
        ada = await house.member(slug)
        desk = await house.desk("manager")
        await desk.open(slug, "members", ada.id)

        await desk.button("measures.impose").click()
        await desk.field("measures.kind").select_option("shadow")
        await desk.sees(desk.text("shadow.means"), desk.text("shadow.reason"))
        await desk.field("measures.reason").fill("Provokes others.")
        await desk.page.get_by_role("dialog").get_by_role("button", name=desk.words("shadow.act")).click()
        await desk.sees(desk.button("shadow.lift"))
        await house.says(ada, "Nobody answers me")
        await desk.open(slug, "inbox", "open")
        await desk.sees_no(desk.row(ada.pseudonym))

        await desk.open(slug, "members", ada.id)
        await desk.sees(desk.text("shadow.kept", n=1))
        await desk.button("shadow.read").click()
        await desk.sees(desk.said("Nobody answers me"))
        assert await flaws(desk) == []

        await desk.button("shadow.lift").click()
        await desk.sees_no(desk.text("shadow.kept", n=1))
        await desk.open(slug, "inbox", "open")
        await expect(desk.row(ada.pseudonym)).to_contain_text("Nobody answers me")
        await house.close()
        assert not house.faults
