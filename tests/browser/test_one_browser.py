"""Several people at one browser, one after the other: nobody finds, sends or signs what another has left there."""

import asyncio
from urllib.parse import urlsplit

from playwright.async_api import Locator, WebSocketRoute, expect

from tests.browser.desk import Desk
from tests.browser.house import PATIENCE_MS, House
from tests.browser.network import KNOCKS, refused
from tests.browser.reader import Reader
from tests.e2e.client import MemberClient

RESTART = 1012  # the close code of a relay that goes


async def without_line(reader: Reader) -> None:
    """A page of the member that reaches nobody by its line."""
    await reader.page.route_web_socket("**/stream", lambda line: line.close(code=RESTART))
    await reader.open()


async def test_what_a_member_left_unsent_is_sent_by_nobody_else(house: House) -> None:
    slug = (await house.community())["slug"]
    ada, ben = await house.member(slug), await house.member(slug)
    reader = await house.reader(slug, ada)
    await without_line(reader)
    await reader.writes("Mine alone.")
    await reader.field("stream.field").fill("Half a mess")

    await reader.page.close()
    reader.page = await reader.context.new_page()
    await reader.sign_in_by_token(slug, str(ben.api.token))
    await reader.open()
    await expect(reader.field("stream.field")).to_have_value("")
    await reader.writes("From Ben.")
    await expect(reader.item("From Ben.")).to_contain_text(reader.words("live.sent"))

    await reader.sees_no(reader.item("Mine alone."))
    (thread,) = await house.cast.threads(slug)
    assert [message["text"] for message in thread["messages"]] == ["From Ben."]


async def test_a_page_whose_browser_is_somebody_elses_now_is_over(house: House) -> None:
    slug = (await house.community())["slug"]
    ada, ben = await house.member(slug), await house.member(slug)
    reader = await house.reader(slug, ada)
    lines: list[WebSocketRoute] = []

    def through(line: WebSocketRoute) -> None:
        line.connect_to_server()
        lines.append(line)

    await house.cast.post(slug, "We are closed tomorrow.")
    await reader.page.route_web_socket("**/stream", through)
    await reader.open()
    await reader.field("stream.field").fill("Half a mess")

    await reader.sign_in_by_token(slug, str(ben.api.token))
    await lines[-1].close(code=RESTART)

    await expect(reader.status).to_contain_text(reader.words("live.signed_out"))
    await expect(reader.field("stream.field")).to_be_disabled()
    await expect(reader.field("stream.field")).to_have_value("")


async def test_nothing_of_a_member_is_kept_where_nobody_is_signed_in(house: House) -> None:
    slug = (await house.community())["slug"]
    reader = await house.reader(slug, await house.member(slug))
    await without_line(reader)
    await reader.field("stream.field").fill("Half a mess")

    await reader.context.clear_cookies()
    await reader.open()

    await reader.sees(reader.text("community.how"))
    assert await reader.page.evaluate("Object.keys(localStorage).filter(key => key.startsWith('relay/c/'))") == []


async def test_a_page_that_is_over_knocks_no_more(house: House) -> None:
    slug = (await house.community())["slug"]
    ada = await house.member(slug)
    reader = await house.reader(slug, ada)
    await reader.open()
    await reader.writes("From Ada.")
    await house.cast.owner.want(204, "DELETE", f"/v1/members/{ada.id}/tokens")
    await expect(reader.status).to_contain_text(reader.words("live.signed_out"))

    assert await reader.page.evaluate(KNOCKS) == 0


KEPT = "Object.keys(localStorage).filter(name => name.startsWith('foureyes.draft.'))"


async def drafting(slug: str, member: MemberClient, desk: Desk) -> Locator:
    """The field of an answer that is begun."""
    await desk.open(slug, "inbox", "open")
    await desk.row(member.pseudonym).click()
    field = desk.field("answer.act", name=member.pseudonym)
    await field.fill("She owes us 300 euro")
    return field


