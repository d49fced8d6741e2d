"""Replay: messages judged again beside what was decided then, in sums that stay small however many messages there are.

A person's ruling is what it is measured by: a message that moderation kept and a person delivered was a false alarm, one that
a person rejected a hit. What nobody looked at says neither.
"""

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random

from relay.core.ladder import Ladder
from relay.core.measure import counts
from relay.core.reach import Reach
from relay.core.thread import effect_of, effect_of_ruling, status_after
from relay.core.verdict import Action, Decision, Submission

KEPT = (Action.FLAG, Action.NUDGE, Action.HOLD, Action.REJECT, Action.DISCARD)  # what brings a message before staff, or away
STEPS = 16  # of a doubling: a percentile is 4 % too high at most


@dataclass(frozen=True, slots=True)
class Past:
    """A message as it came, what moderation decided in the end, and what a person made of it; None where nobody ruled.

    `is_strike` says that it was one and that no appeal took it back.
    """

    submission: Submission
    action: Action
    score: float
    ruled: Action | None = None
    is_strike: bool = False


@dataclass(frozen=True, slots=True)
class Event:
    """A decision in the ledger's order, the `n`th: what it added to the member's `approved`.

    `past` is there with the first decision about a message alone.
    """

    n: int
    member: int
    approves: int
    past: Past | None = None


@dataclass(frozen=True, slots=True)
class Span:
    """The part of the ledger that is replayed, from the first decision to the last, and how many messages came in it."""

    first: int
    last: int
    messages: int


@dataclass(frozen=True, slots=True)
class Flip:
    """A message about which the two decisions differ; `signals` are those of today."""

    past: Past
    action: Action
    score: float
    signals: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Toll:
    """Of the messages that met with one action: how many a person delivered, how many rejected, the rest nobody ruled on."""

    messages: int = 0
    delivered: int = 0
    rejected: int = 0

    @property
    def false_alarms(self) -> float | None:
        """The share of false alarms among those that a person ruled on; None while there is none."""
        ruled = self.delivered + self.rejected
        return self.delivered / ruled if ruled else None


def approves(action: Action, own: Action, text: str, *, ruled: bool, before: Action | None) -> int:
    """What a decision added to its member's `approved`; `before` is the action of the one before about the same message."""
    if not ruled:
        return effect_of(Decision(action, 0.0, own=own), text).approves
    status = status_after(Decision(before or own, 0.0))
    return effect_of_ruling(status, own, status_after(Decision(action, 0.0)), text).approves


def would_strike(past: Past, decision: Decision) -> bool:
    """Whether the message would be one today: by a rule that is certain, or by the person who rejected it and would see it."""
    if past.ruled is Action.ALLOW:
        return False
    return counts(decision) or (past.ruled is Action.REJECT and decision.action in KEPT)


@dataclass(slots=True)
class Spread:
    """How long something took, again and again."""

    count: int = 0
    seconds: float = 0.0
    _steps: Counter[int] = field(default_factory=Counter)

    def add(self, seconds: float) -> None:
        self.count += 1
        self.seconds += seconds
        self._steps[math.ceil(STEPS * math.log2(max(seconds * 1e6, 1.0)))] += 1

    @property
    def mean_us(self) -> float:
        """0 while nothing was added."""
        return self.seconds / self.count * 1e6 if self.count else 0.0

    def below_us(self, share: float) -> float:
        """The microseconds that `share` of all took at most; 0 while nothing was added."""
        left = math.ceil(self.count * share)
        for step, count in sorted(self._steps.items()):
            left -= count
            if left <= 0:
                return float(2 ** (step / STEPS))
        return 0.0


class Tally:
    """Adds up a replay. Of each kind of flip it keeps `samples`, drawn evenly from all of that kind.

    Strikes of both sides are put on the one `ladder`, so that nothing but what is judged tells them apart.
    """

    def __init__(self, samples: int, random: Random, ladder: Ladder | None = None) -> None:
        self.reach = Reach(ladder or Ladder())
        self.messages = 0
        self.matrix: Counter[tuple[Action, Action]] = Counter()
        self.costs: dict[str, Spread] = {}
        self._ruled: Counter[tuple[Action, Action, Action]] = Counter()
        self._flips: dict[tuple[Action, Action], list[Flip]] = {}
        self._samples = samples
        self._random = random

    def add(self, past: Past, decision: Decision) -> None:
        """One message."""
        kind = past.action, decision.action
        self.messages += 1
        self.matrix[kind] += 1
        written = past.submission
        self.reach.add(written.member.id, written.at, then=past.is_strike, now=would_strike(past, decision))
        if past.ruled is not None:
            self._ruled[*kind, past.ruled] += 1
        if past.action is not decision.action:
            self._keep(kind, past, decision)

    def took(self, plugin: str, seconds: float) -> None:
        """One check of one plugin."""
        self.costs.setdefault(plugin, Spread()).add(seconds)

    def before(self, action: Action) -> Toll:
        """What met with `action` then."""
        return self._toll(0, action)

    def now(self, action: Action) -> Toll:
        """What would meet with it today."""
        return self._toll(1, action)

    @property
    def flips(self) -> list[Flip]:
        """The samples, kind by kind, the mildest first."""
        kinds = sorted(self._flips, key=lambda kind: (kind[0].severity, kind[1].severity))
        return [flip for kind in kinds for flip in self._flips[kind]]

    @property
    def flipped(self) -> int:
        """How many messages flip, sampled or not."""
        return sum(count for (before, now), count in self.matrix.items() if before is not now)

    def _toll(self, side: int, action: Action) -> Toll:
        ruled = {ruling: _sum(self._ruled, side, action, ruling) for ruling in (Action.ALLOW, Action.REJECT)}
        messages = sum(count for kind, count in self.matrix.items() if kind[side] is action)
        return Toll(messages, ruled[Action.ALLOW], ruled[Action.REJECT])

    def _keep(self, kind: tuple[Action, Action], past: Past, decision: Decision) -> None:
        kept = self._flips.setdefault(kind, [])
        place = len(kept) if len(kept) < self._samples else self._random.randrange(self.matrix[kind])
        if place < self._samples:
            names = tuple(dict.fromkeys(seen.signal.name for seen in decision.signals))
            kept[place : place + 1] = [Flip(past, decision.action, decision.score, names)]


def _sum(ruled: Mapping[tuple[Action, Action, Action], int], side: int, action: Action, ruling: Action) -> int:
    return sum(count for kind, count in ruled.items() if kind[side] is action and kind[2] is ruling)
