"""Answers of the relay that get lost, come late or say no: what was written is still there, and nobody gets it twice."""

import json

from playwright.async_api import WebSocketRoute, expect

from tests.browser.desk import Desk
from tests.browser.house import House
from tests.browser.network import KNOCKS, held_up, lost, overtaken, refused
from tests.browser.reader import Reader
from tests.e2e.client import MemberClient

TOO_LONG = "🏊" * 4097  # characters, as people and the relay count them


async def at_the_thread_of(house: House, slug: str, member: MemberClient, role: str = "agent") -> Desk:
    await house.says(member, "Is it warm today?")
    desk = await house.desk(role)
    await desk.open(slug, "inbox", "open")
    await desk.row(member.pseudonym).click()
    await desk.sees(desk.entry("Is it warm today?"))
    return desk


async def texts(member: MemberClient) -> list[str]:
    """What the company said to them."""
    items = (await member.api.get("/v1/me/items"))["items"]
    return [item["text"] for item in items if item["from"]["role"] != "self"]


async def asks_to_post(desk: Desk) -> None:
    await desk.button("post.act", n=1).click()
    await desk.page.get_by_role("dialog").get_by_role("button", name=desk.words("post.act", n=1)).click()


async def test_an_answer_that_a_proxy_gave_up_on_goes_out_once(house: House) -> None:
    slug = (await house.community())["slug"]
    ada = await house.member(slug)
    desk = await at_the_thread_of(house, slug, ada)
    field = desk.field("answer.act", name=ada.pseudonym)
    await field.fill("It is.")
    async with overtaken(desk, "POST", "/v1/threads/*/messages", 504):
        await field.press("Control+Enter")
        await desk.sees(desk.page.get_by_role("alert"))
        await expect(field).to_have_value("It is.")

    await field.press("Control+Enter")
    await expect(field).to_have_value("")
    await desk.sees_no(desk.page.get_by_role("alert"))

    assert await texts(ada) == ["It is."]


async def test_a_post_whose_answer_got_lost_goes_out_once(house: House) -> None:
    slug = (await house.community())["slug"]
    ada = await house.member(slug)
    desk = await house.desk("manager")
    await desk.open(slug, "posts", "new")
    await desk.field("post.text").fill("We are closed tomorrow.")
    async with lost(desk, "POST", "/posts"):
        await asks_to_post(desk)
        await desk.sees(desk.text("problem.unreachable"))

    await desk.page.reload()
    await expect(desk.field("post.text")).to_have_value("We are closed tomorrow.")
    await asks_to_post(desk)
    await desk.sees(desk.page.get_by_role("region", name=desk.words("post.life")))

    assert await texts(ada) == ["We are closed tomorrow."]


async def test_the_same_answer_meant_twice_goes_out_twice(house: House) -> None:
    slug = (await house.community())["slug"]
    ada = await house.member(slug)
    desk = await at_the_thread_of(house, slug, ada)
    field = desk.field("answer.act", name=ada.pseudonym)
    await field.fill("Yes.")
    async with lost(desk, "POST", "/v1/threads/*/messages"):
        await field.press("Control+Enter")
        await desk.sees(desk.text("problem.unreachable"), desk.entry("Yes."))

    await field.fill("")
    await field.fill("Yes.")
    await field.press("Control+Enter")
    await expect(desk.entry("Yes.")).to_have_count(2)

    assert await texts(ada) == ["Yes.", "Yes."]


async def test_what_is_typed_while_an_answer_goes_out_stays(house: House) -> None:
    slug = (await house.community())["slug"]
    ada = await house.member(slug)
    desk = await at_the_thread_of(house, slug, ada)
    field = desk.field("answer.act", name=ada.pseudonym)
    await field.fill("It is.")
    async with held_up(desk, "POST", "/v1/threads/*/messages") as free:
        await field.press("Control+Enter")
        await desk.page.keyboard.type("Until ten.")
        free.set()
        await desk.sees(desk.entry("It is."))
        await expect(desk.button("answer.act", name=ada.pseudonym)).to_be_enabled()

    await expect(field).to_have_value("Until ten.")
    await field.press("Control+Enter")
    await desk.sees(desk.entry("Until ten."))
    assert await texts(ada) == ["It is.", "Until ten."]


async def test_what_is_typed_while_an_answer_fails_stands_behind_it(house: House) -> None:
    slug = (await house.community())["slug"]
    ada = await house.member(slug)
    desk = await at_the_thread_of(house, slug, ada)
    field = desk.field("answer.act", name=ada.pseudonym)
    await field.fill("It is.")
    async with refused(desk, "POST", "/v1/threads/*/messages", 503), held_up(desk, "POST", "/v1/threads/*/messages") as free:
        await field.press("Control+Enter")
        await desk.page.keyboard.type("Until ten.")
        free.set()
        await desk.sees(desk.page.get_by_role("alert"))

    await expect(field).to_have_value("It is.\n\nUntil ten.")


async def test_nobody_is_asked_about_the_size_of_another_community(house: House) -> None:
    small, large = (await house.community())["slug"], (await house.community())["slug"]
    await house.member(small)
    for _ in range(2):
        await house.member(large)
    desk = await house.desk("manager")
    await desk.open(small, "posts", "new")
    await desk.sees(desk.button("post.act", n=1))

    async with refused(desk, "GET", f"/v1/communities/{large}/counts", 429):
        await desk.open(large, "posts", "new")
        await desk.field("post.text").fill("We are closed tomorrow.")
        await desk.sees(desk.text("problem.many"))
        await expect(desk.page.locator("form button[type=submit]")).to_be_disabled()
        await desk.sees_no(desk.button("post.act", n=1))
    await desk.button("retry").click()

    await desk.button("post.act", n=2).click()
    await desk.sees(desk.page.get_by_role("dialog").get_by_text(desk.words("post.ask.why", n=2)))


