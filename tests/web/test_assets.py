"""Static files of the pages: what is served, as what, to whom it is said again, and a policy that fits the shell."""

import base64
import hashlib
import re
from pathlib import Path

import pytest

from relay.web.assets import MEDIA, PAGES, load
from tests.web.conftest import Relay, is_problem

IMPORT_MAP = re.compile(r'<script type="importmap">(.*?)</script>', re.DOTALL)


@pytest.mark.parametrize(
    ("name", "media"),
    [
        ("look/tokens.css", "text/css; charset=utf-8"),
        ("console/main.js", "text/javascript; charset=utf-8"),
        ("console/pages/inbox.js", "text/javascript; charset=utf-8"),
        ("console/words/de.json", "application/json"),
        ("console/sign.svg", "image/svg+xml; charset=utf-8"),
        ("vendor/preact.js", "text/javascript; charset=utf-8"),
        ("vendor/preact.license.txt", "text/plain; charset=utf-8"),
    ],
)
async def test_a_file_comes_as_what_it_is(relay: Relay, name: str, media: str) -> None:
    said = await relay.nobody("GET", f"/assets/{name}")

    assert said.status == 200
    assert said.headers["Content-Type"] == media
    assert said.headers["X-Content-Type-Options"] == "nosniff"
    assert said.headers["Cache-Control"] == "no-cache"
    assert said.raw == (PAGES / name).read_bytes()


async def test_who_has_the_file_is_not_sent_it_again(relay: Relay) -> None:
    first = await relay.nobody("GET", "/assets/look/tokens.css")

    again = await relay.nobody("GET", "/assets/look/tokens.css", If_None_Match=first.headers["ETag"])
    other = await relay.nobody("GET", "/assets/look/tokens.css", If_None_Match='"something else"')

    assert (again.status, again.raw, again.headers["ETag"]) == (304, b"", first.headers["ETag"])
    assert other.status == 200


@pytest.mark.parametrize(
    "path",
    [
        "look/none.css",
        "look/..%2f..%2fassets.py",
        "look/%2e%2e/%2e%2e/assets.py",
        "console/wire.d.ts",
        "console/index.html",
        "console/",
        "vendor/.ready",
        "pages/package.json",
        "..%2f/fetch.py",
        "node_modules/preact/package.json",
    ],
)
async def test_nothing_else_is_served(relay: Relay, path: str) -> None:
    assert is_problem(await relay.nobody("GET", f"/assets/{path}"), 404)


def test_what_comes_after_the_start_is_not_served(tmp_path: Path) -> None:
    (tmp_path / "look").mkdir()
    (tmp_path / "look/a.css").write_text("a {}")

    files = load(tmp_path).files
    (tmp_path / "look/b.css").write_text("b {}")

    assert set(files) == {"look/a.css"}


async def test_a_browser_with_many_tabs_is_not_counted_for_files(relay: Relay) -> None:
    said = [(await relay.nobody("GET", "/assets/look/tokens.css")).status for _ in range(300)]

    assert set(said) == {200}


async def test_the_shell_allows_its_import_map_and_no_other_script(relay: Relay) -> None:
    said = await relay.nobody("GET", "/console")
    page, policy = said.raw.decode(), said.headers["Content-Security-Policy"]

    (inline,) = IMPORT_MAP.findall(page)
    digest = base64.b64encode(hashlib.sha256(inline.encode()).digest()).decode()
    assert re.findall(r"script-src ([^;]*)", policy) == [f"'self' 'sha256-{digest}'"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert re.findall(r"<script(?![^>]*(?:src=|importmap))", page) == []
    assert re.findall(r"<style|\son\w+=|\sstyle=", page) == []
    assert "http" not in re.sub(r"http-equiv", "", page)


async def test_all_that_the_shell_names_is_there(relay: Relay) -> None:
    page = (await relay.nobody("GET", "/console")).raw.decode()

    named = set(re.findall(r'"(/assets/[^"]+)"', page))
    said = {name: (await relay.nobody("GET", name)).status for name in named}

    assert len(named) > 40
    assert set(said.values()) == {200}


def test_every_module_is_named_up_front() -> None:
    shell = load().shell
    assert shell is not None

    modules = {path.relative_to(PAGES).as_posix() for path in (PAGES / "console").rglob("*.js")}

    assert {name for name in modules if f'modulepreload" href="/assets/{name}"'.encode() not in shell.body} == set()


def test_without_what_make_pages_fetches_there_is_no_shell(tmp_path: Path) -> None:
    (tmp_path / "console").mkdir()
    (tmp_path / "console/index.html").write_text("<!doctype html>")

    assert load(tmp_path).shell is None


def test_pages_are_no_files() -> None:
    assert ".html" not in MEDIA
