"""The tutorial "Your first post": its commands run, and its controls are there, under the names it gives and in its order."""

import asyncio
import os
import re
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import aiohttp
from playwright.async_api import Browser, Locator

from tests.browser.desk import PASSPHRASE, Desk
from tests.browser.house import House
from tests.browser.reader import Reader
from tests.browser.test_first_visit import first_link
from tests.browser.window import Window
from tests.e2e.server import PATIENCE_S, ROOT, Server, within

PAGE: Final = ROOT / "docs/tutorial/your-first-post.md"
COMMANDS: Final = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
CONTROL: Final = re.compile(r"\*\*(.+?)\*\*", re.DOTALL)


class Follower:
    """Does what the page says, and remembers what it was told to use."""

    def __init__(self) -> None:
        self.used: list[str] = []

    async def press(self, window: Window, name: str) -> None:
        self.used.append(name)
        control = window.page.get_by_role("button", name=name, exact=True).or_(
            window.page.get_by_role("link", name=re.compile(rf"^{name}(\s|$)"))
        )
        await control.last.click()

    def field(self, window: Window, name: str) -> Locator:
        self.used.append(name)
        return window.page.get_by_label(name, exact=True)


@asynccontextmanager
async def running(command: str, folder: Path) -> AsyncIterator[Server]:
    """What the page's own command starts, on a free port and with a folder that goes away."""
    server = Server(folder / "data", {})
    ours = {"RELAY_STORE__FOLDER": str(server.folder), "RELAY_HTTP__PORT": "0", "RELAY_LOG__FORMAT": "json"}
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("RELAY_", "MAKE"))}
    with server.log.open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *("bash", "-euc", command),
            cwd=ROOT,
            env={**inherited, **ours},
            stdout=asyncio.subprocess.PIPE,
            stderr=log,
            start_new_session=True,  # so that it can be ended with everything that it started
        )
    try:
        server.url = await address(process)
        yield server
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        await process.wait()


async def address(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None
    async with within(PATIENCE_S, "ready"):
        async for line in process.stdout:
            if line.startswith(b"ready "):
                return line.decode().removeprefix("ready ").strip()
    raise AssertionError("it ended before it was ready")


def controls() -> list[str]:
    return [" ".join(name.split()) for name in CONTROL.findall(COMMANDS.sub("", PAGE.read_text("utf-8")))]


async def test_a_newcomer_who_follows_the_page_gets_there(
    chromium: Browser, http: aiohttp.ClientSession, tmp_path: Path
) -> None:
    (command,) = COMMANDS.findall(PAGE.read_text("utf-8"))
    follower = Follower()
    async with running(command, tmp_path) as server:
        house = House(http, server, chromium)
        desk, reader = await house.window(Desk, "console"), await house.window(Reader, "member")
        desk.watch.expects(401, "/v1/session")
        await desk.page.goto(first_link(server))
        await become_owner(follower, desk)
        invite = await found_community(follower, desk)
        await join(follower, reader, invite)
        await post(follower, desk, reader)
        await converse(follower, desk, reader)
        await house.close()

    assert follower.used == controls()
    assert house.faults == []


async def become_owner(follower: Follower, desk: Desk) -> None:
    await follower.field(desk, "Your name").fill("Eva Brandt")
    await follower.field(desk, "New passphrase").fill(PASSPHRASE)
    await follower.press(desk, "Set and sign in")


async def found_community(follower: Follower, desk: Desk) -> str:
    await follower.field(desk, "Name").fill("Town Pool")
    await follower.press(desk, "Found the community")
    await follower.press(desk, "Write the imprint")
    await follower.field(desk, "Imprint").fill("Town Pool, Main Street 1")
    await follower.press(desk, "Save")
    await desk.sees(desk.text("saved"))
    await follower.press(desk, "First steps")
    await follower.press(desk, "Make an invite")
    return await follower.field(desk, "Link").input_value()


async def join(follower: Follower, reader: Reader, invite: str) -> None:
    await reader.page.goto(invite)
    await reader.sees(reader.said("Town Pool, Main Street 1"))
    await follower.press(reader, "Join")
    await follower.press(reader, "Yes, I want them")


async def post(follower: Follower, desk: Desk, reader: Reader) -> None:
    await follower.press(desk, "Write a post")
    await follower.field(desk, "Text").fill("We are closed tomorrow.")
    await follower.press(desk, "Post to 1 member")
    await desk.sees(desk.page.get_by_role("dialog"))
    await follower.press(desk, "Post to 1 member")
    await reader.sees(reader.item("We are closed tomorrow."))
    await desk.sees(desk.text("delivery.read"))


async def converse(follower: Follower, desk: Desk, reader: Reader) -> None:
    await follower.field(reader, "Your message").fill("Is the sauna open at least?")
    await follower.press(reader, "Send")
    await follower.press(desk, "Inbox")
    await desk.row("Is the sauna open at least?").click()
    await follower.press(desk, "Answer")
    await desk.page.keyboard.type("It is, from ten.")
    await desk.page.keyboard.press("Control+Enter")
    await reader.sees(reader.item("It is, from ten."))
