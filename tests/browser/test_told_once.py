"""Secrets that are told once: when the answer that held one gets lost, trying again makes nothing a second time."""

from playwright.async_api import Locator, expect

from tests.browser.desk import Desk
from tests.browser.house import House
from tests.browser.network import lost


async def pressed_twice(desk: Desk, path: str, act: Locator) -> None:
    """The first answer gets lost."""
    async with lost(desk, "POST", path):
        await act.click()
        await desk.sees(desk.text("problem.unreachable"))
    await act.click()


async def labels(house: House, path: str) -> list[str]:
    return [one.get("label") or one.get("name") or "" async for one in house.cast.owner.all(path)]


async def test_a_key_whose_answer_got_lost_is_there_once_and_says_so(house: House) -> None:
    desk = await house.desk()
    await desk.open("-", "keys")
    await desk.button("key.add").first.click()
    dialog = desk.page.get_by_role("dialog")
    name = f"Shop {desk.person.id}"
    await desk.field("key.name").fill(name)
    await desk.field("key.until").select_option("30")

    await pressed_twice(desk, "/v1/keys", dialog.get_by_role("button", name=desk.words("key.add")))

    await desk.sees(desk.text("key.lost", name=name))
    assert (await labels(house, "/v1/keys")).count(name) == 1


async def test_an_invite_whose_answer_got_lost_is_there_once(house: House) -> None:
    slug = (await house.community())["slug"]
    desk = await house.desk("manager")
    await desk.open(slug, "settings", "invites")
    await desk.field("invite.label").fill("Counter")
    await desk.field("invite.until").select_option("7")

    await pressed_twice(desk, "/invites", desk.button("invite.make"))

    await expect(desk.field("invite.label")).to_have_value("")
    await desk.sees(desk.page.get_by_role("heading", name="Counter"))
    assert await labels(house, f"/v1/communities/{slug}/invites") == ["Counter"]


async def test_a_colleague_whose_answer_got_lost_still_gets_a_link(house: House) -> None:
    desk = await house.desk()
    await desk.open("-", "staff")
    await desk.button("staff.add").first.click()
    dialog = desk.page.get_by_role("dialog")
    name = f"Jonas {desk.person.id}"
    await dialog.get_by_label(desk.words("name"), exact=True).fill(name)

    await pressed_twice(desk, "/v1/staff", dialog.get_by_role("button", name=desk.words("staff.add")))

    await desk.sees(desk.heading("staff.link.for", name=name))
    assert "#link=" in await desk.field("staff.link").input_value()


async def test_a_member_whose_answer_got_lost_is_in_once_and_gets_a_way_in(house: House) -> None:
    slug = (await house.community())["slug"]
    desk = await house.desk("manager")
    await desk.open(slug, "members")
    await desk.button("member.add").first.click()
    dialog = desk.page.get_by_role("dialog")
    await desk.field("consent.source").fill("Form at the counter")
    await desk.field("consent.version").fill("Flyer of May")

    await pressed_twice(desk, f"/{slug}/members", dialog.get_by_role("button", name=desk.words("member.add")))

    await expect(desk.field("member.token")).not_to_have_value("")
    assert len(await labels(house, f"/v1/communities/{slug}/members")) == 1


async def test_a_community_whose_answer_got_lost_is_not_called_taken(house: House) -> None:
    desk = await house.desk()
    await desk.open("-", "settings", "new")
    await desk.field("community.name").fill(f"Bath {desk.person.id}")

    await pressed_twice(desk, "/v1/communities", desk.button("community.found"))

    await desk.sees(desk.heading("settings.community").last)
    await desk.sees_no(desk.text("community.slug.taken"))
