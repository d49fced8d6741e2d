"""Pause: a member takes a break from posts, and what came meanwhile reaches them when it ends."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime

from relay.core.pause import Pause, ReleaseDeferred, checked_until
from relay.ports import Clock, SignedIn, Store
from relay.waiting import work

GROUP = 500  # items a commit: some 15 ms, so that no reply waits, also where many pauses end at midnight
LOOK_EVERY = 5.0  # seconds: how late a pause ends at most


@dataclass(slots=True)
class Pauses:
    """The store is the queue: what waits for the end of a pause is found there again after any crash."""

    store: Store
    clock: Clock
    _wake: asyncio.Event = field(default_factory=asyncio.Event)

    async def pause(self, signed: SignedIn, until: datetime | None) -> datetime | None:
        """No posts until then, None: they come again, those that waited at once. Raises Invalid for more than a year."""
        now = self.clock.now()
        until = checked_until(until, now)
        await self.store.commit(Pause(signed.member.n, until, now))
        return until

    def paused(self, _change: object, _outcome: object) -> None:
        """Hears from the bus that a pause may have ended."""
        self._wake.set()

    async def run(self) -> None:
        """Releases what has waited long enough until it is cancelled."""
        await work("ends of pauses", self.turn, self._wake, LOOK_EVERY)

    async def turn(self) -> bool:
        """Releases a group of what is due; False when nothing is."""
        now = self.clock.now()
        due = await self.store.deferral_due()
        if due is None or due > now:
            return False
        await self.store.commit(ReleaseDeferred(now, GROUP))
        return True