async def test_drafts_of_staff_end_with_their_signing_out(house: House) -> None:
    slug = (await house.community())["slug"]
    ada = await house.member(slug)
    await house.says(ada, "Is it warm today?")
    desk = await house.desk("agent")
    await drafting(slug, ada, desk)
    assert await desk.page.evaluate(KEPT) != []
    desk.watch.expects(401, "/v1/*")  # whatever is under way

    await desk.open("-", "me")
    await desk.button("sign-out").click()

    await desk.sees(desk.heading("sign-in"))
    assert await desk.page.evaluate(KEPT) == []


async def test_drafts_end_with_a_signing_out_that_comes_after_the_session_has_ended(house: House) -> None:
    slug = (await house.community())["slug"]
    ada = await house.member(slug)
    await house.says(ada, "Is it warm today?")
    desk = await house.desk("agent")
    await drafting(slug, ada, desk)
    await desk.open("-", "me")
    await desk.sees(desk.button("sign-out"))
    desk.watch.is_signed_out()

    async with refused(desk, "DELETE", "/v1/session", 401):
        await desk.button("sign-out").click()
        await desk.sees(desk.heading("sign-in"))

    await desk.sees_no(desk.text("sign-in.ended"))
    assert await desk.page.evaluate(KEPT) == []


async def test_drafts_of_staff_are_nobody_elses(house: House) -> None:
    slug = (await house.community())["slug"]
    ada = await house.member(slug)
    await house.says(ada, "Is it warm today?")
    desk = await house.desk("agent", "Eva")
    await drafting(slug, ada, desk)

    await desk.page.goto("about:blank")
    await desk.context.clear_cookies()
    await desk.sign_in_by_link(await house.person("agent", "Jonas"))
    await desk.open(slug, "inbox", "open")
    await desk.row(ada.pseudonym).click()

    await expect(desk.field("answer.act", name=ada.pseudonym)).to_have_value("")
    assert await desk.page.evaluate(KEPT) == []


async def test_drafts_to_a_member_who_is_erased_go_with_them(house: House) -> None:
    slug = (await house.community())["slug"]
    ada = await house.member(slug)
    await house.says(ada, "Is it warm today?")
    desk = await house.desk("agent")
    await drafting(slug, ada, desk)
    desk.watch.expects(404, "/v1/threads/*")  # whatever is under way

    await house.cast.owner.want(204, "DELETE", f"/v1/members/{ada.id}")

    await desk.sees(desk.text("member.erased"))
    assert await desk.page.evaluate(KEPT) == []


async def test_drafts_to_who_was_erased_while_nobody_looked_go_at_the_next_start(house: House) -> None:
    slug = (await house.community())["slug"]
    ada, ben = await house.member(slug), await house.member(slug)
    desk = await house.desk("manager")
    for member in (ada, ben):
        await house.says(member, "Is it warm today?")
        await drafting(slug, member, desk)
    await desk.open(slug, "posts", "new")
    await desk.field("post.text").fill("We are closed tomorrow.")
    kept = await desk.page.evaluate(KEPT)
    await desk.page.goto("about:blank")
    read: list[str] = []
    desk.page.on("request", lambda request: read.append(urlsplit(request.url).path))

    desk.watch.expects(404, "/v1/threads/*")  # the lease that is given back may come after the erasure, too
    await house.cast.owner.want(204, "DELETE", f"/v1/members/{ada.id}")
    await desk.open(slug, "inbox", "open")
    left = kept
    async with asyncio.timeout(PATIENCE_MS / 1000):
        while len(left) == len(kept):
            left = await desk.page.evaluate(KEPT)

    await desk.sees(desk.row(ben.pseudonym))
    assert sorted(left) == sorted(name for name in kept if ada.id not in name)
    assert f"/v1/threads/{(await house.cast.thread_of(slug, ben))['id']}" not in read, (
        "nobody has read what is in the audit log"
    )


async def test_signing_out_that_did_not_work_is_told(house: House) -> None:
    desk = await house.desk("agent")
    await desk.open("-", "me")

    async with refused(desk, "DELETE", "/v1/session", 503):
        await desk.button("sign-out").click()
        await expect(desk.page.locator(".toast.bad")).to_contain_text(desk.words("problem.unavailable"))

    await desk.sees(desk.button("sign-out"))
