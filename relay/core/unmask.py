"""Unmasking: the words that a disguised spelling stands for, such as sh1t, f.u.c.k, a r s c h and fuuuck.

Everything here takes folded text (see relay.core.text) and gives candidates; whether one of them matters is for a word list to
say. Clean text costs a few microseconds, and no input costs more than linear time.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import islice, product
from operator import add
from typing import NamedTuple

WORD = re.compile(r"[^\W_]+")
WIDEST_PART = 64  # characters of one chunk that are looked at: no listed word is longer, and a wall of signs stays cheap
LONGEST_SPELLING = 48  # letters of a spaced-out run that are joined
MOST_MASKS = 300  # of one text: what hides more words than this is a wall of signs, and one hit would have shown by then

# Letters that stand alone, first those with blanks between, where signs may be letters too; sharp s is two of them.
_SPELLED = re.compile(
    r"(?<!\S)(?:[\w@$€!|+]|ss)(?:\s{1,2}(?:[\w@$€!|+]|ss)(?![^\s.,:;!?])){2,}"
    r"|\b(?:\w|ss)\b(?:[\W_]{1,3}(?:\w|ss)\b){2,}"
)
_TRIPLE = re.compile(r"([^\W\d_])\1\1")
_RUN = re.compile(r"([^\W\d_])\1\1+")
_DOUBLE = re.compile(r"([^\W\d_])\1+")
_EDGE = ".,:;?'\"„“”‚‘’`´()[]{}<>«»…–—-_*#/\\~^=&%"
_EDGE_BUT_STARS = _EDGE.replace("*", "").replace("#", "")
_ANY_STAR = re.compile(r"[*#%&§•●×∗]|[@$!?^~+]{2}")
_BREAKS = re.compile(r"[.,:;/\\…–—\-&=?\"]+")
_SIGNS = re.compile(r"[^\w]+|_+")
# One sign, or a row of any (f**k, f@#k), where letters are missing; at the end only stars, since signs end words anyway.
_STARS = re.compile(
    r"(?<=[^\W\d_])(?:[*#%&§•●×∗]+|[*#%&§•●×∗@$!?^~+]{2,})(?=[^\W\d_])|(?<=[^\W\d_]{2})\*+$",
)

_LEET = {"0": "o", "1": "i", "2": "z", "3": "e", "4": "a", "5": "s", "6": "g", "7": "t", "8": "b", "9": "g"}
_SIGNED = {"@": "a", "$": "s", "!": "i", "|": "i", "€": "e", "+": "t", "(": "c", "¢": "c", "£": "l"}
_UMLAUTS = {"ä": "a", "ö": "o", "ü": "u"}
_SURE = str.maketrans({sign: letter for sign, letter in {**_LEET, **_SIGNED}.items() if sign not in "1!|"})
_FLAT = str.maketrans(_UMLAUTS)
_TWO_READINGS = re.compile(r"[1!|]")  # each may be an i or an l
MOST_TWO_READINGS = 4  # signs of one word: with more of them all are read alike
_READS_AS_LETTER = frozenset(_LEET) | frozenset(_SIGNED)
_DIGITS = "0123456789"


class Mask(NamedTuple):
    """A piece of folded text and what it may stand for: plain words, or a pattern in which `?` is one unknown letter."""

    shown: str
    words: tuple[str, ...]
    pattern: str = ""


def masks(folded: str) -> tuple[Mask, ...]:
    """Give every disguise in `folded`, at most MOST_MASKS; a clean word gives none."""
    found = [_spelled(run[0]) for run in _SPELLED.finditer(folded)]
    if _TRIPLE.search(folded):
        stretched = (word[:WIDEST_PART] for word in WORD.findall(folded) if _TRIPLE.search(word))
        found += map(_stretched, islice(stretched, MOST_MASKS))
    for chunk in folded.split():
        if not chunk.isalpha():
            core = chunk.strip(_EDGE)
            if core.isalpha() and "*" not in chunk:
                continue
            found += _chunk(core[:WIDEST_PART], chunk)
            if len(found) > MOST_MASKS:
                break
    return tuple(found[:MOST_MASKS])


def squeeze(folded: str) -> str:
    """Reduce every repeated letter to one."""
    return _DOUBLE.sub(r"\1", folded)


def flatten(word: str) -> str:
    """Take the dots off umlauts: they serve as a disguise for the plain vowel."""
    return word.translate(_FLAT)


def unmasked(folded: str, found: tuple[Mask, ...]) -> str:
    """Replace every disguise by its first reading."""
    for mask in found:
        if mask.words:
            folded = folded.replace(mask.shown, mask.words[0], 1)
    return folded


def _spelled(run: str) -> Mask:
    """Join letters that stand alone; a neighbour that is a word of its own ("I", "a") may have slipped in at either end."""
    pieces = ("".join(run.split()), _SIGNS.sub("", run))
    words = dict.fromkeys(word for piece in pieces for word in _leet(piece[:LONGEST_SPELLING]))
    return Mask(run, (*words, *(word[1:] for word in words), *(word[:-1] for word in words)))


def _stretched(word: str) -> Mask:
    return Mask(word, (_RUN.sub(r"\1", word), _RUN.sub(r"\1\1", word), squeeze(word)))


def _chunk(core: str, chunk: str) -> Iterator[Mask]:
    if "://" in core:
        return
    if "*" in chunk or _ANY_STAR.search(core):
        starred = _STARS.sub(_unknown, chunk.strip(_EDGE_BUT_STARS + "!")[:WIDEST_PART])
        if "?" in starred:
            yield Mask(core, (), "".join(sign for sign in starred if sign == "?" or sign.isalpha()))
    bare = core.rstrip("!")
    if bare and not bare.isalpha():
        words = dict.fromkeys(_readings(bare))
        words.pop(bare, None)
        words.pop("", None)
        if words:
            yield Mask(bare, tuple(words))


def _unknown(match: re.Match[str]) -> str:
    return "?" * len(match[0])


def _readings(bare: str) -> Iterator[str]:
    """Give the readings of the whole first, then those of its parts."""
    plain = _SIGNS.sub("", bare)
    if plain.isdigit():
        return
    if bare[0] == "@":
        yield plain  # more often a name than a word that begins with a
    if not _READS_AS_LETTER.isdisjoint(bare):
        yield from _leet(bare)
    yield plain
    if plain[-1:].isdigit() or plain[:1].isdigit():
        yield plain.strip(_DIGITS)
    parts = _BREAKS.split(bare)
    if len(parts) > 1:
        for part in parts:
            if part and not part.isalpha():
                yield from _leet(part)


def _leet(piece: str) -> Iterator[str]:
    sure = piece.translate(_SURE)
    doubtful = len(_TWO_READINGS.findall(sure))
    if doubtful <= MOST_TWO_READINGS:
        choices: Iterable[Iterable[str]] = product("il", repeat=doubtful)
    else:
        choices = ("i" * doubtful, "l" * doubtful)
    pieces = _TWO_READINGS.split(sure)
    for letters in choices:
        yield _SIGNS.sub("", "".join(map(add, pieces, (*letters, ""))))
