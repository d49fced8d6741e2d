"""How processes that share a store hear of each other's commits: a little later, in their order, or that they missed some."""

from collections.abc import Callable, Iterable

from relay.stores.postgres_news import News
from tests.simulation.fates import Fates
from tests.simulation.ground import Commit
from tests.simulation.life import Life
from tests.simulation.turns import Turns

DELAYS = (0.0, 0.001, 0.1)  # seconds
BACK_IN = 2.0  # seconds at most until a lost connection listens again


class Grapevine:
    """What is told goes through the real notifications, as PostgreSQL carries them; news that are lost are lost with a word."""

    def __init__(self, turns: Turns, fates: Fates) -> None:
        self._turns = turns
        self._fates = fates
        self._next: dict[int, float] = {}

    def spread(self, teller: Life, lives: Iterable[Life], commit: Commit) -> None:
        """To all others that are at work by then."""
        for life in lives:
            if life is not teller and life.is_built and not life.is_doomed:
                if self._fates.happens(self._fates.doubts):
                    self._soon(life, life.bus.miss, BACK_IN * self._fates.draw.random())
                else:
                    self._soon(life, self._hearing(teller, life, commit), self._fates.draw.choice(DELAYS))

    def _hearing(self, teller: Life, life: Life, commit: Commit) -> Callable[[], None]:
        parts = News(f"process {teller.number}".replace(" ", "-"), life.bus.wants).parts(*commit)
        reader = News("reader", life.bus.wants)

        def hear() -> None:
            for part in parts:
                heard = reader.take(part)
                if heard is not None:
                    life.bus.hear(*heard)

        return hear

    def _soon(self, life: Life, act: Callable[[], None], delay: float) -> None:
        """Never before what was told earlier."""
        at = max(self._next.get(life.number, 0.0), self._turns.clock.monotonic() + delay)
        self._next[life.number] = at
        self._turns.loop.call_at(at, act, context=life.context)
