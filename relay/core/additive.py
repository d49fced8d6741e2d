"""Additive model: what a text scores is the sum of what its words and pairs of words score, so that a word is read once.

A word counts as a whole and by its pieces of a few letters, its edges included ("idiot" holds " id", "idi", ... "ot "), since
endings, compounds and misspellings share pieces. Every piece, word and pair has a place in one table of small whole numbers,
found by its CRC-32; the table holds sums, no texts. Names behind @ and links all read alike.
"""

import math
import re
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar
from zlib import crc32

MOST_WORDS = 1_000  # of one text: more of them change no score, and a wall of words stays cheap
LONGEST_WORD = 40  # characters: the rest of a longer one is not read
REMEMBERED = 16_384  # words whose score is kept, some 5 MB

_TOKEN = re.compile(r"https?://\S+|@\w+|#?\w+|[^\w\s]+")
_NAME, _LINK = "@", "://"
_WHOLE, _FIRST = 1, 2  # where checksums begin: of a word, and of the word that a text begins with
_END = b"\0"  # what follows the last word


@dataclass(frozen=True, slots=True)
class Shape:
    """What of a text counts: pieces of `shortest` to `longest` letters, and `pairs` or not; `bits` is the size of the table."""

    shortest: int
    longest: int
    bits: int
    pairs: bool = True

    @property
    def mask(self) -> int:
        return (1 << self.bits) - 1

    def of_word(self, word: str) -> list[int]:
        """The places of a word and of its pieces, a piece that it holds twice twice."""
        mask, units = self.mask, _units(word)
        places = [crc32(units, _WHOLE) & mask]
        for size in range(2 * self.shortest, 2 * self.longest + 1, 2):
            places += [crc32(units[at : at + size]) & mask for at in range(0, len(units) - size + 1, 2)]
        return places

    def of_pairs(self, words: Iterable[tuple[bytes, int]]) -> set[int]:
        """The place of each pair of neighbours, and of the first and the last word, all given by `spelled`."""
        mask, before, places = self.mask, _FIRST, set()
        for units, checksum in words:
            places.add(crc32(units, before) & mask)
            before = checksum
        places.add(crc32(_END, before) & mask)
        return places


def spelled(word: str) -> tuple[bytes, int]:
    """A word as checksums read it, with its own, at which that of a pair begins."""
    units = _units(word)
    return units, crc32(units, _WHOLE)


def _units(word: str) -> bytes:
    return f" {word} ".encode("utf-16-le", "surrogatepass")


def words_of(folded: str) -> list[str]:
    """The words of a folded text (see relay.core.text), its runs of signs and emoji among them."""
    words = _TOKEN.findall(folded)[:MOST_WORDS]
    if "@" in folded:
        words = [_NAME if word[0] == "@" else word for word in words]
    if "://" in folded:
        words = [_LINK if word[0] == "h" and "://" in word else word for word in words]
    return [word[:LONGEST_WORD] for word in words]


def length_of(distinct: int) -> float:
    """What the sum of a text with so many different words is divided by: a long text is not offensive for its length."""
    return math.sqrt(distinct + 1)


class Additive:
    """A model that has learned; `unit` is what 1 in the table is worth, and `slope` turns a margin into a certainty."""

    __slots__ = ("_of_word", "bias", "shape", "slope", "table", "unit")
    remembered: ClassVar[int] = REMEMBERED

    def __init__(self, shape: Shape, table: bytes, *, unit: float, bias: float, slope: float) -> None:
        """Raise ValueError when the table is not of the size that its shape asks for."""
        if len(table) != 1 << shape.bits:
            raise ValueError(f"the table has {len(table)} places and should have {1 << shape.bits}")
        self.shape = shape
        self.table = array("b", table)
        self.unit = unit
        self.bias = bias
        self.slope = slope
        self._of_word = lru_cache(self.remembered)(self._read)

    def margin(self, words: Sequence[str]) -> float:
        """Above 0 for the one class, below for the other, further away the surer."""
        known = {word: self._of_word(word) for word in words}
        total = sum([score for score, _ in known.values()])
        if self.shape.pairs:
            total += self._sum(self.shape.of_pairs([known[word][1] for word in words]))
        return total * self.unit / length_of(len(known)) + self.bias

    def certainty(self, words: Sequence[str]) -> float:
        """From 0 to 1; at 0.5, the balanced point, both classes are missed equally readily."""
        return logistic(self.margin(words) * self.slope)

    def _read(self, word: str) -> tuple[int, tuple[bytes, int]]:
        return self._sum(self.shape.of_word(word)), spelled(word)

    def _sum(self, places: Iterable[int]) -> int:
        return sum(map(self.table.__getitem__, places))


def logistic(value: float) -> float:
    return 1 / (1 + math.exp(-max(-60.0, min(60.0, value))))
