"""What others do is seen at a desk that is open, and what happens elsewhere leaves it alone."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from playwright.async_api import Request, WebSocketRoute, expect

from tests.browser.desk import Desk
from tests.browser.house import PATIENCE_MS, House
from tests.browser.network import held_up
from tests.browser.test_losing_nothing import at_the_thread_of
from tests.e2e.client import MemberClient
from tests.e2e.conftest import HELD_WORD

ELSEWHERE = 10  # events
NEXT_YEAR = (datetime.now(UTC) + timedelta(days=365)).isoformat()


async def test_a_post_that_somebody_cancels_is_cancelled_in_the_list(house: House) -> None:
    slug = (await house.community())["slug"]
    ada = await house.member(slug)
    await ada.api.want(200, "POST", "/v1/me/pause", {"until": NEXT_YEAR})
    post = await house.cast.post(slug, "Closed tomorrow")
    desk = await house.desk("agent")
    await desk.open(slug, "posts")
    await desk.sees(desk.row("Closed tomorrow"))

    await house.cast.owner.want(200, "POST", f"/v1/posts/{post['id']}:cancel")

    await expect(desk.row("Closed tomorrow")).to_contain_text(desk.words("post.state.cancelled"))


async def test_the_answers_to_a_post_are_not_read_for_what_happens_elsewhere(house: House) -> None:
    here, elsewhere = (await house.community())["slug"], (await house.community())["slug"]
    ada, ben = await house.member(here), await house.member(here)
    post = await house.cast.post(here, "Coming?")
    desk = await house.desk("agent")
    lines: asyncio.Queue[tuple[WebSocketRoute, str]] = asyncio.Queue()
    readings: list[str] = []

    def connected(line: WebSocketRoute) -> None:
        relay = line.connect_to_server()

        def told(frame: str | bytes) -> None:
            lines.put_nowait((line, json.loads(frame)["position"]))
            line.send(frame)

        relay.on_message(told)

    def asked(request: Request) -> None:
        if f"post={post['id']}" in request.url:
            readings.append(request.url)

    answers = desk.page.locator(".answers")
    await desk.page.clock.install()
    await desk.page.route_web_socket("**/v1/staff/stream", connected)
    desk.page.on("request", asked)
    await desk.open(here, "posts", post["id"])
    line, position = await asyncio.wait_for(lines.get(), 15)
    await answer(ada, post["id"])
    await desk.sees(answers.get_by_text(ada.pseudonym))

    before = len(readings)
    for _ in range(ELSEWHERE):
        event = {"type": "event", "event": "message.filed", "community": elsewhere, "thread": "1", "is_new_thread": True}
        line.send(json.dumps({**event, "position": position}))
        await desk.page.clock.run_for(1000)
    await answer(ben, post["id"])
    await desk.page.clock.run_for(1000)
    await desk.sees(answers.get_by_text(ben.pseudonym))

    assert len(readings) - before < ELSEWHERE  # a few for what Ben says


async def answer(member: MemberClient, post: str) -> None:
    """Once they have it."""
    await member.api.until("/v1/me/items", lambda found: any(item["id"] == post for item in found["items"]))
    said = {"client_id": uuid4().hex, "text": "I am", "in_reply_to": post}
    await member.api.want(202, "POST", "/v1/me/messages", said)


async def test_mine_are_those_that_are_not_done(house: House) -> None:
    slug = (await house.community())["slug"]
    ada, ben = await house.member(slug), await house.member(slug)
    desk = await house.desk("agent")
    for member in (ada, ben):
        await house.says(member, "Hello")
        thread = await house.cast.thread_of(slug, member)
        edit = {"version": thread["version"], "assignee": desk.person.id}
        if member is ben:
            edit["state"] = "closed"
        await house.cast.owner.want(200, "PATCH", f"/v1/threads/{thread['id']}", edit)

    await desk.open(slug, "inbox", "mine")

    await expect(desk.page.locator(".rows .row-name")).to_have_text([ada.pseudonym])


async def at_the_first_of_three_cases(house: House, slug: str) -> tuple[Desk, list[str]]:
    """The names, as they stand in the list."""
    for hour in ("nine", "noon", "six"):
        await house.says(await house.member(slug), f"Open up at {hour}, you {HELD_WORD}")
    desk = await house.desk("moderator")
    await desk.open(slug, "cases", "open")
    names = desk.page.locator(".row-name")
    await expect(names).to_have_count(3)
    await names.first.click()
    await expect(desk.button("case.deliver")).to_be_enabled()
    return desk, await names.all_inner_texts()


async def test_a_key_goes_on_to_a_case_that_is_still_open(house: House) -> None:
    slug = (await house.community())["slug"]
    desk, (_, _, third) = await at_the_first_of_three_cases(house, slug)
    _, second, _ = [case async for case in house.cast.owner.all(f"/v1/communities/{slug}/cases?state=open")]
    decision = {"action": "deliver", "reason": ""}
    await house.cast.owner.want(200, "POST", f"/v1/cases/{second['id']}:decide", decision)
    await expect(desk.page.locator(".row-name")).to_have_count(2)

    await desk.page.keyboard.press("d")

    await desk.sees(desk.page.get_by_role("heading", name=third, level=2))


async def test_a_decision_that_comes_late_leaves_who_has_gone_on_where_they_are(house: House) -> None:
    slug = (await house.community())["slug"]
    desk, (_, _, third) = await at_the_first_of_three_cases(house, slug)

    async with held_up(desk, "POST", ":decide") as free:
        await desk.button("case.deliver").click()
        await desk.row(third).click()
        await desk.sees(desk.page.get_by_role("heading", name=third, level=2))
        free.set()
        await desk.sees(desk.text("case.delivered"))
        await expect(desk.page.locator(".row-name")).to_have_count(2)

    await desk.sees(desk.page.get_by_role("heading", name=third, level=2))


async def test_a_label_that_comes_late_takes_nothing_from_the_thread_that_is_open(house: House) -> None:
    slug = (await house.community())["slug"]
    ada, ben = await house.member(slug), await house.member(slug)
    for member in (ada, ben):
        await house.says(member, "Is it warm today?")
    desk = await house.desk("agent")
    await desk.open(slug, "inbox", "open")
    await desk.row(ada.pseudonym).click()
    await desk.field("label.new").fill("refund")

    async with held_up(desk, "PATCH", "/v1/threads/*") as free:
        await desk.field("label.new").press("Enter")
        await desk.row(ben.pseudonym).click()
        beside = desk.page.locator(".beside").get_by_text(desk.words("promise", name=ben.pseudonym))
        await desk.sees(beside)
        async with desk.page.expect_response(lambda answer: answer.request.method == "PATCH"):
            free.set()
        await expect(desk.row(ada.pseudonym)).to_contain_text("refund")

    await desk.sees(beside)


async def test_who_lets_go_of_a_thread_at_once_has_let_go(house: House) -> None:
    slug = (await house.community())["slug"]
    ada = await house.member(slug)
    desk = await at_the_thread_of(house, slug, ada)
    thread = (await house.cast.thread_of(slug, ada))["id"]

    async with held_up(desk, "POST", "/v1/threads/*/lease") as free:
        async with desk.page.expect_request("**/lease"):
            await desk.field("answer.act", name=ada.pseudonym).focus()
        await desk.field("search").focus()
        async with desk.page.expect_response(lambda answer: answer.url.endswith("/lease") and answer.request.method == "POST"):
            free.set()

    held = True
    async with asyncio.timeout(PATIENCE_MS / 1000):
        while held:
            held = (await house.cast.owner.get(f"/v1/threads/{thread}"))["lease"] is not None
