"""Word lists: find listed words and phrases in a text, however they are disguised, and only as whole words.

An entry is a word ("idiot"), the start of words ("idiot*"), the end of words ("*idiot") or a phrase ("halt die klappe").
Whole words keep Scunthorpe and Klassenfahrt out; the allow list takes entries of the same shape and wins over everything.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from relay.core.text import Tables, Text, fold
from relay.core.unmask import WORD, Mask, flatten, squeeze

STEM = 4  # letters: the shortest start or end that an entry with * may have, and the key it is found by
LONGEST_STARRED_END = 4  # letters that a starred word may have behind the start that is listed
SHORTEST_DISGUISED = 4  # letters: shorter readings of spaced or starred text are accidents more often than words
_SPELLED = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})


@dataclass(frozen=True, slots=True)
class Hit:
    """One listed word: its group, the entry as listed, the place in the raw text, and whether it was disguised."""

    group: str
    entry: str
    start: int | None
    end: int | None
    disguised: bool


@dataclass(frozen=True, slots=True)
class _Entry:
    group: str
    listed: str
    tokens: tuple[str, ...]


class _Index:
    """Entries by the shape in which they are looked up; phrases by their longest word, the rarest to meet."""

    __slots__ = ("exact", "heads", "parts", "phrases", "tails")

    def __init__(self, groups: Mapping[str, Iterable[str]], tables: Tables) -> None:
        self.exact: dict[str, _Entry] = {}
        self.heads: dict[str, list[tuple[str, _Entry]]] = {}
        self.tails: dict[str, list[tuple[str, _Entry]]] = {}
        self.phrases: dict[str, list[tuple[int, _Entry]]] = {}
        self.parts: set[str] = set()
        for group, entries in groups.items():
            for listed in entries:
                self._add(group, listed, tables)

    def _add(self, group: str, listed: str, tables: Tables) -> None:
        tokens = tuple(WORD.findall(fold(listed.replace("*", " "), tables)))
        if not tokens:
            raise ValueError(f"the entry {listed!r} holds no word")
        entry = _Entry(group, listed, tokens)
        if len(tokens) > 1:
            key = max(tokens, key=len)
            self.phrases.setdefault(key, []).append((tokens.index(key), entry))
            self.parts.update(tokens)
            return
        stem = tokens[0]
        if (listed.startswith("*") or listed.endswith("*")) and len(stem) < STEM:
            raise ValueError(f"the entry {listed!r} needs at least {STEM} letters beside the *")
        self.exact.setdefault(stem, entry)
        if (spelled := stem.translate(_SPELLED)) != stem:
            self.exact.setdefault(spelled, entry)
        if listed.endswith("*"):
            self.heads.setdefault(stem[:STEM], []).append((stem, entry))
        if listed.startswith("*"):
            self.tails.setdefault(stem[-STEM:], []).append((stem, entry))

    def word(self, word: str) -> _Entry | None:
        """Look one word up as a whole, by its start and by its end."""
        if (entry := self.exact.get(word)) is not None:
            return entry
        for stem, entry in self.heads.get(word[:STEM], ()):
            if word.startswith(stem):
                return entry
        for stem, entry in self.tails.get(word[-STEM:], ()):
            if word.endswith(stem):
                return entry
        return None

    def words(self, words: Sequence[str]) -> Iterator[tuple[str, _Entry]]:
        """Look many up; that none of them is listed shows quickly."""
        if (
            self.exact.keys().isdisjoint(words)
            and self.heads.keys().isdisjoint([word[:STEM] for word in words])
            and (not self.tails or self.tails.keys().isdisjoint([word[-STEM:] for word in words]))
        ):
            return
        for word in words:
            if (entry := self.word(word)) is not None:
                yield word, entry

    def phrase(self, tokens: Sequence[str]) -> Iterator[_Entry]:
        if self.phrases.keys().isdisjoint(tokens):
            return
        for at, token in enumerate(tokens):
            for offset, entry in self.phrases.get(token, ()):
                first = at - offset
                if first >= 0 and tuple(tokens[first : first + len(entry.tokens)]) == entry.tokens:
                    yield entry


class WordList:
    """Groups of entries, compiled once; `find` is safe to call for any text."""

    __slots__ = ("_allowed", "_by_length", "_flat", "_listed", "_ranks", "_squeezed")

    def __init__(self, groups: Mapping[str, Iterable[str]], allow: Iterable[str] = (), tables: Tables | None = None) -> None:
        """Compile; raise ValueError naming an entry that holds no word or too short a stem. A word stays in its first group."""
        tables = tables or Tables()
        self._listed = _Index(groups, tables)
        self._allowed = _Index({"": allow}, tables)
        self._squeezed: dict[str, list[tuple[str, _Entry]]] = {}
        self._by_length: dict[int, list[tuple[str, _Entry]]] = {}
        self._flat: dict[str, _Entry] = {}
        self._ranks = {group: rank for rank, group in enumerate(groups)}
        for word, entry in self._listed.exact.items():
            self._squeezed.setdefault(squeeze(word), []).append((word, entry))
            self._by_length.setdefault(len(word), []).append((word, entry))
            if not word.isascii():
                self._flat[flatten(word)] = entry

    def __len__(self) -> int:
        return len(self._listed.exact) + sum(map(len, self._listed.phrases.values()))

    def find(self, text: Text) -> list[Hit]:
        """Give each listed entry once, plain spellings first, then phrases and disguises."""
        tokens = text.tokens
        plain = dict(self._listed.words(tokens))
        found = [(entry, word, False) for word, entry in plain.items()]
        found += [(entry, entry.tokens[0], False) for entry in self._listed.phrase(tokens)]
        found += [(entry, word, True) for entry, word in self._disguised(text) if word not in plain]
        if not found:
            return []
        innocent = {word for word, _ in self._allowed.words(tokens)}
        for entry in self._allowed.phrase(tokens):
            innocent.update(entry.tokens)
        hits: dict[_Entry, Hit] = {}
        for entry, word, disguised in found:
            if entry not in hits and word not in innocent:
                hits[entry] = _hit(text, entry, word, disguised=disguised)
        return list(hits.values())

    def _disguised(self, text: Text) -> Iterator[tuple[_Entry, str]]:
        yield from self._doubled(text)
        if not text.folded.isascii():
            flat = {flatten(token): token for token in text.tokens if not token.isascii()}
            for word, entry in self._listed.words(list(flat)):
                yield entry, flat[word]
            for word in self._flat.keys() & flat.keys():
                yield self._flat[word], flat[word]
        if masks := text.masks:
            readings = {word: mask.shown for mask in masks for word in mask.words if len(word) >= SHORTEST_DISGUISED}
            for word, entry in self._listed.words(list(readings)):
                yield entry, readings[word]
            for mask in masks:
                if mask.pattern:
                    yield from self._starred(mask)
            if not self._listed.parts.isdisjoint(readings):
                for entry in self._listed.phrase(WORD.findall(text.unmasked)):
                    yield entry, entry.tokens[0]

    def _doubled(self, text: Text) -> Iterator[tuple[_Entry, str]]:
        """Find words with letters written twice (fuuck), never ones with a letter too few (as for ass)."""
        if self._squeezed.keys().isdisjoint(text.squeezed):
            return
        for token, thin in zip(text.tokens, text.squeezed, strict=False):
            for word, entry in self._squeezed.get(thin, ()):
                if len(token) > len(word) >= SHORTEST_DISGUISED and _stretches(token, word):
                    yield entry, token

    def _starred(self, mask: Mask) -> Iterator[tuple[_Entry, str]]:
        """Match stars as unknown letters, where enough of the word is still there; an entry with * may go on behind it.

        What was hidden can only be guessed, so one mask is one hit, and of several words the one in the last group.
        """
        fitting: list[_Entry] = []
        for cut in range(LONGEST_STARRED_END + 1):
            pattern = mask.pattern[: len(mask.pattern) - cut]
            if len(pattern) < (STEM + 1 if cut else SHORTEST_DISGUISED):
                break
            if _shows_enough(pattern):
                fitting += [
                    entry
                    for word, entry in self._by_length.get(len(pattern), ())
                    if (not cut or entry.listed.endswith("*")) and _fits(pattern, word)
                ]
        if fitting:
            yield max(fitting, key=lambda entry: self._ranks[entry.group]), mask.shown


def _shows_enough(pattern: str) -> bool:
    """Half of the letters, or with several hidden the first, and the last or one more: a single star is a footnote as often."""
    hidden = pattern.count("?")
    if hidden * 2 <= len(pattern):
        return True
    return "??" in pattern and pattern[0] != "?" and len(pattern) - hidden > 1


def _fits(pattern: str, word: str) -> bool:
    return all(sign in {"?", letter} for sign, letter in zip(pattern, word, strict=True))


def _stretches(token: str, word: str) -> bool:
    return re.fullmatch("".join(re.escape(letter) + "+" for letter in word), token) is not None


def _hit(text: Text, entry: _Entry, word: str, *, disguised: bool) -> Hit:
    """Find the place: of the word as it stands in the folded view, or from a phrase's first word to its last."""
    folded = text.folded
    start = _whole(folded, word, 0)
    if start >= 0 and len(entry.tokens) > 1:
        last = entry.tokens[-1]
        end = _whole(folded, last, start + len(word)) + len(last)
    else:
        end = start + len(word)
    if start < 0 or end <= start:
        return Hit(entry.group, entry.listed, None, None, disguised)
    return Hit(entry.group, entry.listed, *text.place(start, end), disguised)


def _whole(folded: str, word: str, start: int) -> int:
    """Where it stands as a word, else where it stands at all, else -1."""
    first = at = folded.find(word, start)
    while at >= 0:
        end = at + len(word)
        if not (folded[max(0, at - 1) : at].isalnum() or folded[end : end + 1].isalnum()):
            return at
        at = folded.find(word, at + 1)
    return first
