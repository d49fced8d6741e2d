"""The ladder: strikes against a member, which halve with time, and the measure that so many of them are met with."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class MeasureKind(StrEnum):
    """What a case does to a member, mildest first."""

    WARN = "warn"  # tells, and does nothing else
    SLOW = "slow"  # one message in a while
    PRE_MODERATION = "pre_moderation"  # a person looks at each message before the team gets it
    SHADOW = "shadow"  # messages are taken as usual and kept out of the inbox; only a person, and only where it is allowed
    MUTE = "mute"  # no messages
    BAN = "ban"  # no messages, and no posts; only a person imposes it


@dataclass(frozen=True, slots=True)
class Strike:
    """A weight against a member, from one case; `taken_back_at` when an appeal in it succeeded."""

    case: str
    points: float
    at: datetime
    taken_back_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Rung:
    """From so many points on a member meets this measure, for so long."""

    kind: MeasureKind
    points: float
    lasts: timedelta


RUNGS = (
    Rung(MeasureKind.WARN, 3, timedelta(days=14)),
    Rung(MeasureKind.SLOW, 6, timedelta(days=3)),
    Rung(MeasureKind.PRE_MODERATION, 10, timedelta(days=7)),
    Rung(MeasureKind.MUTE, 15, timedelta(days=1)),
    Rung(MeasureKind.BAN, 25, timedelta(days=30)),
)


@dataclass(frozen=True, slots=True)
class Ladder:
    """`rungs` from the lowest; each rejection that counts is a strike of `strike` points, which halve in `half_life`."""

    rungs: tuple[Rung, ...] = RUNGS
    strike: float = 4.0
    half_life: timedelta = timedelta(days=14)

    def points(self, strikes: Sequence[Strike], now: datetime) -> float:
        """What is left of those that had come by then and were not taken back."""
        return sum(self.left(each, now) for each in strikes if each.taken_back_at is None and each.at <= now)

    def left(self, strike: Strike, now: datetime) -> float:
        """What is left of one."""
        age = max(now - strike.at, timedelta())
        return float(strike.points * 0.5 ** (age / self.half_life))

    def due(self, points: float) -> Rung | None:
        """The highest rung that is reached."""
        reached = [rung for rung in self.rungs if points >= rung.points]
        return reached[-1] if reached else None

    def reaches(self, kind: MeasureKind, points: float) -> bool:
        """Whether so many points are enough for such a measure."""
        return any(points >= rung.points for rung in self.rungs if rung.kind is kind)

    def by_itself(self, points: float) -> Rung | None:
        """The highest rung that is reached and needs no person: a ban is proposed alone."""
        reached = [rung for rung in self.rungs if points >= rung.points and rung.kind is not MeasureKind.BAN]
        return reached[-1] if reached else None
