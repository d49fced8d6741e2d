"""The lexicon: loads the tables that text views need from installed libraries, without the network.

Look-alike letters come from confusable-homoglyphs (the table of UTS #39), from the names of Latin letters, and a few from
here; public suffixes from the snapshot inside tldextract. Both are read as files: importing the libraries would cost more
than the tables do.
"""

import importlib.util
import re
import unicodedata
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

import orjson

from relay.core.text import Tables

_NAMED = re.compile(r"LATIN (?:CAPITAL LETTER|SMALL LETTER|LETTER SMALL CAPITAL) ([A-Z]|AE|OE)(?: WITH .+)?")
_LATIN_BLOCKS = (
    range(0xC0, 0x2B0),
    range(0x1D00, 0x1DC0),
    range(0x1E00, 0x1F00),
    range(0x2C60, 0x2C80),
    range(0xA720, 0xA800),
)
_LETTERED_SIGNS = (
    0x1F110,
    0x1F130,
    0x1F150,
    0x1F170,
    0x1F1E6,
)  # first code point of each alphabet of boxed or circled capitals
_LIKE_SMALL_CAPITALS = MappingProxyType({"κ": "k", "τ": "t", "ε": "e", "к": "k", "т": "t", "м": "m"})  # not in the table
_KEPT = frozenset("äöüÄÖÜß")  # German tells them apart, and so do its word lists


def load_tables() -> Tables:
    """Read the tables; raise FileNotFoundError naming the library whose data is missing."""
    return Tables(confusables=MappingProxyType(_confusables()), suffixes=frozenset(_suffixes()))


def _file_of(library: str, name: str) -> bytes:
    spec = importlib.util.find_spec(library)
    if spec is None or spec.origin is None:
        raise FileNotFoundError(f"the library {library} is not installed: install the relay's dependencies again")
    return Path(spec.origin).with_name(name).read_bytes()


def _confusables() -> dict[str, str]:
    found = dict(_look_alikes(orjson.loads(_file_of("confusable_homoglyphs", "confusables.json"))))
    for block in _LATIN_BLOCKS:
        for char in map(chr, block):
            if named := _NAMED.fullmatch(unicodedata.name(char, "")):
                found[char] = named[1].lower()
    for first in _LETTERED_SIGNS:
        found.update({chr(first + place): chr(ord("a") + place) for place in range(26)})
    found.update(_LIKE_SMALL_CAPITALS)
    for kept in _KEPT:
        found.pop(kept, None)
    return found


def _look_alikes(table: Mapping[str, list[dict[str, str]]]) -> Iterator[tuple[str, str]]:
    for marked, rows in table.items():
        char = marked.strip("\u200e")  # the table wraps letters that run from right to left in direction marks
        if len(char) != 1 or char.isascii():
            continue
        category = unicodedata.category(char)
        if category == "Nd":
            yield char, str(unicodedata.digit(char))
        elif category[0] == "L" or category == "So":
            like = [row["c"] for row in rows if row["c"].isascii() and row["c"].isalpha()]
            if like:
                yield char, _nearest(char, like, table)


def _nearest(char: str, like: list[str], table: Mapping[str, list[dict[str, str]]]) -> str:
    """Prefer the letter that the lower-case form looks like: capital iota is drawn as l in the table, but means i."""
    small = char.lower()
    if like == ["l"] and small != char:
        return next((row["c"] for row in table.get(small, ()) if row["c"].isascii() and row["c"].isalpha()), "i").lower()
    return like[0].lower()


def _suffixes() -> Iterator[str]:
    """Give the ICANN rules, in Unicode and as the DNS writes them; private ones (blogspot.com) would split companies."""
    text = _file_of("tldextract", ".tld_set_snapshot").decode()
    for line in text.partition("// ===BEGIN PRIVATE DOMAINS===")[0].splitlines():
        rule = line.strip()
        if rule and not rule.startswith("//"):
            yield rule
            if not rule.isascii():
                yield ".".join(
                    label if label.isascii() else f"xn--{label.encode('punycode').decode()}" for label in rule.split(".")
                )
