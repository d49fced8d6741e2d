"""Passphrase: what a person of staff signs in with; what makes one too weak, and how one is made ready to be hashed."""

import math
import re
import unicodedata
from enum import Enum
from itertools import pairwise

LONG = 12  # characters: from here on it is weak only where it is nearly empty of surprise
SHORT = 8  # characters: below it nothing helps
MOST = 256  # characters: room for a long sentence, and no work for nothing
BITS_LONG = 40.0  # a trillion guesses of 0.1 s each, for who has stolen the hash; others are limited besides
BITS_SHORT = 56.0  # where length says little, the rest has to be as good as drawn
BITS_WORD = 7.0  # of a word on the list below, or of the person's own name
BITS_STEP = 1.0  # of a character that follows from the one before: aaaa, 1234, dcba

# The stems of what lists of leaked passwords begin with, in the languages of the relay; longest first, so that none hides.
_COMMON = sorted(
    "password passwort passphrase kennwort geheim secret qwertyuiop qwertzuiop qwerty qwertz asdfghjkl asdfgh yxcvbnm zxcvbnm "
    "letmein welcome willkommen admin administrator login hallo hello master dragon monkey sunshine princess shadow football "
    "fussball baseball superman batman iloveyou ichliebedich schatz sommer winter summer spring herbst frühling internet "
    "computer relay foureyes owner changeme test start abc123 passw0rd p@ssword p@ssw0rd p@ssw0rt passw0rt default".split(),
    key=len,
    reverse=True,
)
_CLASSES = ((re.compile("[a-z]"), 26), (re.compile("[A-Z]"), 26), (re.compile("[0-9]"), 10), (re.compile("[ -/:-@[-`{-~]"), 33))
_OTHERS = 100  # letters of other scripts, at the least


class Fit(Enum):
    """Whether a passphrase is the one that a hash was made of; OUTDATED: it is, and should be hashed anew at today's cost."""

    NO = "no"
    YES = "yes"
    OUTDATED = "outdated"


def prepared(passphrase: str) -> str:
    """The same text however a keyboard composes its letters (RFC 8265, OpaqueString)."""
    return unicodedata.normalize("NFC", passphrase)


def weakness(passphrase: str, name: str = "") -> str | None:
    """Why somebody would guess it; None when it will do. `name` is the person's own."""
    if len(passphrase) < SHORT:
        return f"needs at least {LONG} characters"
    bits = strength(passphrase, name)
    if len(passphrase) < LONG and bits < BITS_SHORT:
        return f"needs at least {LONG} characters, unless it is drawn at random"
    if bits < BITS_LONG:
        return "is too easy to guess: it repeats itself, or holds little but common words, rows of keys or your name"
    return None


def strength(passphrase: str, name: str = "") -> float:
    """An estimate from below, in bits: what is common or follows from what stands before counts little."""
    rest, words = _without_words(_once(prepared(passphrase)), name)
    steps = sum(_follows(before, after) for before, after in pairwise(rest))
    return words * BITS_WORD + steps * BITS_STEP + (len(rest) - steps) * math.log2(_alphabet(rest))


def _once(text: str) -> str:
    """Of a text that is one piece again and again, that piece."""
    period = (text + text).find(text, 1)
    return text[:period] if 0 < period < len(text) else text


def _without_words(text: str, name: str) -> tuple[str, int]:
    """What is left, and how many words were taken out."""
    own = [part for part in re.split(r"\W+", name) if len(part) > 2]  # noqa: PLR2004  shorter ones stand in any text
    found = 0
    for word in (*own, *_COMMON):
        text, count = re.subn(re.escape(word), "", text, flags=re.IGNORECASE)
        found += count
    return text, found


def _follows(before: str, after: str) -> bool:
    return abs(ord(before) - ord(after)) <= 1


def _alphabet(text: str) -> int:
    """How many characters somebody would have to try at each place."""
    known = sum(size for pattern, size in _CLASSES if pattern.search(text))
    return max(2, known + (_OTHERS if any(ord(character) > 126 for character in text) else 0))  # noqa: PLR2004  ASCII's last
