"""The docs hold what they say: links lead somewhere, snippets run, and the reference names all there is."""

import json
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Final

import click
import pytest

from docs.reference import make
from relay.cli import main

ROOT: Final = Path(__file__).parent.parent
PAGES: Final = sorted({*ROOT.glob("*.md"), *ROOT.glob("[!.]*/README.md"), *(ROOT / "docs").rglob("*.md")})
FENCE: Final = re.compile(r"^```(?P<language>\w+)(?P<rest>[^\n]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
LINK: Final = re.compile(r"\]\((?P<target>[^)\s]+)\)")
HEADING: Final = re.compile(r"^#+ (?P<title>.+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Snippet:
    """One fenced block; `where` is page:line, `is_run` is false for blocks marked `no-run`."""

    where: str
    language: str
    text: str
    is_run: bool


def snippets(language: str) -> list[Snippet]:
    return [snippet for page in PAGES for snippet in snippets_of(page) if snippet.language == language]


def snippets_of(page: Path) -> Iterator[Snippet]:
    text = page.read_text("utf-8")
    for match in FENCE.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        where = f"{page.relative_to(ROOT)}:{line}"
        yield Snippet(where, match["language"], match["text"], is_run="no-run" not in match["rest"])


def parametrized(language: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("snippet", snippets(language), ids=lambda snippet: snippet.where)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    prose = FENCE.sub("", page.read_text("utf-8"))

    broken = [match["target"] for match in LINK.finditer(prose) if not leads_somewhere(page, match["target"])]

    assert broken == []


def test_every_page_can_be_found_from_the_index() -> None:
    found, waiting = set[Path](), [ROOT / "docs" / "README.md"]
    while waiting:
        page = waiting.pop()
        found.add(page)
        goals = {(page.parent / match["target"]).resolve() for match in LINK.finditer(page.read_text("utf-8"))}
        waiting += [goal for goal in goals if goal.suffix == ".md" and goal.exists() and goal not in found]

    assert {page for page in PAGES if page.is_relative_to(ROOT / "docs")} - found == set()


@pytest.mark.parametrize("target", ["no-such-page.md", "README.md#no-such-heading", "#no-such-heading"])
def test_a_broken_link_is_found(target: str) -> None:
    assert not leads_somewhere(ROOT / "README.md", target)


def leads_somewhere(page: Path, target: str) -> bool:
    if re.match(r"https?:|mailto:", target):
        return True
    path, _, anchor = target.partition("#")
    goal = (page.parent / path).resolve() if path else page
    return goal.exists() and (not anchor or anchor in anchors(goal))


def anchors(page: Path) -> set[str]:
    """The ids that forges give to headings."""
    titles = (match["title"] for match in HEADING.finditer(FENCE.sub("", page.read_text("utf-8"))))
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@parametrized("python")
def test_a_python_snippet_runs(snippet: Snippet, tmp_path: Path) -> None:
    compile(snippet.text, snippet.where, "exec")
    if not snippet.is_run:
        return

    command = [sys.executable, "-W", "error", "-c", snippet.text]
    result = subprocess.run(command, cwd=tmp_path, check=False, capture_output=True, text=True, timeout=60)

    assert result.returncode == 0, f"{snippet.where}\n{result.stderr}"


@pytest.mark.parametrize(("language", "parse"), [("toml", tomllib.loads), ("json", json.loads)])
def test_data_snippets_parse(language: str, parse: Callable[[str], object]) -> None:
    for snippet in snippets(language):
        parse(snippet.text)


@parametrized("sh")
def test_a_shell_snippet_parses_and_calls_commands_that_exist(snippet: Snippet) -> None:
    result = subprocess.run(["bash", "-n"], input=snippet.text, check=False, capture_output=True, text=True, timeout=60)

    assert result.returncode == 0, f"{snippet.where}\n{result.stderr}"
    unknown = [why for line in snippet.text.splitlines() if line.startswith("relay ") for why in unknown_in(line)]
    assert unknown == [], snippet.where


@pytest.mark.parametrize(
    "line",
    [
        "relay no-such-command",
        "relay serve --no-such-option",
        "relay community no-such",
        "relay plugin list",
        "relay post send pool two words | cat",
    ],
)
def test_a_command_line_that_does_not_exist_is_found(line: str) -> None:
    assert list(unknown_in(line)) != []


def unknown_in(line: str) -> Iterator[str]:
    """What a `relay ...` line names and the command line does not know."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.wordchars += "$:,%"
    words = list(takewhile(lambda word: not set(word) <= set("|&;<>"), lexer))[1:]
    command: click.Command = main
    context = click.Context(command, info_name="relay")
    while isinstance(command, click.Group) and words:
        word = words.pop(0)
        if word.startswith("-"):
            break
        found = command.get_command(context, word)
        if found is None:
            yield f"{context.command_path} {word}"
            return
        command, context = found, click.Context(found, info_name=word, parent=context)
    try:
        command.make_context(context.info_name, words, parent=context.parent)
    except click.exceptions.Exit:  # --help
        return
    except click.BadParameter as error:  # a file that only the reader has is none of our business, what is missing is
        if isinstance(error, click.MissingParameter):
            yield f"{context.command_path}: {error.format_message()}"
    except click.UsageError as error:
        yield f"{context.command_path}: {error.format_message()}"


@pytest.mark.parametrize("name", make.PAGES)
def test_the_reference_says_what_the_code_says(name: str) -> None:
    page = ROOT / "docs" / "reference" / name

    written = page.read_text("utf-8") if page.exists() else ""

    assert make.PAGES[name]() == written, "run `make docs` and commit what it wrote"
