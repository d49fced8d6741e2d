"""The house: one relay, one browser, and everybody who looks at its pages."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final, TypeVar
from uuid import uuid4

import aiohttp
from playwright.async_api import Browser

from tests.browser.desk import Desk, Person
from tests.browser.reader import Reader
from tests.browser.watch import Watch
from tests.browser.window import Window
from tests.browser.words import Area, Words
from tests.e2e.cast import Cast
from tests.e2e.client import Json, MemberClient
from tests.e2e.conftest import HOLDING, unlimited
from tests.e2e.server import Server
from tests.servers.ports import own_port

PATIENCE_MS: Final = 15_000  # until what does not come counts as missing, however busy the machine is
LOCALES: Final = {"en": "en-GB", "de": "de-DE"}

SETTINGS: Final = {**HOLDING, **unlimited("staff", "member", "visitor")}

W = TypeVar("W", bound=Window)


@asynccontextmanager
async def running(folder: Path, **more: str) -> AsyncIterator[Server]:
    """A relay in which one insult is held, and nobody asks too often."""
    server = Server(folder / "data", {**SETTINGS, **more})
    server.port = own_port()  # a page that is open comes back to where it was
    await server.start()
    try:
        yield server
    finally:
        await server.kill()


class House:
    """People and windows of one test. Names of communities and staff are new, so that tests can share a relay."""

    def __init__(self, http: aiohttp.ClientSession, server: Server, browser: Browser) -> None:
        self.server = server
        self.cast = Cast(http, server)
        self._browser = browser
        self._windows: list[Window] = []

    async def close(self) -> None:
        for window in self._windows:
            await window.context.close()

    @property
    def faults(self) -> list[str]:
        """What pages did wrong, in any window."""
        return [fault for window in self._windows for fault in window.watch.faults]

    async def community(self, **more: object) -> Json:
        return await self.cast.found(
            f"pool-{uuid4().hex[:8]}", **{"name": "Town Pool", "imprint": "Town Pool, Main St 1", **more}
        )

    async def member(self, slug: str, **more: object) -> MemberClient:
        """Somebody who is in, and whose device is an API for now."""
        return await self.cast.enrol(slug, **more)

    async def says(self, member: MemberClient, text: str) -> None:
        """A member's message, without a page."""
        await member.api.want(202, "POST", "/v1/me/messages", {"client_id": uuid4().hex, "text": text})

    async def person(self, role: str, name: str) -> Person:
        name = f"{name} {uuid4().hex[:8]}"
        made = await self.cast.owner.want(201, "POST", "/v1/staff", {"name": name, "role": role})
        return Person(made["id"], name, made["link"])

    async def desk(self, role: str = "owner", name: str = "Eva", language: str = "en", **look: object) -> Desk:
        """Of somebody new, who is signed in."""
        desk = await self.window(Desk, "console", language, **look)
        await desk.sign_in_by_link(await self.person(role, name))
        return desk

    async def reader(self, slug: str, member: MemberClient | None = None, language: str = "en", **look: object) -> Reader:
        """Of a member whose browser is signed in, or of nobody."""
        reader = await self.window(Reader, "member", language, **look)
        reader.slug = slug
        if member is not None and member.api.token is not None:
            await reader.sign_in_by_token(slug, member.api.token)
        return reader

    async def window(self, kind: type[W], area: Area, language: str = "en", **look: object) -> W:
        """A browser context of its own; `look` is what Playwright knows of one: viewport, color_scheme, java_script_enabled."""
        settings = {"locale": LOCALES[language], "timezone_id": "Europe/Berlin", "reduced_motion": "reduce", **look}
        context = await self._browser.new_context(**settings)  # type: ignore[arg-type]  # by name, from a dict
        context.set_default_timeout(PATIENCE_MS)
        watch = Watch(context, self.server.url)
        window = kind(await context.new_page(), watch, Words.of(area, language), self.server.url)
        self._windows.append(window)
        return window
