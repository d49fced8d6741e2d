"""The words of the pages, out of their catalogues: a test names a control by its key, in whatever language the page speaks."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

PAGES: Final = Path(__file__).parents[2] / "relay/web/pages"
LANGUAGES: Final = ("en", "de")

Area = Literal["console", "member"]


@dataclass(frozen=True, slots=True)
class Words:
    """One catalogue."""

    language: str
    entries: Mapping[str, str]

    @classmethod
    def of(cls, area: Area, language: str) -> "Words":
        return cls(language, json.loads((PAGES / area / "words" / f"{language}.json").read_text("utf-8")))

    def pattern(self, key: str) -> re.Pattern[str]:
        """What stands under a key, whatever fills its braces."""
        known = [self.entries[name] for name in (key, f"{key}.one", f"{key}.other") if name in self.entries]
        return re.compile("|".join(".+".join(map(re.escape, re.split(r"\{\w+\}", text))) for text in known))

    def __call__(self, key: str, **values: object) -> str:
        """As the page shows it. Raises KeyError for what the page does not say."""
        count = values.get("n", values.get("number"))
        plural = f"{key}.one" if count == 1 else f"{key}.other"
        return self.entries[plural if plural in self.entries else key].format(**values)
