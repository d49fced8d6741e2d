"""What goes wrong, and how often: drawn from the seed, each kind at its own rate, so that quiet and wild runs both come."""

from dataclasses import dataclass
from enum import Enum
from random import Random

RARE = (0.0, 0.0, 0.01, 0.04)
NOW_AND_THEN = (0.0, 0.02, 0.06)
OFTEN = (0.0, 0.02, 0.08, 0.2)


class Fate(Enum):
    """What becomes of something that the relay asks of the world outside."""

    DONE = "done"
    REFUSED = "refused"
    IN_DOUBT = "in doubt"  # the store says that it cannot, and has written it all the same
    CRASH_BEFORE = "crash before"
    CRASH_AFTER = "crash after"


@dataclass(slots=True)
class Fates:
    """Rates from 0 to 1. With `calm` set, all goes well."""

    draw: Random
    refusals: float
    doubts: float
    crashes: float
    answers_lost: float
    platform: float
    receipts_lost: float
    calm: bool = True

    @classmethod
    def drawn(cls, draw: Random) -> "Fates":
        return cls(
            draw,
            refusals=draw.choice(OFTEN),
            doubts=draw.choice(NOW_AND_THEN),
            crashes=draw.choice(RARE),
            answers_lost=draw.choice(OFTEN),
            platform=draw.choice((0.1, 0.3, 0.6)),
            receipts_lost=draw.choice(OFTEN),
        )

    def happens(self, rate: float) -> bool:
        return not self.calm and self.draw.random() < rate

    def of_commit(self) -> Fate:
        """Crashes fall before and after the commit alike."""
        if self.calm:
            return Fate.DONE
        at = self.draw.random()
        for fate, rate in (
            (Fate.CRASH_BEFORE, self.crashes / 2),
            (Fate.CRASH_AFTER, self.crashes / 2),
            (Fate.IN_DOUBT, self.doubts),
            (Fate.REFUSED, self.refusals),
        ):
            if at < rate:
                return fate
            at -= rate
        return Fate.DONE

    def of_read(self) -> Fate:
        """A server's connection may be lost while something is read."""
        return Fate.REFUSED if self.happens(self.refusals / 10) else Fate.DONE
