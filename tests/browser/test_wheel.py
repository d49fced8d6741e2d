"""The wheel alone, installed beside nothing of the checkout: it serves console, member page, modules and plugins."""

import subprocess
import sys
import sysconfig
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from tests.browser.desk import PASSPHRASE, Desk
from tests.browser.house import House
from tests.browser.test_first_visit import first_link
from tests.e2e.server import ROOT, Server


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """The folder of programs of an environment that holds the wheel, and finds what it depends on in this one."""
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True, timeout=60)
    (wheel,) = tmp_path.glob("*.whl")
    here = tmp_path / "environment"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(here)], check=True, timeout=60)
    install = ["install", "--quiet", "--no-deps", "--no-index", "--disable-pip-version-check", str(wheel)]
    subprocess.run([sys.executable, "-m", "pip", "--python", str(here), *install], check=True, timeout=60)
    (own,) = here.glob("lib/python*/site-packages")
    # A folder named in a .pth file is no site folder: the checkout, installed for editing there, does not come along.
    (own / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n", "utf-8")
    where = [str(here / "bin/python"), "-c", "import relay; print(relay.__file__)"]
    found = subprocess.run(where, cwd=tmp_path, check=True, capture_output=True, text=True, timeout=60).stdout
    assert Path(found).is_relative_to(here), "the checkout must not be what is tried"
    return here / "bin"


@pytest_asyncio.fixture(loop_scope="session")
async def packed(chromium: Browser, http: aiohttp.ClientSession, installed: Path, tmp_path: Path) -> AsyncIterator[House]:
    (tmp_path / "empty").mkdir()
    server = Server(tmp_path / "empty" / "data", {"RELAY_OWNER_TOKEN": ""}, [str(installed / "relay")])
    await server.start()
    house = House(http, server, chromium)
    yield house
    await house.close()
    await server.kill()


async def test_a_wheel_is_everything_that_a_first_visit_needs(packed: House) -> None:
    desk = await packed.window(Desk, "console")
    desk.watch.expects(401, "/v1/session")
    await desk.page.goto(first_link(packed.server))
    await desk.field("your-name").fill("Eva Brandt")
    await desk.field("passphrase.new").fill(PASSPHRASE)
    await desk.button("link.act").click()
    await desk.field("community.name").fill("Pool")
    await desk.button("community.found").click()
    await desk.sees(desk.link("start.imprint.act"))
    await desk.open("pool", "settings", "plugins")
    await desk.sees(desk.said("words"), desk.said("flood"), desk.said("repeat"))
    await desk.open("pool", "settings", "invites")
    await desk.button("invite.make").click()
    invite = await desk.field("invite.url").input_value()
    await expect(desk.page.get_by_role("img", name=desk.words("invite.qr"))).to_have_js_property("complete", value=True)

    reader = await packed.reader("pool")
    await reader.joins("pool", invite)
    await desk.posts("pool", "We are closed tomorrow.", audience=1)
    await reader.sees(reader.item("We are closed tomorrow."))
    await reader.writes("You bloody idiots, you arseholes")

    await desk.open("pool", "cases", "open")
    await desk.sees(desk.page.locator(".rows").get_by_text("You bloody idiots, you arseholes"))
