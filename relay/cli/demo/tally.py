"""A tally: things that are waited for by name, until all are there or nothing has come for a while."""

import asyncio
from collections.abc import Callable
from time import perf_counter

STALL = 30.0  # seconds without anything new: then it will not come


class Tally:
    """Counts each name once, when it first comes; `told` hears of each."""

    def __init__(self, target: int, told: Callable[[int], None] = lambda _: None) -> None:
        self.target = target
        self.times: dict[str, float] = {}
        self.told = told
        self._moved = asyncio.Event()

    def add(self, name: str) -> None:
        """It has come; the first time counts."""
        if name not in self.times:
            self.times[name] = perf_counter()
            self.told(len(self.times))
            self._moved.set()

    def reach(self, target: int) -> None:
        """Expect another number from now on."""
        self.target = target
        self._moved.set()

    async def complete(self, stall: float = STALL) -> bool:
        """Wait for all; False when nothing new has come for `stall` seconds."""
        while len(self.times) < self.target:
            self._moved.clear()
            try:
                async with asyncio.timeout(stall):
                    await self._moved.wait()
            except TimeoutError:
                return False
        return True
