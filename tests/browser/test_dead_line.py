"""A network that has changed leaves a socket that looks open: pages notice, and go on with another one."""

import asyncio
import json
from collections import defaultdict

import pytest
from playwright.async_api import Page, WebSocketRoute, expect

from tests.browser.house import House

SILENCE, PATIENCE = 20_000, 10_000  # ms, as in look/beat.js


class Network:
    """Between a page and the relay; what is connected when it dies hears nothing more, and what it says is lost."""

    def __init__(self) -> None:
        self.lines = 0
        self._dead = 0
        self._came: dict[object, asyncio.Event] = defaultdict(asyncio.Event)

    @classmethod
    async def of(cls, page: Page, address: str) -> "Network":
        network = cls()
        await page.route_web_socket(address, network.connected)
        return network

    def connected(self, line: WebSocketRoute) -> None:
        self.lines += 1
        number = self.lines
        self._came[number].set()
        relay = line.connect_to_server()

        def told(frame: str | bytes) -> None:
            if number > self._dead:
                line.send(frame)
                self._came[json.loads(frame)["type"]].set()

        def said(frame: str | bytes) -> None:
            if number > self._dead:
                relay.send(frame)

        line.on_message(said)
        relay.on_message(told)

    def die(self) -> None:
        self._dead = self.lines

    async def brings(self, what: object) -> None:
        """The number of a line, or the type of a frame."""
        await asyncio.wait_for(self._came[what].wait(), 15)


@pytest.mark.parametrize("is_told", [True, False])
async def test_a_desk_hears_again_what_was_said_meanwhile(house: House, *, is_told: bool) -> None:
    slug = (await house.community())["slug"]
    ada, ben = await house.member(slug), await house.member(slug)
    desk = await house.desk("agent")
    await desk.page.clock.install()
    network = await Network.of(desk.page, "**/v1/staff/stream")
    await desk.open(slug, "inbox", "open")
    await network.brings("welcome")
    await house.says(ada, "Hello")
    await desk.sees(desk.row(ada.pseudonym))

    network.die()
    await house.says(ben, "Hello?")
    if is_told:
        await desk.page.evaluate("dispatchEvent(new Event('online'))")
    else:
        await desk.page.clock.run_for(SILENCE)
        await desk.page.clock.run_for(PATIENCE)
    await network.brings(2)

    await desk.sees(desk.row(ben.pseudonym))
    await desk.sees_no(desk.text("away"))


async def test_a_desk_keeps_a_line_that_answers(house: House) -> None:
    slug = (await house.community())["slug"]
    ada = await house.member(slug)
    desk = await house.desk("agent")
    await desk.page.clock.install()
    network = await Network.of(desk.page, "**/v1/staff/stream")
    await desk.open(slug, "inbox", "open")
    await network.brings("welcome")
    await house.says(ada, "Hello")
    await desk.sees(desk.row(ada.pseudonym))

    await desk.page.clock.run_for(SILENCE)
    await network.brings("pong")
    await desk.page.clock.run_for(PATIENCE)
    await house.says(ada, "Are you there?")
    await expect(desk.row(ada.pseudonym)).to_contain_text("Are you there?")

    assert network.lines == 1


@pytest.mark.parametrize("how", ["online", "silence", "writing"])
async def test_a_member_is_reached_again_and_what_they_write_arrives(house: House, how: str) -> None:
    slug = (await house.community())["slug"]
    ada = await house.member(slug)
    reader = await house.reader(slug, ada)
    await reader.page.clock.install()
    network = await Network.of(reader.page, "**/stream")
    await reader.open()
    await house.cast.post(slug, "Before.")
    await reader.sees(reader.item("Before."))

    network.die()
    await house.cast.post(slug, "Meanwhile.")
    if how == "online":
        await reader.page.evaluate("dispatchEvent(new Event('online'))")
    elif how == "silence":
        await reader.page.clock.run_for(SILENCE)
        await reader.page.clock.run_for(PATIENCE)
    else:
        await reader.writes("Are you there?")
        await reader.page.clock.run_for(PATIENCE)
        await expect(reader.item("Are you there?")).to_contain_text(reader.words("live.sent"))
    await network.brings(2)

    await reader.sees(reader.item("Meanwhile."))
