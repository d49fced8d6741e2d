"""A member's browser: joining by an invite, several devices in step, everything by forms where no script runs."""

from playwright.async_api import expect

from tests.browser.house import House


async def invite(house: House, slug: str) -> str:
    """The address that stands in a QR code."""
    made = await house.cast.owner.want(201, "POST", f"/v1/communities/{slug}/invites", {"label": "Counter"})
    url: str = made["url"]
    return url


async def test_who_is_invited_joins_reads_and_answers(house: House) -> None:
    slug = (await house.community())["slug"]
    reader = await house.reader(slug, language="de")
    await reader.page.goto(await invite(house, slug))
    await reader.sees(reader.said("Town Pool, Main St 1"), reader.text("invite.private", name="Town Pool"))
    await expect(reader.page.locator("html")).to_have_attribute("lang", "de")

    await reader.joins(slug, await invite(house, slug), "Ada")
    await house.cast.post(slug, "We are closed tomorrow.")
    await reader.item("We are closed tomorrow.").get_by_role("link", name=reader.words("stream.reply")).click()
    await reader.sees(reader.text("stream.private", name="Town Pool"))
    await reader.writes("Is the sauna open at least?")
    await reader.has_sent("Is the sauna open at least?")

    (thread,) = await house.cast.threads(slug)
    assert [message["text"] for message in thread["messages"]] == ["Is the sauna open at least?"]
    assert thread["post"] is not None


async def test_two_devices_stay_in_step(house: House) -> None:
    slug = (await house.community())["slug"]
    ada = await house.member(slug)
    phone, laptop = await house.reader(slug, ada, viewport={"width": 360, "height": 640}), await house.reader(slug, ada)
    await phone.open()
    await laptop.open()

    await phone.writes("From the bus.")
    await laptop.sees(laptop.item("From the bus."))
    await laptop.writes("From home.")
    await phone.sees(phone.item("From home."))
    buttons = [{"id": "yes", "label": "Coming", "opens_thread": False}, {"id": "no", "label": "Not me", "opens_thread": False}]
    await house.cast.post(slug, "Swim at night?", buttons=buttons)
    await phone.page.get_by_role("button", name="Coming").click()
    await laptop.page.get_by_role("button", name="Coming", pressed=True).wait_for()
    await laptop.page.get_by_role("button", name="Not me").click()
    await phone.page.get_by_role("button", name="Not me", pressed=True).wait_for()
    await phone.page.get_by_role("button", name="Coming", pressed=False).wait_for()

    for device in (phone, laptop):
        await expect(device.page.locator(".items > li")).to_have_count(3)


async def test_who_signs_this_browser_out_leaves_nothing_to_the_next(house: House) -> None:
    slug = (await house.community())["slug"]
    ada, ben = await house.member(slug), await house.member(slug)
    tablet = await house.reader(slug, ada)
    await tablet.open()
    await tablet.field("stream.field").fill("Not sent yet")
    await expect(tablet.field("stream.field")).to_have_value("Not sent yet")

    await tablet.open("/you")
    tablet.watch.is_signed_out()
    await tablet.button("settings.sign_out_here").click()
    await tablet.sees(tablet.text("community.how"))
    await tablet.sign_in_by_token(slug, str(ben.api.token))
    await tablet.open()

    await expect(tablet.field("stream.field")).to_have_value("")


async def test_without_scripts_a_member_joins_reads_answers_and_leaves(house: House) -> None:
    slug = (await house.community())["slug"]
    reader = await house.reader(slug, java_script_enabled=False)

    await reader.joins(slug, await invite(house, slug), "Ada")
    witness = await house.cast.join(slug)
    await house.cast.post(slug, "We are closed tomorrow.", buttons=[{"id": "ok", "label": "Fine", "opens_thread": False}])
    await witness.item(1)  # a page without scripts shows what is there when it is loaded
    await reader.open()
    await reader.sees(reader.item("We are closed tomorrow."), reader.text("stream.private", name="Town Pool"))
    await reader.page.get_by_role("button", name="Fine").click()
    await expect(reader.page.get_by_role("button", name="Fine")).to_have_attribute("aria-pressed", "true")
    await reader.writes("Is the sauna open at least?")
    thread = (await house.cast.threads(slug))[0]
    await house.cast.owner.want(202, "POST", f"/v1/threads/{thread['id']}/messages", {"text": "It is, from ten."})
    await reader.open()
    await reader.sees(reader.item("It is, from ten."))

    await reader.link("stream.settings").first.click()
    await reader.link("settings.leave_go").click()
    await reader.button("leave.yes").click()
    await reader.open()
    await reader.sees(reader.text("stream.left"))
    counts = await house.cast.owner.get(f"/v1/communities/{slug}/counts")
    assert counts["members"] == {"active": 1, "left": 1}


async def test_a_member_pauses_takes_their_data_along_and_is_erased(house: House) -> None:
    slug = (await house.community())["slug"]
    ada = await house.member(slug)
    reader = await house.reader(slug, ada)
    await reader.open()
    await reader.writes("Remember me.")

    await reader.link("stream.settings").first.click()
    await reader.button("settings.day").click()
    await reader.sees(reader.button("settings.resume"))
    await reader.open("/you")
    async with reader.page.expect_download() as download:
        await reader.link("settings.export").click()
    assert "Remember me." in (await (await download.value).path()).read_text("utf-8")
    await reader.link("settings.erase").click()
    await reader.button("erase.yes").click()

    await reader.sees(reader.heading("erased.title"))
    assert await house.cast.threads(slug) == []
