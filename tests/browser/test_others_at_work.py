"""What others do is seen at a desk that is open, and what happens elsewhere leaves it alone."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from playwright.async_api import Request, WebSocketRoute, expect

from tests.browser.house import House
from tests.e2e.client import MemberClient

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
