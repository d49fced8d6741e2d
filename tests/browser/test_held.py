"""Held messages: the span that was seen, why, and a decision that the member is told and may appeal."""

from playwright.async_api import expect

from tests.browser.desk import Desk
from tests.browser.house import House
from tests.e2e.client import MemberClient
from tests.e2e.conftest import HELD_WORD

RUDE = f"Open up, you {HELD_WORD}"


async def at_the_case_of(house: House, slug: str, member: MemberClient, state: str = "open") -> Desk:
    desk = await house.desk("moderator", "Mona")
    await desk.open(slug, "cases", state)
    await desk.row(member.pseudonym).click()
    return desk


async def test_a_held_message_shows_what_was_seen_and_is_delivered(house: House) -> None:
    slug = (await house.community())["slug"]
    ada = await house.member(slug)
    agent = await house.desk("agent")
    await agent.open(slug, "inbox", "open")
    await house.says(ada, RUDE)
    await agent.row(ada.pseudonym).click()
    await agent.sees(agent.text("text.held-back"))
    await agent.sees_no(agent.said(RUDE))

    desk = await at_the_case_of(house, slug, ada)
    await expect(desk.page.locator("mark")).to_have_text(HELD_WORD)
    await expect(desk.page.get_by_role("article")).to_contain_text("words")
    await desk.button("case.deliver").click()

    await desk.sees(desk.text("case.delivered"), desk.text("cases.none.open"))
    await agent.sees(agent.entry(RUDE))
    await desk.open(slug, "cases", "delivered")
    await desk.row(ada.pseudonym).click()
    await desk.sees(desk.page.get_by_role("heading", name=desk.words("case.state.delivered"), exact=True))
    await desk.sees_no(
        desk.page.locator("main").get_by_text(desk.words.pattern("case.reason"))
    )  # nobody gave one: what a plugin saw is none


async def test_whoever_looks_reads_why_in_their_own_language(house: House) -> None:
    slug = (await house.community())["slug"]
    ada = await house.member(slug)
    await house.says(ada, RUDE)
    desk = await house.desk("moderator", "Mona", language="de")

    await desk.open(slug, "cases", "open")
    await desk.row(ada.pseudonym).click()

    await desk.sees(desk.said("Sie enthält eine Beleidigung"))


async def test_a_rejected_member_reads_why_and_somebody_else_looks_again(house: House) -> None:
    slug = (await house.community())["slug"]
    ada = await house.member(slug)
    reader = await house.reader(slug, ada)
    await reader.open()
    await reader.writes(RUDE)

    desk = await at_the_case_of(house, slug, ada)
    await desk.button("case.reject").click()
    dialog = desk.page.get_by_role("dialog")
    await dialog.get_by_role("button", name=desk.words("case.reject")).click()
    await desk.sees(dialog)  # nobody is rejected without a reason
    await desk.field("case.reject.reason").fill("Insults are not read here")
    await dialog.get_by_role("button", name=desk.words("case.reject")).click()
    await desk.sees(desk.text("case.rejected"))

    notice = reader.page.get_by_role("listitem").filter(has_text="Insults are not read here")
    await reader.sees(notice)
    await notice.get_by_text(reader.words("stream.appeal")).click()
    await notice.get_by_label(reader.words("stream.appeal_field")).fill("It is a bird.")
    await notice.get_by_role("button", name=reader.words("stream.appeal_send")).click()

    other = await at_the_case_of(house, slug, ada, "appealed")
    await other.sees(other.page.get_by_role("article").get_by_text("It is a bird."))
    await other.button("appeal.overturn").click()
    await other.sees(other.text("case.delivered"))
