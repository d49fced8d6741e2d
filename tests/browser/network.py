"""A network that fails between a page and the relay: answers that get lost, are refused, or take their time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import Route

from tests.browser.window import Window

# How many lines a page opens when somebody comes back to it.
KNOCKS = """() => {
  let knocks = 0;
  window.WebSocket = class extends WebSocket { constructor(url) { super(url); knocks += 1; } };
  document.dispatchEvent(new Event("visibilitychange"));
  return knocks;
}"""


@asynccontextmanager
async def _routed(window: Window, method: str, path: str, handle: object) -> AsyncIterator[None]:
    async def route(found: Route) -> None:
        if found.request.method == method:
            await handle(found)  # type: ignore[operator]  # a coroutine function
        else:
            await found.fallback()

    await window.page.route(f"**{path}", route)
    yield
    await window.page.unroute(f"**{path}", route)


@asynccontextmanager
async def lost(window: Window, method: str, path: str) -> AsyncIterator[None]:
    """The relay does it, and nobody hears of it."""

    async def lose(route: Route) -> None:
        await route.fetch()
        await route.abort()

    async with _routed(window, method, path, lose):
        with window.watch.relay_may_be_away():
            yield


@asynccontextmanager
async def refused(window: Window, method: str, path: str, status: int) -> AsyncIterator[None]:
    """The relay hears of nothing, and something before it answers."""

    async def refuse(route: Route) -> None:
        await route.fulfill(status=status, body="<html>not now</html>")

    window.watch.expects(status, path)
    async with _routed(window, method, path, refuse):
        yield


@asynccontextmanager
async def overtaken(window: Window, method: str, path: str, status: int) -> AsyncIterator[None]:
    """The relay does it, but something before it has answered in its place."""

    async def overtake(route: Route) -> None:
        await route.fetch()
        await route.fulfill(status=status, body="<html>too late</html>")

    window.watch.expects(status, path)
    async with _routed(window, method, path, overtake):
        yield


@asynccontextmanager
async def held_up(window: Window, method: str, path: str) -> AsyncIterator[asyncio.Event]:
    """What is asked waits until the event is set."""
    free = asyncio.Event()

    async def wait(route: Route) -> None:
        await free.wait()
        await route.fallback()

    async with _routed(window, method, path, wait):
        yield free
        free.set()
