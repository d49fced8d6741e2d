"""Keep: this process's run on the store is begun and renewed, and what ended runs of other processes left is taken over."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog

from relay.core.attempt import RecoverAttempts
from relay.core.errors import Stale, Unavailable
from relay.core.run import RENEW, RUN_FOR, DropPlans, EndRun, KeepRun, StartRun, Term, until
from relay.ports import Clock, Store
from relay.waiting import RETRY_AFTER

GROUP = 5000  # planned deliveries that a commit drops: the writer is busy for about 10 ms

log = structlog.get_logger(__name__)


def _nothing() -> None:
    """Nobody listens."""


@dataclass(slots=True)
class Keep:
    """Says whose work this process does; `lasts` is in seconds.

    `renewed` is called after each renewal, when others may have left work; `doubted` when others may have taken this process
    for ended, so that it was told nothing.
    """

    store: Store
    clock: Clock
    lasts: float = RUN_FOR
    renewed: Callable[[], None] = _nothing
    doubted: Callable[[], None] = _nothing
    _term: Term | None = field(default=None, init=False)
    _epoch: int = field(default=0, init=False)
    _is_doubtful: bool = field(default=False, init=False)

    def epoch(self) -> int:
        """The latest; 0 before the first."""
        return self._epoch

    def sure(self) -> int | None:
        """The epoch while nobody can have taken over; None: nothing is begun, and nothing goes out that was begun before."""
        term = self._term
        return term.epoch if term is not None and term.is_sure(self.clock.now(), self.clock.monotonic()) else None

    async def renew(self) -> None:
        """Begins a run, or keeps it; a new one when it was taken over. Raises Unavailable."""
        now, monotonic = self.clock.now(), self.clock.monotonic()
        if self._term is not None:
            try:
                await self.store.commit(KeepRun(self._epoch, until(now, self.lasts)))
            except Stale:
                log.warning("run was taken over", epoch=self._epoch)
                self._term = None
                self._is_doubtful = False
        if self._term is None:
            (epoch,) = await self.store.commit(StartRun(now, until(now, self.lasts)))
            self._epoch = epoch if isinstance(epoch, int) else 0
            self._doubt()
        self._term = Term(self._epoch, now, monotonic, self.lasts)
        self._is_doubtful = False

    async def take_over(self) -> None:
        """Drops plans and recovers attempts of ended runs, until nothing is left or the own run wants renewing."""
        while self._term is not None and self._term.is_fresh(self.clock.monotonic()):
            now = self.clock.now()
            left, unknown = await self.store.commit(DropPlans(now, GROUP), RecoverAttempts(now))
            if unknown:
                log.warning("attempts of an ended run are unknown", attempts=unknown)
            if not left:
                return

    async def run(self) -> None:
        """Keeps the run until it is cancelled."""
        while True:
            pause = await self._turn()
            await asyncio.sleep(pause)

    async def _turn(self) -> float:
        """Returns the seconds until the next."""
        pause = self.lasts * RENEW
        if self.sure() is None:
            self._doubt()
        try:
            async with asyncio.timeout(pause):  # what the store does later with a renewal that took too long does no harm
                await self.renew()
            self.renewed()
            await self.take_over()
        except (Unavailable, TimeoutError) as problem:
            log.warning("run not kept", epoch=self._epoch, why=str(problem) or "no answer in time")
            return min(RETRY_AFTER, pause)
        return pause

    def _doubt(self) -> None:
        """Once until it is renewed."""
        if not self._is_doubtful:
            self._is_doubtful = True
            self.doubted()

    async def end(self) -> None:
        """At the end, when nothing of it is under way: what it left is taken over at once."""
        if self._term is None:
            return
        self._term = None
        try:
            await self.store.commit(EndRun(self._epoch))
        except Unavailable as problem:
            log.warning("run not ended", epoch=self._epoch, why=problem.detail)
