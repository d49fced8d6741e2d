"""`make screenshots`: every page in every state, by language, scheme and width, and an index that is quick to look through.

It writes into screenshots/, which git ignores. ARGS="--only inbox" takes the states whose name holds that.
"""

import argparse
import asyncio
import shutil
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from html import escape
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, Literal

import aiohttp
from playwright.async_api import Browser, async_playwright

from tests.browser.house import House, running
from tests.browser.scene import Scene, play
from tests.browser.walk import STATES, WIDTHS, reach
from tests.browser.words import LANGUAGES
from tests.conftest import locate
from tests.e2e.server import ROOT

OUT: Final = ROOT / "screenshots"
SCHEMES: Final[tuple[Literal["light", "dark"], ...]] = ("light", "dark")
AT_ONCE: Final = 3  # pages; more would only share the processors
HEIGHTS: Final[Mapping[int, int]] = {360: 740, 1280: 800}
HEAD: Final = """<!doctype html><meta charset="utf-8"><title>Four Eyes, every page</title>
<style>
body { font: 14px/1.4 system-ui; margin: 24px; background: #888; }
nav { columns: 6; } a { color: inherit; }
section { display: flex; gap: 12px; align-items: start; flex-wrap: wrap; margin: 12px 0 32px; }
img { height: 420px; width: auto; box-shadow: 0 1px 6px #0008; } h2 { margin: 0; position: sticky; top: 0; }
</style>
"""


@dataclass(frozen=True, slots=True)
class Shot:
    state: str
    language: str
    scheme: str
    width: int

    @property
    def file(self) -> str:
        return f"{self.state}.{self.language}.{self.scheme}.{self.width}.png"


def main(only: str, out: Path) -> None:
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir()
    names = [name for name in STATES if only in name]
    shots = asyncio.run(_take(names, out))
    (out / "index.html").write_text(_index(names, shots), "utf-8")
    print(f"{len(shots)} pictures: {out / 'index.html'}")


async def _take(names: list[str], out: Path) -> list[Shot]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=locate("chromium"))
        shots = [shot for language in LANGUAGES for shot in await _all(browser, language, names, out)]
        await browser.close()
    return shots


async def _all(browser: Browser, language: str, names: list[str], out: Path) -> list[Shot]:
    async with _playing(browser, language) as scene:
        room = asyncio.Semaphore(AT_ONCE)
        taken = await asyncio.gather(*(_taken(scene, name, out, room) for name in names))
    return [shot for shots in taken for shot in shots]


@asynccontextmanager
async def _playing(browser: Browser, language: str) -> AsyncIterator[Scene]:
    with TemporaryDirectory() as folder:
        async with running(Path(folder)) as server, aiohttp.ClientSession() as http:
            house = House(http, server, browser)
            yield await play(house, language)
            await house.close()


async def _taken(scene: Scene, name: str, out: Path, room: asyncio.Semaphore) -> list[Shot]:
    shots = []
    async with room:
        window = await reach(scene, name)
        for width in WIDTHS:
            await window.page.set_viewport_size({"width": width, "height": HEIGHTS[width]})
            for scheme in SCHEMES:
                await window.page.emulate_media(color_scheme=scheme)
                shot = Shot(name, scene.language, scheme, width)
                await window.page.screenshot(path=out / shot.file, full_page="stream" not in name)
                shots.append(shot)
        await window.context.close()
    return shots


def _index(names: list[str], shots: list[Shot]) -> str:
    links = "".join(f'<a href="#{escape(name)}">{escape(name)}</a><br>' for name in names)
    parts = [HEAD, f"<nav>{links}</nav>"]
    for name in names:
        pictures = "".join(
            f'<a href="{shot.file}"><img loading="lazy" src="{shot.file}" alt="{shot.language} {shot.scheme} {shot.width}"></a>'
            for shot in shots
            if shot.state == name
        )
        parts.append(f'<h2 id="{escape(name)}">{escape(name)}</h2><section>{pictures}</section>')
    return "\n".join(parts)


if __name__ == "__main__":
    asked = argparse.ArgumentParser(prog="make screenshots", description=__doc__)
    asked.add_argument("--only", default="", metavar="TEXT", help="states whose name holds this")
    asked.add_argument("--out", type=Path, default=OUT, help="folder, emptied first  [default: screenshots]")
    given = asked.parse_args()
    main(given.only, given.out)
