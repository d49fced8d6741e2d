"""A model: what staff taught about spam in one community; it is made once, never changed, and judges when staff say so.

A lesson is a person's decision about a message. A model knows the words that at least MEMBERS members wrote in its lessons, so
that nobody can read out of it what one of them wrote; it goes when one of those whom it learned from is erased.
"""

import base64
import zlib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import IntEnum
from random import Random
from typing import Any, ClassVar

from relay.core.additive import Additive, Shape, words_of
from relay.core.case import CaseView, Ruling
from relay.core.errors import Conflict
from relay.core.learning import Figures, Sample, figures, folds_of, learn, sample, unseen
from relay.core.staff import Actor

LEAST = 50  # lessons of each kind: with fewer, chance says more than the words
STILL_ENOUGH = 40  # of each kind for what follows a model in use: an erasure or two must not end what staff rely on
MORE = 50  # further lessons until a next one is learned: fewer change little, and each is something for people to look at
MOST = 1000  # lessons of each kind, the latest: what advertisers write changes, and learning ends within seconds
KEPT = 10  # models of a community beside the one in use: older ones nobody would go back to, and they hold words
MEMBERS = 5  # who wrote a word until it counts: of fewer one could tell whose it is
FOLDS = 5  # parts for cross-validation
SEED = 0  # the same lessons make the same model
SHAPE = Shape(shortest=3, longest=5, bits=16, pairs=False)  # pairs would hold what one member alone put beside each other
LARGEST = 1 << SHAPE.bits  # bytes of its table
OTHER = frozenset({"words", "offence"})  # plugins by which a message is rejected for its tone: that teaches nothing about spam


class Lesson(IntEnum):
    """What a person's decision teaches; stored as its number."""

    NONE = 0
    GOOD = 1
    SPAM = 2


def lesson_of(actor: Actor, view: CaseView, ruling: Ruling) -> Lesson:
    """What is delivered is good; what is rejected is spam, unless an insult was seen in it. A key teaches nothing.

    So moderation never learns from itself: a message about which no person decided is no lesson.
    """
    if actor.role is None:
        return Lesson.NONE
    if ruling is Ruling.DELIVER:
        return Lesson.GOOD
    is_insult = any(seen.plugin in OTHER and seen.weight > 0 for seen in view.signals)
    return Lesson.NONE if is_insult else Lesson.SPAM


@dataclass(frozen=True, slots=True)
class Taught:
    """A lesson with its text, by whom that is, as the key of a member, and when a person decided about it first."""

    member: int
    text: str
    is_spam: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class Lessons:
    """How many there are of each kind, those of people who were erased and those under appeal left out."""

    rejected: int = 0
    delivered: int = 0

    @property
    def are_enough(self) -> bool:
        """Whether a model may be learned from them."""
        return min(self.rejected, self.delivered) >= LEAST

    @property
    def are_still_enough(self) -> bool:
        """Whether they may make what follows a model in use."""
        return min(self.rejected, self.delivered) >= STILL_ENOUGH


@dataclass(frozen=True, slots=True)
class Content:
    """What a model is made of: its words with what each weighs, above 0 for spam, the strongest first; the table, packed."""

    words: Mapping[str, float]
    table: str
    unit: float
    bias: float
    slope: float


@dataclass(frozen=True, slots=True)
class Model:
    """`number` counts from 1 in its community; `upto` is when the latest of its lessons was given first.

    `rejected` and `delivered` count its lessons, `members` whom they are of. `emptied_at` is when one of them was erased, and
    what it knew with them. `is_outdated` says that a lesson was taken back since. `used_by` is the id of a person of staff.
    """

    id: str
    community: int
    number: int
    at: datetime
    upto: datetime
    rejected: int
    delivered: int
    members: int
    figures: Mapping[str, Any]
    words: int
    emptied_at: datetime | None = None
    used_at: datetime | None = None
    used_by: str = ""
    is_outdated: bool = False
    n: int = 0

    @property
    def is_in_use(self) -> bool:
        """Whether staff put it to use and did not take it back."""
        return self.used_at is not None

    @property
    def must_be_learned_anew(self) -> bool:
        """Whether it rests on what is not there any more."""
        return self.is_outdated or self.emptied_at is not None


