"""Endings take effect at once, also on pages that are open."""

from playwright.async_api import expect

from tests.browser.desk import PASSPHRASE, Desk
from tests.browser.house import House


async def test_whose_access_has_ended_stands_before_the_door(house: House) -> None:
    slug = (await house.community())["slug"]
    ada = await house.member(slug)
    await house.says(ada, "Is it warm today?")
    agent, owner = await house.desk("agent", "Jonas"), await house.desk("owner")
    await agent.open(slug, "inbox", "open")
    await agent.row(ada.pseudonym).click()
    await agent.field("answer.act", name=ada.pseudonym).fill("Twenty-")
    agent.watch.is_signed_out()

    await owner.open("-", "staff")
    await owner.page.get_by_role("button", name=owner.words("staff.end.of", name=agent.person.name)).click()
    await owner.page.get_by_role("dialog").get_by_role("button", name=owner.words("staff.end")).click()

    await agent.sees(agent.text("sign-in.ended"))
    await agent.sees_no(agent.said("Is it warm today?"))
    await agent.field("name").fill(agent.person.name)
    await agent.field("passphrase").fill(PASSPHRASE)
    await agent.button("sign-in").click()
    await agent.sees(agent.text("sign-in.wrong"))


async def test_a_session_that_is_ended_elsewhere_takes_the_page_with_it(house: House) -> None:
    here = await house.desk("agent")
    there = await house.window(Desk, "console", storage_state=await here.context.storage_state())
    await there.open("-", "me")
    await there.sees(there.button("sign-out"))
    await here.open("-", "me")
    here.watch.is_signed_out()
    there.watch.is_signed_out()

    await here.button("sign-out").click()

    await there.sees(there.text("sign-in.ended"))


async def test_an_erased_member_is_gone_from_every_page(house: House) -> None:
    slug = (await house.community())["slug"]
    ada = await house.member(slug)
    agent, manager = await house.desk("agent"), await house.desk("manager")
    reader = await house.reader(slug, ada)
    await reader.open()
    await reader.writes("Forget me.")
    await agent.open(slug, "inbox", "open")
    await agent.row(ada.pseudonym).click()
    await agent.sees(agent.entry("Forget me."))

    await manager.open(slug, "members")
    await manager.row(ada.pseudonym).click()
    await manager.button("member.erase").click()
    await manager.page.get_by_role("dialog").get_by_role("button", name=manager.words("member.erase")).click()

    await manager.sees(manager.text("member.erased"))
    await agent.sees_no(agent.row(ada.pseudonym), agent.said("Forget me."))
    await expect(reader.status).to_contain_text(reader.words("live.signed_out"))
    await expect(reader.field("stream.field")).to_be_disabled()
    await reader.sees_no(reader.said("Forget me."))
