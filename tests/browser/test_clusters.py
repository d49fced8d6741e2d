"""Held messages that say nearly the same: one row, decided with one reason, and what could not be is told by case."""

from playwright.async_api import Route, expect

from tests.browser.house import House
from tests.e2e.client import MemberClient
from tests.e2e.conftest import HELD_WORD

CALL = f"Come to the lake at ten tomorrow, they close our pool and nobody asked us, you {HELD_WORD}"


async def told(member: MemberClient) -> list[str]:
    return [item["text"] for item in (await member.api.get("/v1/me/items"))["items"] if item["kind"] == "notice"]


async def refuse(route: Route) -> None:
    await route.fulfill(status=503, json={"title": "Unavailable", "status": 503, "detail": "The disk is nearly full."})


async def test_what_is_alike_is_decided_together_and_the_rest_is_told_by_case(house: House) -> None:
    slug = (await house.community())["slug"]
    crowd = [await house.member(slug) for _ in range(3)]
    other = await house.member(slug)
    for member, text in zip([*crowd, other], [CALL, f"{CALL}!", CALL.replace("ten", "11"), f"You {HELD_WORD}"], strict=True):
        await house.says(member, text)
    cases = [case async for case in house.cast.owner.all(f"/v1/communities/{slug}/cases?state=open")]
    desk = await house.desk("moderator", "Mona")
    path, dialog = f"**/cases/{cases[1]['id']}:decide", desk.page.get_by_role("dialog")
    desk.watch.expects(503, f"/v1/cases/{cases[1]['id']}:decide")
    await desk.page.route(path, refuse)
    await desk.open(slug, "cases", "open")
    await desk.sees(desk.row(desk.words("cluster.alike", n=3)), desk.row(other.pseudonym))
    await desk.sees_no(desk.row(crowd[0].pseudonym))

    await desk.page.keyboard.press("j")
    await expect(desk.page.locator("mark")).to_have_text([HELD_WORD] * 3)
    await desk.page.get_by_label(crowd[2].pseudonym).first.uncheck()
    await expect(desk.button("cluster.reject", n=2)).to_be_enabled()
    await desk.page.get_by_label(crowd[2].pseudonym).first.check()
    await expect(desk.button("cluster.reject", n=3)).to_be_enabled()
    await desk.page.keyboard.press("x")
    await desk.field("case.reject.reason").fill("No adverts here.")
    await dialog.get_by_role("button", name=desk.words("cluster.reject", n=3)).click()
    await desk.sees(desk.page.get_by_role("listitem").filter(has_text=crowd[1].pseudonym).get_by_role("alert"))

    assert [len(await told(member)) for member in crowd] == [1, 0, 1]
    await desk.page.unroute(path)
    await desk.button("cluster.reject", n=1).click()
    await dialog.get_by_role("button", name=desk.words("cluster.reject", n=1)).click()
    await desk.sees(desk.page.get_by_role("heading", name=other.pseudonym, level=2))
    await desk.sees_no(desk.text("cluster.alike", n=3))
    assert ["No adverts here" in text for member in crowd for text in await told(member)] == [True] * 3
    assert await told(other) == []
