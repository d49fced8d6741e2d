"""A desk while much happens: what is committed comes into sight, in whatever order answers and events arrive."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from playwright.async_api import Locator, Route, WebSocketRoute, expect

from tests.browser.desk import Desk
from tests.browser.house import PATIENCE_MS, House
from tests.e2e.client import MemberClient
from tests.e2e.conftest import HELD_WORD

STREAM = "**/v1/staff/stream"
THREADS = "**/v1/communities/*/threads?*"


def names(desk: Desk) -> Locator:
    return desk.page.locator(".rows .row-name")


def of(*members: MemberClient) -> list[str]:
    return [member.pseudonym for member in members]


async def writers(house: House, slug: str, count: int) -> list[MemberClient]:
    """Who have written, the last first, as the inbox has them."""
    members = [await house.member(slug) for _ in range(count)]
    for member in members:
        await house.says(member, "Hello")
    return members[::-1]


async def test_rows_move_once_the_pointer_has_left_them(house: House) -> None:
    slug = (await house.community())["slug"]
    ada, ben, cid = await writers(house, slug, 3)
    desk = await house.desk("agent")
    await desk.open(slug, "inbox", "open")
    await desk.row(ada.pseudonym).hover()

    await house.says(cid, "And?")
    await expect(desk.row(cid.pseudonym)).to_contain_text("And?")
    await desk.sees(desk.button("fresh", n=1))
    await expect(names(desk)).to_have_text(of(ada, ben, cid))
    await desk.page.mouse.move(900, 300)

    await expect(names(desk)).to_have_text(of(cid, ada, ben))
    await desk.sees_no(desk.button("fresh", n=1))
    await house.says(ben, "Me too")
    await expect(names(desk)).to_have_text(of(ben, cid, ada))


async def test_what_waits_outside_the_list_comes_when_the_list_is_done(house: House) -> None:
    slug = (await house.community())["slug"]
    ada, ben = await writers(house, slug, 2)
    desk = await house.desk("agent")
    await desk.open(slug, "inbox", "open")
    await desk.sees(desk.row(ada.pseudonym))
    await desk.page.keyboard.press("j")
    await desk.sees(desk.entry("Hello"))
    late = await writers(house, slug, 2)
    await desk.sees(desk.button("fresh", n=2))

    for member in (ada, ben):
        await desk.sees(desk.page.get_by_role("heading", level=2, name=member.pseudonym))
        await desk.sees(desk.entry("Hello"))  # nobody is done with what they have not seen
        await desk.page.keyboard.press("e")
        await desk.sees(desk.text("thread.closed", name=member.pseudonym))

    for member in late:
        await desk.sees(desk.row(member.pseudonym))
    await desk.sees_no(desk.text("inbox.done"))


async def test_a_wave_is_shown_while_it_lasts(house: House) -> None:
    slug = (await house.community())["slug"]
    ada = await house.member(slug)
    desk = await house.desk("agent")

    async with wave(desk):
        await desk.open(slug, "inbox", "open")
        await desk.sees(desk.field("search"))
        await house.says(ada, "Hello")
        await desk.sees(desk.row(ada.pseudonym))


@asynccontextmanager
async def wave(desk: Desk) -> AsyncIterator[None]:
    """Threads change faster than any of them is read."""
    position = ""
    lines: list[WebSocketRoute] = []

    def connected(line: WebSocketRoute) -> None:
        relay = line.connect_to_server()

        def told(frame: str | bytes) -> None:
            nonlocal position
            position = json.loads(frame)["position"]
            line.send(frame)

        relay.on_message(told)
        lines.append(line)

    async def roll() -> None:
        while True:
            for line in lines if position else ():
                line.send(json.dumps({"type": "event", "event": "thread.changed", "thread": "other", "position": position}))
            await asyncio.sleep(0.05)  # the pace of the wave; nothing waits for it

    await desk.page.route_web_socket(STREAM, connected)
    task = asyncio.create_task(roll())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def slow_stream(desk: Desk) -> asyncio.Event:
    """It begins when the event is set."""
    may_begin = asyncio.Event()

    def connected(line: WebSocketRoute) -> None:
        relay = line.connect_to_server()

        async def pass_on(frame: str | bytes) -> None:
            await may_begin.wait()
            relay.send(frame)

        line.on_message(pass_on)

    await desk.page.route_web_socket(STREAM, connected)
    return may_begin


async def test_what_comes_between_the_list_and_the_stream_is_shown(house: House) -> None:
    slug = (await house.community())["slug"]
    ada = await house.member(slug)
    desk = await house.desk("agent")
    may_begin = await slow_stream(desk)

    await desk.open(slug, "inbox", "open")
    await desk.sees(desk.text("inbox.done"))
    await house.says(ada, "Hello")
    may_begin.set()

    await desk.sees(desk.row(ada.pseudonym))


async def test_a_start_reads_each_list_once(house: House) -> None:
    slug = (await house.community())["slug"]
    (ada,) = await writers(house, slug, 1)
    desk = await house.desk("agent")
    asked: Counter[str] = Counter()
    desk.page.on("request", lambda request: asked.update([urlsplit(request.url).path.rpartition("/")[2]]))
    may_begin = await slow_stream(desk)
    clock = desk.page.clock
    await clock.install()
    await clock.pause_at(datetime.now(UTC) + timedelta(seconds=1))

    await desk.open(slug, "inbox", "open")
    for _ in range(300):  # of the second, in the page's own time, that a start waits for the stream
        await clock.run_for(1)
    may_begin.set()
    async with asyncio.timeout(PATIENCE_MS / 1000):
        while not await desk.row(ada.pseudonym).is_visible():
            await clock.run_for(1)
    await clock.fast_forward(5000)
    await desk.page.evaluate("fetch('/healthz')")

    once = ("en.json", "communities", "colleagues", "counts", "threads", "healthz")
    assert [asked[name] for name in once] == [1] * len(once)


async def test_an_answer_that_comes_late_brings_nothing_old_back(house: House) -> None:
    slug = (await house.community())["slug"]
    ada, ben = await house.member(slug), await house.member(slug)
    desk = await house.desk("agent")
    late = LateAnswer(lambda text: ada.pseudonym in text and ben.pseudonym not in text)
    await desk.page.route(THREADS, late.answer)
    await desk.open(slug, "inbox", "open")
    await desk.sees(desk.text("inbox.done"))

    await house.says(ada, "Hello")
    await late.is_here.wait()
    await house.says(ben, "Hello")
    await desk.sees(desk.row(ben.pseudonym))
    late.may_go.set()
    await late.has_gone.wait()
    await desk.page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")

    await desk.sees(desk.row(ben.pseudonym))


class LateAnswer:
    """Holds the first answer of which this is true."""

    def __init__(self, is_it: Callable[[str], bool]) -> None:
        self._is_it = is_it
        self.is_here, self.may_go, self.has_gone = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def answer(self, route: Route) -> None:
        answer = await route.fetch()
        if self.is_here.is_set() or not self._is_it(await answer.text()):
            await route.fulfill(response=answer)
            return
        self.is_here.set()
        await self.may_go.wait()
        await route.fulfill(response=answer)
        self.has_gone.set()


async def test_a_label_that_is_being_typed_stays(house: House) -> None:
    slug = (await house.community())["slug"]
    (ada,) = await writers(house, slug, 1)
    desk = await house.desk("agent", viewport={"width": 1400, "height": 800})
    await desk.open(slug, "inbox", "open")
    await desk.row(ada.pseudonym).click()
    label = desk.field("label.new")
    await label.fill("refund")

    await house.says(ada, "One more thing")
    await desk.sees(desk.entry("One more thing"))
    await expect(label).to_be_focused()
    await expect(label).to_have_value("refund")
    await label.press("Enter")

    await desk.sees(desk.button("label.remove", label="refund"))
    await expect(label).to_have_value("")


async def test_a_snoozed_thread_comes_back_by_itself(house: House) -> None:
    slug = (await house.community())["slug"]
    (ada,) = await writers(house, slug, 1)
    desk = await house.desk("agent")
    await desk.page.clock.install()

    async def asleep(route: Route) -> None:
        await route.fulfill(json={"items": [], "next": None})

    await desk.page.route(THREADS, asleep)
    await desk.open(slug, "inbox", "open")
    await desk.sees(desk.text("inbox.done"))
    await desk.page.unroute(THREADS)
    await desk.page.clock.fast_forward(30_000)

    await desk.sees(desk.row(ada.pseudonym))


async def test_a_colleague_who_is_new_has_a_name(house: House) -> None:
    slug = (await house.community())["slug"]
    (ada,) = await writers(house, slug, 1)
    eva = await house.desk("agent", "Eva")
    await eva.open(slug, "inbox", "open")
    await eva.sees(eva.row(ada.pseudonym))

    jonas = await house.desk("agent", "Jonas")
    await jonas.open(slug, "inbox", "open")
    await jonas.row(ada.pseudonym).click()
    await jonas.answers(ada.pseudonym, "It is open.")

    await eva.open(slug, "inbox", "waiting")
    await expect(eva.row(ada.pseudonym)).to_contain_text(f"{jonas.person.name}:")


async def test_who_answers_stands_in_the_row_as_long_as_they_do(house: House) -> None:
    slug = (await house.community())["slug"]
    (ada,) = await writers(house, slug, 1)
    thread = await house.cast.thread_of(slug, ada)
    desk = await house.desk("agent")
    await desk.page.clock.install(time=datetime.now(UTC) + timedelta(minutes=5))  # a clock that is fast
    await desk.open(slug, "inbox", "open")
    await desk.sees(desk.row(ada.pseudonym))

    lease = await house.cast.owner.want(200, "POST", f"/v1/threads/{thread['id']}/lease")
    answering = desk.row(ada.pseudonym).get_by_text(desk.words("lease.row", name=lease["name"]))
    await desk.sees(answering)
    await desk.page.clock.fast_forward(150_000)

    await desk.sees_no(answering)


async def test_an_open_case_follows_what_others_decide(house: House) -> None:
    slug = (await house.community())["slug"]
    ada = await house.member(slug)
    await house.says(ada, f"You {HELD_WORD}")
    (case,) = (await house.cast.owner.want(200, "GET", f"/v1/communities/{slug}/cases"))["items"]
    desk = await house.desk("moderator")
    await desk.open(slug, "cases", "open", case["id"])
    await desk.sees(desk.button("case.deliver"))

    await house.cast.owner.want(200, "POST", f"/v1/cases/{case['id']}:decide", {"action": "deliver", "reason": ""})

    await desk.sees(desk.heading("case.state.delivered"))
    await desk.sees_no(desk.button("case.deliver"))


async def test_a_search_ends_where_a_state_is_chosen(house: House) -> None:
    slug = (await house.community())["slug"]
    ada, ben = await writers(house, slug, 2)
    await house.says(ada, "zebra")
    desk = await house.desk("agent")
    await desk.open(slug, "inbox", "open")
    await desk.sees(desk.row(ben.pseudonym))
    states = desk.page.get_by_role("navigation", name=desk.words("states"))

    await desk.field("search").fill("zebra")
    await desk.field("search").press("Enter")
    await expect(names(desk)).to_have_text(of(ada))
    await desk.sees_no(states.locator("[aria-current]"))
    await states.get_by_role("link").filter(has_text=desk.words("state.closed")).click()

    await desk.sees(desk.text("inbox.none"))
    await expect(desk.field("search")).to_have_value("")


async def test_trying_again_after_a_start_that_failed_starts(house: House) -> None:
    slug = (await house.community())["slug"]
    (ada,) = await writers(house, slug, 1)
    desk = await house.desk("agent")
    desk.watch.expects(503, "/v1/colleagues")
    await desk.page.route("**/v1/colleagues?*", refuse, times=1)
    await desk.open(slug, "inbox", "open")
    await desk.button("retry").click()

    await desk.sees(desk.row(ada.pseudonym))


async def refuse(route: Route) -> None:
    await route.fulfill(status=503, json={"title": "Unavailable", "status": 503, "detail": "Nearly full."})


async def test_an_answer_that_was_cut_off_is_no_answer(house: House) -> None:
    slug = (await house.community())["slug"]
    (ada,) = await writers(house, slug, 1)
    desk = await house.desk("agent")
    await desk.open(slug, "inbox", "open")
    await desk.row(ada.pseudonym).click()
    await desk.sees(desk.entry("Hello"))

    async def cut(route: Route) -> None:
        await route.fulfill(status=201, body='{"id": "')

    await desk.page.route("**/v1/threads/*/messages", cut)
    await desk.page.get_by_role("textbox", name=desk.words("answer.act", name=ada.pseudonym)).fill("It is open.")
    await desk.button("answer.act", name=ada.pseudonym).click()

    await desk.sees(desk.text("problem.unreachable"))


async def test_an_answer_that_does_not_come_is_not_awaited_for_ever(house: House) -> None:
    slug = (await house.community())["slug"]
    (ada,) = await writers(house, slug, 1)
    desk = await house.desk("agent")
    await desk.page.clock.install()
    is_asked = asyncio.Event()

    async def say_nothing(_: Route) -> None:
        is_asked.set()

    await desk.page.route(THREADS, say_nothing)
    await desk.open(slug, "inbox", "open")
    await is_asked.wait()
    await desk.page.clock.fast_forward(30_000)
    await desk.sees(desk.text("problem.unreachable"))
    await desk.page.unroute(THREADS)
    await desk.page.clock.fast_forward(30_000)

    await desk.sees(desk.row(ada.pseudonym))


async def test_a_page_that_breaks_says_so_and_can_be_left(house: House) -> None:
    slug = (await house.community())["slug"]
    (ada,) = await writers(house, slug, 1)
    desk = await house.desk("agent")

    async def nonsense(route: Route) -> None:
        await route.fulfill(json={"items": [{"id": "1"}], "next": None})

    await desk.page.route(THREADS, nonsense)
    await desk.open(slug, "inbox", "open")
    await desk.sees(desk.text("problem.page"))
    await desk.page.unroute(THREADS)
    await desk.button("retry").click()

    await desk.sees(desk.row(ada.pseudonym))
    assert any("a script broke" in fault for fault in desk.watch.faults)
    desk.watch.faults.clear()
