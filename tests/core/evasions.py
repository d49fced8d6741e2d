"""Evasions: ways to disguise a word so that people still read it. Each takes a word and a source of chance."""

from collections.abc import Callable, Mapping
from random import Random
from types import MappingProxyType
from typing import Final

Disguise = Callable[[str, Random], str]

_LEET = {"a": "4@", "e": "3€", "i": "1!", "o": "0", "s": "5$", "t": "7+", "g": "9", "b": "8", "l": "1|", "z": "2"}
_CYRILLIC = {"a": "а", "c": "с", "e": "е", "i": "і", "j": "ј", "o": "о", "p": "р", "s": "ѕ", "x": "х", "y": "у", "h": "һ"}
_GREEK = {"a": "α", "i": "ι", "o": "ο", "p": "ρ", "v": "ν", "k": "κ", "u": "υ", "t": "τ"}
_INVISIBLE = "\u200b\u200c\u200d\u2060\u00ad\ufeff\u2063"
_MARKS = "\u0300\u0301\u0302\u0303\u0307\u0323\u0332\u0336\u0338\u035c"
_DOTS = {"a": "ä", "o": "ö", "u": "ü"}
_SPELLED = {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"}


def _leet(word: str, random: Random) -> str:
    """At least one letter, most of those that have a sign."""
    chosen = [random.choice(_LEET[char]) if char in _LEET and random.random() < 0.8 else char for char in word]
    return "".join(chosen)


def _joined(*signs: str) -> Disguise:
    return lambda word, random: random.choice(signs).join(word)


def _spaced_widely(word: str, random: Random) -> str:
    return random.choice((" - ", " . ", "  ", " * ")).join(word)


def _inserted(signs: str) -> Disguise:
    """One to three signs, never before the first letter and never behind the last."""

    def disguise(word: str, random: Random) -> str:
        for _ in range(random.randint(1, 3)):
            place = random.randrange(1, len(word))
            word = word[:place] + random.choice(signs) + word[place:]
        return word

    return disguise


def _swapped(table: Mapping[str, str]) -> Disguise:
    return lambda word, _: "".join(table.get(char, char) for char in word)


def _shifted(first: int) -> Disguise:
    """Another alphabet of Latin letters: wide, bold, circled, squared."""
    return lambda word, _: "".join(chr(first + ord(char) - ord("a")) if "a" <= char <= "z" else char for char in word)


def _marked(word: str, random: Random) -> str:
    return "".join(char + "".join(random.choices(_MARKS, k=random.randint(1, 3))) for char in word)


def _stretched(word: str, random: Random) -> str:
    """Some letters twice, one at least three times."""
    longest = random.randrange(len(word))
    return "".join(char * (random.randint(3, 6) if at == longest else random.randint(1, 2)) for at, char in enumerate(word))


def _doubled(word: str, random: Random) -> str:
    place = random.randrange(len(word))
    return word[:place] + word[place] + word[place:]


def _one_star(word: str, random: Random) -> str:
    place = random.randrange(1, len(word) - 1)
    return word[:place] + "*" + word[place + 1 :]


def _stars_for_vowels(word: str, _: Random) -> str:
    return word[0] + "".join("*" if char in "aeiouäöü" else char for char in word[1:-1]) + word[-1]


def _stars_between(word: str, _: Random) -> str:
    return word[0] + "*" * (len(word) - 2) + word[-1]


def _stars_to_the_end(word: str, _: Random) -> str:
    return word[: len(word) // 2] + "*" * (len(word) - len(word) // 2)


def _any_signs(word: str, random: Random) -> str:
    """Two letters or more, as in f@#k."""
    first = random.randrange(1, max(2, len(word) - 3))
    return word[:first] + "".join(random.choices("@#$%&*!", k=2)) + word[first + 2 :]


def _cased(word: str, random: Random) -> str:
    return "".join(random.choice((char.upper, char.lower))() for char in word)


def _two_at_once(word: str, random: Random) -> str:
    return " ".join(_leet(word, random))


EVASIONS: Final[Mapping[str, Disguise]] = MappingProxyType(
    {
        "leetspeak": _leet,
        "spaced": _joined(" "),
        "spaced widely": _spaced_widely,
        "dotted": _joined("."),
        "hyphens": _joined("-", "_", "–"),
        "commas and strokes": _joined(",", "/", "~", "'", "^"),
        "inserted signs": _inserted(".-_/'~^"),
        "zero width": _inserted(_INVISIBLE),
        "Cyrillic": _swapped(_CYRILLIC),
        "Greek": _swapped(_GREEK),
        "wide": _shifted(0xFF41),
        "bold": _shifted(0x1D41A),
        "circled": _shifted(0x24D0),
        "squared": _shifted(0x1F170),
        "marks": _marked,
        "stretched": _stretched,
        "doubled": _doubled,
        "one star": _one_star,
        "stars for vowels": _stars_for_vowels,
        "stars between": _stars_between,
        "stars to the end": _stars_to_the_end,
        "any signs": _any_signs,
        "dots on vowels": _swapped(_DOTS),
        "spelled umlauts": _swapped(_SPELLED),
        "mixed case": _cased,
        "swapped case": lambda word, _: word.capitalize().swapcase(),
        "spaced leetspeak": _two_at_once,
    }
)
