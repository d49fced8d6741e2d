"""Reach: how far up the ladder members come by their strikes, counted beside each other for what was and what would be."""

from collections import Counter, OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from relay.core.ladder import Ladder, MeasureKind

MOST_MEMBERS = 100_000  # with a strike; who was quiet for longest is counted, and begins anew with the next one


@dataclass(frozen=True, slots=True)
class Step:
    """Of members with a strike on either side, how many come to `kind` and no further; None is below the lowest rung."""

    kind: MeasureKind | None
    then: int
    now: int


@dataclass(slots=True)
class _Climb:
    """The points are those at `at`, the last strike; `highest` is how many rungs were reached."""

    points: float = 0.0
    at: datetime | None = None
    highest: int = 0

    def strike(self, ladder: Ladder, at: datetime) -> None:
        passed = max((at - self.at) / ladder.half_life, 0.0) if self.at else 0.0
        self.points = self.points * 0.5**passed + ladder.strike
        self.at = max(at, self.at or at)
        self.highest = max(self.highest, sum(self.points >= rung.points for rung in ladder.rungs))


@dataclass(slots=True)
class Reach:
    """Takes strikes in the order of their times. Between two of them points only fall, so the highest is found at a strike."""

    ladder: Ladder
    most: int = MOST_MEMBERS
    _climbs: OrderedDict[str, tuple[_Climb, _Climb]] = field(default_factory=OrderedDict)
    _settled: tuple[Counter[int], Counter[int]] = field(default_factory=lambda: (Counter(), Counter()))

    def add(self, member: str, at: datetime, *, then: bool, now: bool) -> None:
        """A message that was a strike, would be one, or both."""
        if not (then or now) or self.ladder.strike <= 0:
            return
        climbs = self._climbs.pop(member, None) or (_Climb(), _Climb())
        for climb, is_strike in zip(climbs, (then, now), strict=True):
            if is_strike:
                climb.strike(self.ladder, at)
        self._climbs[member] = climbs
        if len(self._climbs) > self.most:
            _, quiet = self._climbs.popitem(last=False)
            _count(self._settled, quiet)

    def steps(self) -> Sequence[Step]:
        """From below the lowest rung upwards."""
        sides = Counter(self._settled[0]), Counter(self._settled[1])
        for climbs in self._climbs.values():
            _count(sides, climbs)
        kinds = (None, *(rung.kind for rung in self.ladder.rungs))
        return [Step(kind, sides[0][place], sides[1][place]) for place, kind in enumerate(kinds)]


def _count(sides: tuple[Counter[int], Counter[int]], climbs: tuple[_Climb, _Climb]) -> None:
    for side, climb in zip(sides, climbs, strict=True):
        side[climb.highest] += 1
