"""The catalogues of words: the same keys and places in every language, nothing missing, nothing that nobody says."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from relay.compose.listing import listing
from relay.configuration import ModerationSettings
from relay.web.assets import PAGES

AREAS = sorted(folder.parent for folder in PAGES.glob("*/words"))
LANGUAGES = ("en", "de")
FORMS = ("one", "other")  # what English and German tell apart
PLACE = re.compile(r"\{(\w+)\}")
NEVER = re.compile(r"!|\boops\b|\bhoppla\b", re.IGNORECASE)


def words(area: Path, language: str) -> dict[str, str]:
    found: dict[str, str] = json.loads((area / "words" / f"{language}.json").read_text("utf-8"))
    return found


def scripts(area: Path) -> str:
    return "\n".join(path.read_text("utf-8") for path in sorted(area.rglob("*.js")))


def base(key: str) -> str:
    head, _, form = key.rpartition(".")
    return head if form in FORMS else key


@pytest.fixture(params=AREAS, ids=lambda area: area.name)
def area(request: pytest.FixtureRequest) -> Path:
    found: Path = request.param
    return found


def test_every_language_has_the_same_keys_in_the_same_order(area: Path) -> None:
    first, *others = (list(words(area, language)) for language in LANGUAGES)

    assert all(other == first for other in others)


def test_a_plural_has_all_its_forms(area: Path) -> None:
    keys = words(area, "en").keys()

    halves = {base(key) for key in keys if base(key) != key and not all(f"{base(key)}.{form}" in keys for form in FORMS)}

    assert halves == set()


def test_what_is_put_in_is_the_same_in_every_language(area: Path) -> None:
    first, *others = (words(area, language) for language in LANGUAGES)

    for other in others:
        assert {key: set(PLACE.findall(text)) for key, text in other.items()} == {
            key: set(PLACE.findall(text)) for key, text in first.items()
        }


@pytest.mark.parametrize("language", LANGUAGES)
def test_words_are_calm_and_none_is_empty(area: Path, language: str) -> None:
    found = words(area, language)

    assert [key for key, text in found.items() if NEVER.search(text) or text != text.strip() or not text] == []


def said(script: str) -> Iterator[re.Pattern[str]]:
    """What keys a script can ask for: written out, or with a part that only the moment knows."""
    for text in re.findall(r'"([a-z][\w.:-]*)"', script):
        yield re.compile(re.escape(text))
    for text in re.findall(r"\bt\(`([^`]+)`", script):
        yield re.compile("".join("[^.]+" if part.startswith("${") else re.escape(part) for part in pieces(text)))
    for prefix in re.findall(r'\bword\("(\w+)"', script):
        yield re.compile(re.escape(prefix) + r"\..+")


def pieces(template: str) -> list[str]:
    """Text and `${...}` in turn; what stands in the braces holds none itself beside those of a comment on types."""
    return [part for part in re.split(r"(\$\{(?:/\*.*?\*/)?[^}]*\})", template) if part]


def test_every_word_of_the_console_is_said_somewhere() -> None:
    patterns = list(said(scripts(PAGES / "console")))

    unsaid = [key for key in words(PAGES / "console", "en") if not any(one.fullmatch(base(key)) for one in patterns)]

    assert unsaid == []


def test_every_figure_of_the_relays_own_has_its_words() -> None:
    """What plugins see is in their own words, and composites are an operator's."""
    names = {f"rule.{rule.name}" for rule in listing(ModerationSettings(), [])}

    assert names == {key for key in words(PAGES / "console", "en") if key.startswith("rule.")}
