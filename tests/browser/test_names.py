"""The name behind a pseudonym: no page has it until somebody says why they need it."""

from playwright.async_api import expect

from tests.browser.house import House

NAME = "Ada Lovelace"


async def test_a_name_is_shown_for_a_reason(house: House) -> None:
    slug = (await house.community())["slug"]
    ada = await house.member(slug, name=NAME)
    desk = await house.desk("manager")
    await desk.open(slug, "members")
    await desk.sees(desk.row(ada.pseudonym))
    async with desk.page.expect_response(f"**/v1/members/{ada.id}") as answer:
        await desk.row(ada.pseudonym).click()
    assert NAME not in await (await answer.value).text()

    await desk.button("member.lift").click()
    dialog = desk.page.get_by_role("dialog")
    await dialog.get_by_label(desk.words("member.lift.reason")).select_option(label=desk.words("lift.harm"))
    await dialog.get_by_role("button", name=desk.words("member.lift")).click()

    await desk.sees(desk.said(NAME))
    await expect(dialog).to_have_count(0)
    log = [row async for row in house.cast.owner.all("/v1/audit") if row["subject"] == ada.id]
    assert [row["detail"] for row in log if row["action"] == "member.lift"] == [{"reason": "harm"}]


async def test_an_auditor_sees_no_name(house: House) -> None:
    slug = (await house.community())["slug"]
    ada = await house.member(slug, name=NAME)
    desk = await house.desk("auditor")

    await desk.open(slug, "members", ada.id)

    await desk.sees(desk.heading("consent"))
    await desk.sees_no(desk.button("member.lift"))
