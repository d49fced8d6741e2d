"""Headroom: how fast a member may write, as their own last messages have earned it.

Good messages widen it, one a minute at most, so that nobody earns within one burst; bad ones narrow it; both within bounds.
It is a member's own: what others write, and a plugin that fails, changes nothing.
"""

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class HeadroomRules:
    """`least` and `most` are the bounds, 1 is where everybody begins; `earn` and `lose` are the steps."""

    least: float = 0.5
    most: float = 2.0
    earn: float = 0.05
    lose: float = 0.25
    earn_every_s: float = 60.0


@dataclass(frozen=True, slots=True)
class Headroom:
    """`value` multiplies what a member may do; `earned_at` is when it grew last, in seconds of any clock."""

    value: float = 1.0
    earned_at: float | None = None


def after(headroom: Headroom, score: float, limits: tuple[float, float], now: float, rules: HeadroomRules) -> Headroom:
    """What a message of that score leaves; the score is of its own evidence alone, `limits` are those of flag and hold."""
    flag, hold = limits
    if score >= hold:
        return replace(headroom, value=max(rules.least, headroom.value - rules.lose))
    has_just_earned = headroom.earned_at is not None and now - headroom.earned_at < rules.earn_every_s
    if score >= flag or has_just_earned:
        return headroom
    return Headroom(min(rules.most, headroom.value + rules.earn), now)