async def test_a_first_message_that_could_not_be_sent_is_still_there(house: House) -> None:
    slug = (await house.community())["slug"]
    ada = await house.member(slug)
    desk = await house.desk("manager")
    await desk.open(slug, "members", ada.id)
    await desk.button("member.write").click()
    dialog = desk.page.get_by_role("dialog")
    await dialog.get_by_role("textbox").fill("Your order is there.")
    send = dialog.get_by_role("button", name=desk.words("answer.act", name=ada.pseudonym))

    async with overtaken(desk, "POST", "/v1/members/*/messages", 504):
        await send.click()
        await desk.sees(dialog.get_by_role("alert"))
    await expect(dialog.get_by_role("textbox")).to_have_value("Your order is there.")
    await send.click()

    await desk.sees(desk.text("member.written", name=ada.pseudonym))
    assert await texts(ada) == ["Your order is there."]


async def test_what_a_member_may_not_send_is_back_in_the_field(house: House) -> None:
    slug = (await house.community())["slug"]
    reader = await house.reader(slug, await house.member(slug))

    def refuse(line: WebSocketRoute) -> None:
        relay = line.connect_to_server()

        def hear(said: str | bytes) -> None:
            frame = json.loads(said)
            if frame["type"] == "send":
                problem = {"type": "/docs/errors#too-large", "title": "Too large", "status": 413}
                line.send(json.dumps({"type": "refused", "client_id": frame["client_id"], "problem": problem}))
            else:
                relay.send(said)

        line.on_message(hear)

    await reader.page.route_web_socket("**/stream", refuse)
    await reader.open()
    await reader.field("stream.field").fill("Ten minutes of work")
    await reader.button("stream.send").click()

    await expect(reader.status).to_contain_text(reader.words("live.refused_long"))
    await expect(reader.field("stream.field")).to_have_value("Ten minutes of work")
    await reader.sees_no(reader.item("Ten minutes of work"))
    await reader.open()
    await expect(reader.field("stream.field")).to_have_value("Ten minutes of work")


async def test_what_a_member_pastes_is_sent_whole_or_not_at_all(house: House) -> None:
    slug = (await house.community())["slug"]
    reader = await house.reader(slug, await house.member(slug))
    await reader.open()
    await reader.field("stream.field").fill(TOO_LONG)
    await reader.button("stream.send").click()

    await expect(reader.status).to_contain_text(reader.words("live.refused_long"))
    await expect(reader.field("stream.field")).to_have_value(TOO_LONG)
    await reader.field("stream.field").fill(TOO_LONG[1:])
    await reader.button("stream.send").click()
    await reader.sees(reader.item(TOO_LONG[1:]))


async def test_an_answer_that_is_too_long_says_by_how_much_and_waits(house: House) -> None:
    slug = (await house.community())["slug"]
    ada = await house.member(slug)
    await house.says(ada, "Hello")
    desk = await at_the_thread_of(house, slug, ada)
    field = desk.field("answer.act", name=ada.pseudonym)
    await field.fill(TOO_LONG)
    await desk.sees(desk.text("over", n=1))
    await expect(desk.button("answer.act", name=ada.pseudonym)).to_be_disabled()
    await field.press("Control+Enter")
    await expect(field).to_have_value(TOO_LONG)

    await field.fill(TOO_LONG[1:])
    await desk.button("answer.act", name=ada.pseudonym).click()
    await desk.sees(desk.entry(TOO_LONG[1:]))


async def test_a_post_that_is_too_long_says_by_how_much_and_waits(house: House) -> None:
    slug = (await house.community())["slug"]
    await house.member(slug)
    desk = await house.desk("manager")
    await desk.open(slug, "posts", "new")
    await desk.field("post.text").fill(TOO_LONG)
    await desk.sees(desk.text("over", n=1))
    await expect(desk.button("post.act", n=1)).to_be_disabled()
    await desk.field("post.text").fill(TOO_LONG[1:])
    await expect(desk.button("post.act", n=1)).to_be_enabled()


async def at_an_older_page(house: House, slug: str, member: MemberClient) -> Reader:
    for number in range(35):
        await house.cast.post(slug, f"Post {number}")
    reader = await house.reader(slug, member)
    await reader.open("?before=10")
    await reader.sees(reader.item("Post 3"))
    return reader


async def test_what_is_written_on_an_older_page_is_sent(house: House) -> None:
    slug = (await house.community())["slug"]
    ada = await house.member(slug)
    reader = await at_an_older_page(house, slug, ada)

    await reader.writes("Written far up.")

    await expect(reader.item("Written far up.")).to_contain_text(reader.words("live.sent"))
    await reader.sees(reader.item("Post 34"))
    thread = await house.cast.thread_of(slug, ada)
    assert [message["text"] for message in thread["messages"]] == ["Written far up."]


async def test_looking_at_an_older_page_again_brings_nothing_new_below_it(house: House) -> None:
    slug = (await house.community())["slug"]
    reader = await at_an_older_page(house, slug, await house.member(slug))

    assert await reader.page.evaluate(KNOCKS) == 0
