"""Text: one message and its views, each computed once, when somebody first asks for it.

raw         as it came
folded      NFKC, look-alike letters replaced (UTS #39), invisible characters out, lower case; ss for sharp s
tokens      the words of the folded view
unmasked    the folded view with disguises (sh1t, f.u.c.k, fuuuck) replaced by their likely reading
masks       those disguises, with every reading
links       web addresses with their registrable domain
upper_share, emoji_share, scripts   figures about the raw text

No view ever raises, whatever the text holds: lone surrogates, NUL and ten thousand combining marks are text as well.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from relay.core.links import Link, links
from relay.core.unmask import WORD, Mask, masks, squeeze, unmasked

# Folding changes nothing in these but case and sharp s; nine of ten messages hold nothing else.
_PLAIN = re.compile("[\t\n\r -~äöüÄÖÜß€…–—„“”‚‘’«»°§\U0001f300-\U0001f5ff\U0001f600-\U0001f64f\U0001f900-\U0001f9ff]*")  # noqa: RUF001
_MARKS = re.compile("[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]+")
_MANY_MARKS = re.compile(
    "([\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]{4})[^\x00-\u02ff\u0370-\u0482]+"
)
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    "\u202a-\u202e\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff]+"
)
_BUT_UMLAUTS = re.compile(  # all marks but the two dots of umlauts, which heaps of others must not hide
    "[\u0300-\u0307\u0309-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]+"
)
_LIGATURES = re.compile("[\ufdf0-\ufdff]")  # whole phrases in one sign: NFKC would make a text eighteen times as long
_FOREIGN = re.compile("[^\x00-\x7f]")
_NO_LETTER = bytes(code for code in range(128) if not chr(code).isalpha())
_NO_CAPITAL = bytes(code for code in range(128) if not chr(code).isupper())
_LETTER = re.compile(r"[^\W\d_]")
_EMOJI = re.compile("[\u203c\u2049\u231a-\u23ff\u25fd-\u27bf\u2934-\u2b55\U0001f000-\U0001faff]")


@dataclass(frozen=True, slots=True)
class Tables:
    """What views need to know about the world.

    `confusables` maps one foreign character to the Latin letters it looks like; `suffixes` holds the rules of publicsuffix.org
    ("co.uk", "*.ck", "!www.ck"). Empty tables make weaker views, never wrong ones.
    """

    confusables: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    suffixes: AbstractSet[str] = frozenset()


class Text:
    """One message and its views."""

    __slots__ = (
        "_emoji",
        "_folded",
        "_links",
        "_masks",
        "_scripts",
        "_squeezed",
        "_tables",
        "_tokens",
        "_unmasked",
        "_upper",
        "raw",
    )

    def __init__(self, raw: str, tables: Tables) -> None:
        self.raw = raw
        self._tables = tables
        self._folded: str | None = None
        self._tokens: tuple[str, ...] | None = None
        self._squeezed: tuple[str, ...] | None = None
        self._masks: tuple[Mask, ...] | None = None
        self._unmasked: str | None = None
        self._links: tuple[Link, ...] | None = None
        self._upper: float | None = None
        self._emoji: float | None = None
        self._scripts: Mapping[str, float] | None = None

    def __len__(self) -> int:
        return len(self.raw)

    @property
    def folded(self) -> str:
        if self._folded is None:
            self._folded = fold(self.raw, self._tables)
        return self._folded

    @property
    def tokens(self) -> tuple[str, ...]:
        """The words of the folded view, in order, digits included."""
        if self._tokens is None:
            self._tokens = tuple(WORD.findall(self.folded))
        return self._tokens

    @property
    def squeezed(self) -> tuple[str, ...]:
        """The tokens with every repeated letter reduced to one; same length and order as `tokens`."""
        if self._squeezed is None:
            self._squeezed = tuple(WORD.findall(squeeze(self.folded)))
        return self._squeezed

    @property
    def masks(self) -> tuple[Mask, ...]:
        """The disguised words; empty for a clean text."""
        if self._masks is None:
            self._masks = masks(self.folded)
        return self._masks

    @property
    def unmasked(self) -> str:
        if self._unmasked is None:
            self._unmasked = unmasked(self.folded, self.masks)
        return self._unmasked

    @property
    def links(self) -> tuple[Link, ...]:
        if self._links is None:
            self._links = tuple(map(self._read, links(self.raw, self._tables.suffixes)))
        return self._links

    @property
    def upper_share(self) -> float:
        """Capitals among the letters, 0 to 1; 0 for a text without letters."""
        if self._upper is None:
            letters, capitals = _letters(self.raw)
            self._upper = capitals / letters if letters else 0.0
        return self._upper

    @property
    def emoji_share(self) -> float:
        """Emoji among the characters that are no white space, 0 to 1."""
        if self._emoji is None:
            seen = 0 if self.raw.isascii() else len(_EMOJI.findall(self.raw))
            self._emoji = seen / (len("".join(self.raw.split())) or 1)
        return self._emoji

    @property
    def scripts(self) -> Mapping[str, float]:
        """Share of each script among the letters, largest first, such as {"LATIN": 0.9, "CYRILLIC": 0.1}."""
        if self._scripts is None:
            self._scripts = MappingProxyType(_scripts(self.raw))
        return self._scripts

    def _read(self, link: Link) -> Link:
        return link if link.host.isascii() else replace(link, reads_as=fold(link.host, self._tables))

    def place(self, start: int, end: int) -> tuple[int | None, int | None]:
        """Give the place in the raw text of a place in the folded view, (None, None) where the two cannot be matched."""
        folded = self.folded
        if len(folded) == len(self.raw):
            return start, end
        starts = []
        for at, char in enumerate(self.raw):
            starts.extend([at] * len(fold(char, self._tables)))
        if len(starts) != len(folded) or not 0 <= start < end <= len(starts):
            return None, None
        return starts[start], starts[end - 1] + 1


def fold(raw: str, tables: Tables) -> str:
    """Make the folded view; lists of words go through it too, so that both sides are spelled alike."""
    if _PLAIN.fullmatch(raw):
        return raw.lower().replace("ß", "ss")
    known = tables.confusables
    text = _LIGATURES.sub(" ", _INVISIBLE.sub("", raw))
    text = _MANY_MARKS.sub(r"\1", text)  # composing a wall of marks takes quadratic time
    text = _BUT_UMLAUTS.sub("", unicodedata.normalize("NFKD", text))
    text = unicodedata.normalize("NFC", text)
    if foreign := {ord(char): known[char] for char in set(text) if char in known}:
        text = text.translate(foreign)
    text = _MARKS.sub("", text)
    return _INVISIBLE.sub("", text).lower().replace("ß", "ss")


def _letters(raw: str) -> tuple[int, int]:
    """How many there are, and how many of them are capitals; one by one only where they are foreign to ASCII."""
    plain = raw.encode("ascii", "ignore")
    foreign = list(filter(str.isalpha, _FOREIGN.findall(raw))) if len(plain) < len(raw) else []
    capitals = len(plain.translate(None, _NO_CAPITAL)) + sum(map(str.isupper, foreign))
    return len(plain.translate(None, _NO_LETTER)) + len(foreign), capitals


def _scripts(raw: str) -> dict[str, float]:
    if raw.isascii():
        return {"LATIN": 1.0} if _LETTER.search(raw) else {}
    found: Counter[str] = Counter()
    for char, times in Counter(raw).items():
        if char.isalpha():
            found[_script(char)] += times
    total = found.total()
    return {script: times / total for script, times in found.most_common()}


def _script(char: str) -> str:
    return "LATIN" if char.isascii() else unicodedata.name(char, "UNKNOWN").split(" ", 1)[0].split("-", 1)[0]
