"""Shut: of whom nothing counts, since a credential of theirs ended and the broker may still take it."""

import asyncio
from collections.abc import Callable

import structlog

from relay.core.errors import RelayError
from relay.ports import Clock, Store
from relay.waiting import woken

LOOK_EVERY = 60.0  # seconds: what was not heard of
AGAIN = 1.0  # seconds until a store that does not answer is asked again

log = structlog.get_logger(__name__)


class Shut:
    """Read from the ledger alone, whenever something was heard: whichever relay has the broker put them out says so there.

    `looked` is called when it was read.
    """

    def __init__(self, store: Store, clock: Clock, looked: Callable[[], None]) -> None:
        self._looked = looked
        self._store = store
        self._clock = clock
        self._subjects: frozenset[str] = frozenset()
        self._wake = asyncio.Event()

    def __call__(self, subject: str) -> bool:
        return subject in self._subjects

    def heard(self) -> None:
        """What ended, or was put out, may be more."""
        self._wake.set()

    async def run(self) -> None:
        """Until it is cancelled."""
        while True:
            self._wake.clear()
            pause = LOOK_EVERY
            try:
                ended = await self._store.ended_devices(self._clock.now())
                self._subjects = frozenset(device.subject for device in ended)
                self._looked()
            except RelayError as problem:
                log.warning("what ended cannot be read", why=problem.detail)
                pause = AGAIN
            await woken(self._wake, pause)
