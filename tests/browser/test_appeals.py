"""Appeals: of a rejection and of a measure in one list, decided by somebody else than the first decision, by keyboard."""

from datetime import UTC, datetime, timedelta

from playwright.async_api import expect

from tests.browser.house import House
from tests.e2e.client import MemberClient
from tests.e2e.conftest import HELD_WORD


async def appeals(member: MemberClient, case: str, text: str) -> None:
    await member.api.want(202, "POST", "/v1/me/appeals", {"case": case, "text": text})


async def test_somebody_else_decides_about_what_members_object_to(house: House) -> None:
    slug = (await house.community())["slug"]
    ada, ben = await house.member(slug), await house.member(slug)
    await house.says(ada, f"Open up, you {HELD_WORD}")
    mona = await house.desk("moderator", "Mona")
    await mona.open(slug, "cases", "appealed")
    await mona.sees(mona.text("appeals.none.why"))
    await mona.open(slug, "cases", "open")
    await mona.row(ada.pseudonym).click()
    await mona.button("case.reject").click()
    await mona.field("case.reject.reason").fill("No insults here.")
    await mona.page.get_by_role("dialog").get_by_role("button", name=mona.words("case.reject")).click()
    await mona.sees(mona.text("cases.none.open"))
    (case,) = [case async for case in house.cast.owner.all(f"/v1/communities/{slug}/cases")]
    body = {"kind": "mute", "until": (datetime.now(UTC) + timedelta(days=1)).isoformat(), "reason": "Three adverts."}
    mute = await house.cast.owner.want(201, "POST", f"/v1/members/{ben.id}/measures", body)
    await appeals(ada, case["id"], "It is a bird.")
    await appeals(ben, mute["id"], "That was my brother.")

    await mona.open(slug, "cases", "appealed", case["id"])
    await mona.sees(mona.text("appeal.own"), mona.text("appeal.own.short"))
    await mona.sees_no(mona.button("appeal.overturn"), mona.button("appeal.uphold"))
    jan = await house.desk("moderator", "Jan")
    await jan.open(slug, "cases", "appealed")
    await expect(jan.page.locator(".row-name")).to_have_text([ada.pseudonym, ben.pseudonym])
    await jan.page.keyboard.press("j")
    article = jan.page.get_by_role("article")
    await expect(article).to_contain_text("No insults here.")
    await expect(article).to_contain_text(mona.person.name)
    await expect(jan.button("appeal.overturn")).to_be_enabled()
    await jan.page.keyboard.press("d")
    await jan.sees(jan.page.get_by_role("heading", name=ben.pseudonym, level=2), jan.button("objection.uphold"))
    await expect(article).to_contain_text("That was my brother.")
    await jan.page.keyboard.press("x")
    await expect(jan.field("measures.reason")).to_be_focused()
    await jan.page.keyboard.type("The adverts came from your account.")
    await jan.page.get_by_role("dialog").get_by_role("button", name=jan.words("objection.uphold")).click()
    await jan.sees(jan.text("cases.none.appealed"))
    told = [(await member.api.get("/v1/me/items"))["items"][-1]["text"] for member in (ada, ben)]
    assert ("has it now" in told[0], "it stays" in told[1], "from your account" in told[1]) == (True, True, True)
