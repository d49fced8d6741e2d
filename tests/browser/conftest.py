"""A relay and a browser for all tests of the pages in one process, and a house with its people for each of them."""

from collections.abc import AsyncIterator, Callable, Generator
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright, expect

from tests.browser.house import PATIENCE_MS, House, running
from tests.conftest import locate
from tests.e2e.client import LIMIT
from tests.e2e.server import Server

HERE = Path(__file__).parent


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One event loop for all of them: a browser belongs to the loop that started it."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    """A test whose story came true still fails when a page did something wrong on the way."""
    result = yield
    for house in pyfuncitem.funcargs.values():
        if isinstance(house, House):
            assert not house.faults, "\n".join(house.faults)
    return result


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def one_chromium() -> AsyncIterator[Browser]:
    """Ask for `chromium` instead, which skips where there is none."""
    path = locate("chromium")
    assert path is not None
    expect.set_options(timeout=PATIENCE_MS)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path)
        yield browser
        await browser.close()


@pytest.fixture
def chromium(require: Callable[[str], Path], request: pytest.FixtureRequest) -> Browser:
    require("chromium")
    browser: Browser = request.getfixturevalue("one_chromium")
    return browser


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=LIMIT)) as session:
        yield session


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shared_relay(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    async with running(tmp_path_factory.mktemp("relay")) as server:
        yield server


@pytest_asyncio.fixture(loop_scope="session")
async def house(chromium: Browser, http: aiohttp.ClientSession, shared_relay: Server) -> AsyncIterator[House]:
    """On a relay that others use as well."""
    house = House(http, shared_relay, chromium)
    yield house
    await house.close()


@pytest_asyncio.fixture(loop_scope="session")
async def own_house(chromium: Browser, http: aiohttp.ClientSession, tmp_path: Path) -> AsyncIterator[House]:
    """On a relay of its own, which a test may stop."""
    async with running(tmp_path) as server:
        house = House(http, server, chromium)
        yield house
        await house.close()


@pytest_asyncio.fixture(loop_scope="session")
async def new_house(chromium: Browser, http: aiohttp.ClientSession, tmp_path: Path) -> AsyncIterator[House]:
    """On a relay that nobody owns yet: it has just shown its first link."""
    async with running(tmp_path, RELAY_OWNER_TOKEN="") as server:
        house = House(http, server, chromium)
        yield house
        await house.close()
