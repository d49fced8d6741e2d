"""The words of the member's pages, in German and English, and how a time reads in each."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

FOLDER: Final = Path(__file__).parent.parent / "pages" / "member" / "words"
LANGUAGES: Final = ("de", "en")
NAMES: Final = {"de": "Deutsch", "en": "English"}
FALLBACK: Final = "en"
LIVE: Final = "live."  # the words that the script needs as well begin with it


@dataclass(frozen=True, slots=True)
class Words:
    """One language."""

    language: str
    texts: Mapping[str, str]

    def __call__(self, key: str, **values: object) -> str:
        """The text of that name, its gaps filled. Raises KeyError for a name that the catalogue lacks."""
        return self.texts[key].format(**values)

    def count(self, key: str, number: int) -> str:
        """The text for so many: both languages tell one from all other numbers (CLDR)."""
        return self(f"{key}.one" if number == 1 else f"{key}.other", number=number)

    def moment(self, at: datetime, zone: str) -> str:
        """Such as "21. November, 14:05"."""
        local = at.astimezone(_zone(zone))
        month = self.texts[f"month.{local.month}"]
        day = f"{local.day}. {month}" if self.language == "de" else f"{local.day} {month}"
        return f"{day}, {local:%H:%M}"

    def day(self, at: datetime, zone: str) -> str:
        """Such as "21. November 2026"."""
        local = at.astimezone(_zone(zone))
        month = self.texts[f"month.{local.month}"]
        return f"{local.day}. {month} {local.year}" if self.language == "de" else f"{local.day} {month} {local.year}"

    @property
    def live(self) -> str:
        """What the script needs, as JSON."""
        found = {key.removeprefix(LIVE): text for key, text in self.texts.items() if key.startswith(LIVE)}
        return json.dumps(found, ensure_ascii=False)


def load(folder: Path = FOLDER) -> Mapping[str, Words]:
    """By language."""
    return {language: Words(language, json.loads((folder / f"{language}.json").read_text("utf-8"))) for language in LANGUAGES}


def spoken(*wishes: str) -> str:
    """The first language that there are words in: wishes such as "de-AT", or the value of an Accept-Language header."""
    for wish in wishes:
        for language in _ranked(wish):
            if language[:2] in LANGUAGES:
                return language[:2]
    return FALLBACK


def _ranked(header: str) -> list[str]:
    """The languages of an Accept-Language header, most wanted first; one that makes no sense counts for nothing."""
    found: list[tuple[float, str]] = []
    for part in header.lower().split(","):
        tag, _, weight = part.replace(" ", "").partition(";q=")
        try:
            found.append((-float(weight) if weight else -1.0, tag))
        except ValueError:
            continue
    return [tag for weight, tag in sorted(found, key=lambda each: each[0]) if weight < 0]


def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        return UTC
