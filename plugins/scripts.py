"""Scripts: letters that are there to get past a reader or a list, and walls of emoji.

Looked at are words that mix alphabets (a Cyrillic letter that stands in for a Latin one), letters under heaps of marks,
invisible signs between Latin letters, text turned round, and emoji by the dozen. One word is a hint, since typing errors and
nicknames look the same; three are flagged. Texts in other alphabets, soft hyphens, and the joiners of Persian and of emoji
are left alone.
"""

import re
from collections.abc import AsyncIterator

from pydantic import BaseModel, ConfigDict, Field

from relay.plugin import Context, Incoming, Plugin, Signal

FULL = 3  # words, or letters with marks, that give a signal its full weight
LEAST_EMOJI_SHARE = 0.5  # of the signs: what holds more text than that is a text
_LIKE_LATIN = "\u0400-\u052f\u0530-\u058f\u13a0-\u13ff\ua4d0-\ua4ff"  # Cyrillic, Armenian, Cherokee, Lisu
_GREEK = "\u0370-\u03ff"  # beside Latin letters a sign of mathematics as often as a letter: counts between two of them
_LATIN = "A-Za-z\u00c0-\u024f"
_MIXED = re.compile(rf"[{_LATIN}][{_LIKE_LATIN}]|[{_LIKE_LATIN}][{_LATIN}]|[{_LATIN}][{_GREEK}]+[{_LATIN}]")
_MARKED = re.compile(
    "[\u0300-\u0333\u0339-\u036f\u0484-\u0487\u1ab0-\u1aff\u1dc0-\u1dff\ufe20-\ufe2f]{3,}|[\u0334-\u0338\u0488\u0489]"
)
_INVISIBLE = re.compile(f"(?<=[{_LATIN}])[\u200b-\u200d\u2060-\u2064\u3164\ufeff]+(?=[{_LATIN}])")
_TURNED = re.compile("[\u202d\u202e]")


class Options(BaseModel):
    """How many emoji are still fine."""

    model_config = ConfigDict(extra="forbid")

    most_emoji: int = Field(20, ge=1, le=4096, description="emoji of a text of little else that are still fine")


class Scripts(Plugin[Options]):
    """Counts words and letters in which something is wrong."""

    name, version, api = "scripts", "1.0", 1
    signals = {"scripts.mixed": 3.0, "scripts.marks": 3.0, "scripts.invisible": 3.0, "scripts.emoji": 1.5}
    told = {
        "scripts.mixed": {"en": "words in it mix several alphabets", "de": "Wörter darin mischen mehrere Alphabete"},
        "scripts.marks": {"en": "its letters are heaped with marks", "de": "ihre Buchstaben sind mit Zeichen überhäuft"},
        "scripts.invisible": {
            "en": "invisible signs stand within its words",
            "de": "in ihren Wörtern stehen unsichtbare Zeichen",
        },
        "scripts.emoji": {"en": "it holds little but emoji", "de": "sie enthält fast nur Emojis"},
    }
    examples = [
        ("Du bist ein Idiоt", {"scripts.mixed"}),  # noqa: RUF001 - look-alikes are the subject
        ("h\u0336e\u0336l\u0336l\u0336o", {"scripts.marks"}),
        ("i\u200bd\u200bi\u200bo\u200bt", {"scripts.invisible"}),
        ("\U0001f389" * 30, {"scripts.emoji"}),
        ("Grüße an Zoë, José und Владимир: 10 µm bei 5 kΩ! 👩\u200d👩\u200d👧", set()),
    ]  # fmt: skip

    def wants(self, incoming: Incoming) -> bool:
        """Plain text holds none of this."""
        return not incoming.text.raw.isascii()

    async def check(self, incoming: Incoming, context: Context) -> AsyncIterator[Signal]:
        """Give each kind once, stronger with each further word or letter."""
        raw = incoming.text.raw
        if mixed := _words_with(_MIXED, raw):
            yield Signal("scripts.mixed", factor=_share(mixed), reason=f"{mixed} words of several alphabets")
        if marked := sum(1 for _ in _MARKED.finditer(raw)):
            yield Signal("scripts.marks", factor=_share(marked), reason=f"{marked} letters with heaps of marks, or struck out")
        unseen = _words_with(_INVISIBLE, raw)
        if unseen or _TURNED.search(raw):
            yield Signal(
                "scripts.invisible", factor=_share(unseen or FULL), reason="invisible signs within words, or text turned round"
            )
        share = incoming.text.emoji_share
        if share > LEAST_EMOJI_SHARE and (emoji := round(share * len("".join(raw.split())))) > self.options.most_emoji:
            yield Signal("scripts.emoji", reason=f"{emoji} emoji, {share:.0%} of all signs")


def _words_with(what: re.Pattern[str], raw: str) -> int:
    """How many; what lies within a word lies in the text, so most texts are read once."""
    return sum(1 for word in raw.split() if what.search(word)) if what.search(raw) else 0


def _share(count: int) -> float:
    return min(1.0, 0.25 + 0.25 * count)
