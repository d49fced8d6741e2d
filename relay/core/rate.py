"""A token bucket: how often somebody may do something."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rate:
    """`burst` at once, then `per_second`."""

    burst: float
    per_second: float


@dataclass(slots=True)
class Bucket:
    """What is left for one member, key or address at a moment; times are seconds of a clock that never goes back."""

    left: float
    at: float

    def take(self, rate: Rate, now: float) -> float:
        """Takes one and returns 0, or takes nothing and returns the seconds until there is one."""
        self.left = min(rate.burst, self.left + (now - self.at) * rate.per_second)
        self.at = now
        if self.left >= 1:
            self.left -= 1
            return 0.0
        return (1 - self.left) / rate.per_second
