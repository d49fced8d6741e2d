"""The words of the member's pages: the same names and gaps in both languages, none missing, none to spare; times in each."""

import re
from datetime import UTC, datetime
from pathlib import Path
from string import Formatter

import pytest

from relay.web.member.words import LANGUAGES, LIVE, load, spoken

PAGES = Path(__file__).parents[2] / "relay/web/pages/member"
AT = datetime(2026, 11, 21, 13, 5, tzinfo=UTC)


def gaps(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_both_languages_have_the_same_words_with_the_same_gaps() -> None:
    german, english = (load()[language].texts for language in LANGUAGES)

    assert list(german) == list(english)
    assert {key for key in german if gaps(german[key]) != gaps(english[key])} == set()
    assert {key for key in german if german[key] == english[key]} <= {
        "stream.post", "settings.pause",
        "month.4", "month.8", "month.9", "month.11",
    }  # fmt: skip


def test_every_word_is_used_and_every_used_one_is_there() -> None:
    templates = "\n".join(path.read_text("utf-8") for path in PAGES.glob("*.html"))
    scripts = "\n".join(path.read_text("utf-8") for path in PAGES.glob("*.js"))
    used = set(re.findall(r'say\("([a-z_.0-9]+)"', templates))
    made = {"month.", "error."}

    there = set(load()["en"].texts)
    unused = {key for key in there - used if not key.startswith((*made, LIVE))}
    live = {key.removeprefix(LIVE) for key in there if key.startswith(LIVE)}

    assert used - there == set()
    assert unused == set()
    assert {key for key in live if f'"{key.partition(".")[0]}"' not in scripts} == set()


def test_words_do_not_shout() -> None:
    for words in load().values():
        assert [text for text in words.texts.values() if "!" in text or "oops" in text.lower()] == []


@pytest.mark.parametrize(
    ("language", "zone", "moment"),
    [
        ("de", "Europe/Berlin", "21. November, 14:05"),
        ("en", "Europe/Berlin", "21 November, 14:05"),
        ("en", "Pacific/Auckland", "22 November, 02:05"),
        ("de", "", "21. November, 13:05"),
        ("de", "No/Where", "21. November, 13:05"),
    ],
)
def test_a_time_reads_as_people_there_write_it(language: str, zone: str, moment: str) -> None:
    assert load()[language].moment(AT, zone) == moment


@pytest.mark.parametrize(
    ("wishes", "language"),
    [
        (("", "", "", ""), "en"),
        (("fr", "de-AT", "en", "en"), "de"),
        (("", "", "en;q=0.3, de;q=0.7", "en"), "de"),
        (("", "", "de;q=0, en;q=0.1", ""), "en"),
        (("", "", "de ; q=0.1 , en ; q=0.5", ""), "en"),
        (("", "", "de;q=x", "de"), "de"),
        (("", "", "*", "de"), "de"),
    ],
)
def test_the_language_is_the_first_that_there_are_words_in(wishes: tuple[str, ...], language: str) -> None:
    assert spoken(*wishes) == language
