"""Lease: of several relay processes one does something at a time; when it ends, or is not heard of in time, another does."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog

from relay.core.errors import Unavailable
from relay.core.lease import HELD_FOR, EndLease, HoldLease
from relay.core.run import RENEW, Term, until
from relay.ports import Clock, Store

LOOK_EVERY = 0.5  # seconds between two looks whether it is free

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Lease:
    """A lease by its name; `epoch` is that of this process's run, `lasts` is in seconds."""

    store: Store
    clock: Clock
    name: str
    epoch: Callable[[], int]
    lasts: float = HELD_FOR
    _term: Term | None = field(default=None, init=False)

    def is_sure(self) -> bool:
        """Whether nobody else can have it yet."""
        term = self._term
        return term is not None and term.is_sure(self.clock.now(), self.clock.monotonic())

    async def wait(self) -> None:
        """Returns when it is this process's."""
        while True:
            if await self._take(self.epoch()):
                break
            await asyncio.sleep(LOOK_EVERY)
        log.info("lease taken", lease=self.name)

    async def keep(self) -> None:
        """Renews it; returns when it is lost, or when nobody can say that it is not."""
        while self.is_sure():
            await asyncio.sleep(self.lasts * RENEW)
            term = self._term
            if term is None or not (await self._take(term.epoch) or self.is_sure()):
                break
        log.warning("lease lost", lease=self.name)
        self._term = None

    async def _take(self, epoch: int) -> bool:
        """False: it is another's, or the store does not answer in time; then the term goes on as long as it was to last."""
        now, monotonic = self.clock.now(), self.clock.monotonic()
        try:
            async with asyncio.timeout(self.lasts * RENEW):
                (held,) = await self.store.commit(HoldLease(self.name, epoch, now, until(now, self.lasts)))
        except (Unavailable, TimeoutError) as problem:
            log.warning("lease not renewed", lease=self.name, why=str(problem) or "no answer in time")
            return False
        self._term = Term(epoch, now, monotonic, self.lasts) if held else None
        return bool(held)

    async def end(self) -> None:
        """Another may have it at once."""
        term, self._term = self._term, None
        if term is None:
            return
        try:
            await self.store.commit(EndLease(self.name, term.epoch))
        except Unavailable as problem:
            log.warning("lease not ended", lease=self.name, why=problem.detail)