@dataclass(frozen=True, slots=True)
class AddModel:
    """A new one; those go that are KEPT numbers older, but for one in use.

    Stale when one of its members was erased meanwhile, or when another has its number.
    """

    model: Model
    content: Content
    members: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class UseModel:
    """From now on it judges in its community, and no other. Stale when it is empty.

    With `instead_of` it takes the place of that one, by whom and since when that was put to use; nothing happens if it is not
    in use any more.
    """

    community: int
    model: str
    at: datetime
    by: str
    instead_of: str | None = None


@dataclass(frozen=True, slots=True)
class WithdrawModel:
    """It judges no more. Stale when it did not."""

    community: int
    model: str


Learning = AddModel | UseModel | WithdrawModel


def usable(model: Model) -> None:
    """Raise Conflict when it cannot be put to use."""
    if model.is_in_use:
        raise Conflict("This model is in use already.")
    if model.emptied_at is not None:
        raise Conflict("This model is empty: somebody whom it learned from was erased. Take a later one.")


@dataclass(frozen=True, slots=True)
class Wanted:
    """That a model should be learned, from lessons given up to a time (None: all); `instead_of` is the one that it follows."""

    upto: datetime | None = None
    instead_of: Model | None = None


def wanted(lessons: Lessons, newest: Model | None, in_use: Model | None) -> Wanted | None:
    """What should be learned now; None while nothing should.

    What follows a model in use learns from the same lessons without those that are gone: staff put no other to use.
    """
    if in_use is not None and in_use.must_be_learned_anew:
        return Wanted(in_use.upto, in_use)
    if not lessons.are_enough:
        return None
    if newest is None or newest.must_be_learned_anew:
        return Wanted()
    more = lessons.rejected + lessons.delivered - newest.rejected - newest.delivered
    return Wanted() if more >= MORE else None


class LearningFailed(RuntimeError):
    """What learns did not come to its end; the message says how."""


@dataclass(frozen=True, slots=True)
class Made:
    """What came of learning; `figures` are those of Figures, by their names."""

    content: Content
    figures: Mapping[str, Any]


def learned_from(texts: Sequence[tuple[int, bool, Sequence[str]]]) -> Made | None:
    """A model of (member, whether it is spam, the words of the text); None when no word was written by enough members."""
    writers: defaultdict[str, set[int]] = defaultdict(set)
    for member, _, words in texts:
        for word in words:
            writers[word].add(member)
    known = {word for word, members in writers.items() if len(members) >= MEMBERS}
    if not known:
        return None
    samples = [sample([word for word in words if word in known], SHAPE, is_so=is_spam) for _, is_spam, words in texts]
    seen = _validated(samples)
    model = learn(samples, SHAPE, SEED, seen.slope)
    weights = sorted(_weighed(model, known), key=lambda pair: (-abs(pair[1]), pair[0]))
    table = base64.b64encode(zlib.compress(model.table.tobytes(), 9)).decode()
    worth = {name: value if name == "by_fold" else round(value, 4) for name, value in asdict(seen).items()}
    worth["by_fold"] = [round(value, 4) for value in seen.by_fold]
    return Made(Content(dict(weights), table, model.unit, model.bias, model.slope), worth)


def _validated(samples: Sequence[Sample]) -> Figures:
    parts = folds_of(len(samples), FOLDS, Random(SEED))  # noqa: S311 - repeatable, no secret
    return figures(list(unseen(samples, SHAPE, parts)))


def _weighed(model: Additive, words: set[str]) -> Iterator[tuple[str, float]]:
    for word in words:
        yield word, round(sum(map(model.table.__getitem__, SHAPE.of_word(word))) * model.unit, 3)


class _Modest(Additive):
    """There is one for each community."""

    __slots__ = ()
    remembered: ClassVar[int] = 2_048  # words, some 600 KB


class Learned:
    """A model that judges; `number` names it."""

    __slots__ = ("_additive", "number", "words")

    def __init__(self, number: int, content: Content) -> None:
        table = zlib.decompressobj().decompress(base64.b64decode(content.table), LARGEST)
        self.number = number
        self.words = frozenset(content.words)
        self._additive = _Modest(SHAPE, table, unit=content.unit, bias=content.bias, slope=content.slope)

    def certainty(self, folded: str) -> float | None:
        """How surely a folded text is spam, 0 to 1, 0.5 being the balanced point; None where it knows none of the words."""
        words = words_of(folded)
        return self._additive.certainty(words) if any(word in self.words for word in words) else None


def untaught(_community: str) -> Learned | None:
    """No model is in use."""
    return None
