"""Outgoing: what makes somebody of the staff look again before their text leaves.

It holds words in a row, a number or an address that another member wrote, or an insult. What came up with several members, or
in a post, is nobody's; what staff alone wrote may be written to the next.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from relay.core.errors import Conflict, Fault
from relay.core.text import Text
from relay.core.thread import Role
from relay.core.unmask import WORD

RUN: Final = 6  # words in a row: fewer are said by everybody
COMMON: Final = 3  # members in whose conversations it came up: then it is nobody's
DIGITS: Final = 7  # of a number: shorter ones are prices, dates and rooms
END: Final = 8  # digits by which a number is known, with its country's code or without

_ADDRESS = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_NUMBER = re.compile(r"(?<!\w)(?:[a-z]{2}(?=\d{2}))?\+?\(?\d(?:[ ()/.-]{0,3}\d)+(?!\w)")

Mark = tuple[str, ...]
Place = tuple[int, int]


class CautionKind(StrEnum):
    """Why to look again."""

    WORDS = "words"
    CONTACT = "contact"
    INSULT = "insult"


@dataclass(frozen=True, slots=True)
class Caution:
    """`start` and `end` are its place in the text, None where it has none."""

    kind: CautionKind
    start: int | None
    end: int | None

    @property
    def place(self) -> tuple[int, ...]:
        """Empty where it has none."""
        return () if self.start is None or self.end is None else (self.start, self.end)


@dataclass(frozen=True, slots=True)
class Said:
    """A text of the conversation with this member, written by them or to them."""

    member: int
    role: Role
    text: Text


TOLD: Final[Mapping[CautionKind, str]] = {
    CautionKind.WORDS: "these are words from the conversation with another member",
    CautionKind.CONTACT: "this number or address comes from the conversation with another member",
    CautionKind.INSULT: "this is an insult",
}
LOOK_AGAIN: Final = "Look at this text again. To send it as it is, say why in `despite`."
REASONS: Final = ("agreed", "theirs", "public", "mistaken")
"""Why it goes out all the same: the other member agreed, it is theirs too, everybody knows it, it is not what it looks like.

Words of one's own would stand in the audit log for ever, and with them perhaps what the text holds.
"""


class Doubtful(Conflict):
    """A text that somebody should look at again before it leaves."""

    def __init__(self, found: Iterable[Caution] = ()) -> None:
        super().__init__(LOOK_AGAIN)
        self.faults = tuple(Fault(("body", "text", each.kind.value, *each.place), TOLD[each.kind]) for each in found)


def cautions(text: Text, member: int | None, said: Iterable[Said], posts: Iterable[Text]) -> list[Caution]:
    """What in `text`, which goes to this member (None: to everybody), belongs into other conversations, in order of place."""
    places = dict(_marks(text))
    if not places:
        return []
    where: dict[Mark, set[int]] = {}
    written = set[Mark]()
    for each in said:
        for mark in places.keys() & {mark for mark, _ in _marks(each.text)}:
            where.setdefault(mark, set()).add(each.member)
            if each.role is Role.MEMBER:
                written.add(mark)
    if not written:
        return []
    public = {mark for post in posts for mark, _ in _marks(post)}
    found = [mark for mark in written - public if member not in where[mark] and len(where[mark]) < COMMON]
    return [_caution(text, kind, place) for kind, place in _joined([(places[mark], _kind(mark)) for mark in found])]


def _marks(text: Text) -> Iterator[tuple[Mark, Place]]:
    """What a text can be known by, with its place in the folded view: words in a row, numbers, addresses."""
    folded = text.folded
    words = list(WORD.finditer(folded))
    for at in range(len(words) - RUN + 1):
        run = words[at : at + RUN]
        yield tuple(word[0] for word in run), (run[0].start(), run[-1].end())
    for match in _ADDRESS.finditer(folded):
        yield (match[0],), match.span()
    for match in _NUMBER.finditer(folded):
        digits = "".join(filter(str.isdigit, match[0]))
        if len(digits) >= DIGITS:
            yield (digits[-END:],), match.span()


def _kind(mark: Mark) -> CautionKind:
    return CautionKind.CONTACT if len(mark) == 1 else CautionKind.WORDS


def _joined(found: list[tuple[Place, CautionKind]]) -> list[tuple[CautionKind, Place]]:
    """Runs of words that overlap are one."""
    joined: list[tuple[CautionKind, Place]] = []
    for (start, end), kind in sorted(found):
        if joined and joined[-1][0] is kind and start <= joined[-1][1][1]:
            joined[-1] = kind, (joined[-1][1][0], max(end, joined[-1][1][1]))
        else:
            joined.append((kind, (start, end)))
    return joined


def _caution(text: Text, kind: CautionKind, place: Place) -> Caution:
    return Caution(kind, *text.place(*place))
