"""A job finds all that there is to do, whenever it comes."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator

from relay.core.errors import Unavailable
from relay.waiting import woken, work

PATIENCE_S = 30.0
NEVER_S = 3600.0


class Turns:
    """`wanted` of them; each first does what `during` says for its number, and says whether it found anything."""

    def __init__(self, wanted: int, during: Callable[[int], bool]) -> None:
        self.number = 0
        self.done = asyncio.Event()
        self._wanted = wanted
        self._during = during

    async def __call__(self) -> bool:
        self.number += 1
        if self.number == self._wanted:
            self.done.set()
        return self._during(self.number)

    async def all_of(self, job: Awaitable[None]) -> None:
        """Fails when it takes fewer."""
        running = asyncio.ensure_future(job)
        try:
            async with asyncio.timeout(PATIENCE_S):
                await self.done.wait()
        except TimeoutError:
            raise AssertionError(f"{self.number} turns, not {self._wanted}") from None
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


async def test_what_comes_during_the_last_look_is_looked_at() -> None:
    wake = asyncio.Event()

    def found(number: int) -> bool:
        if number == 1:
            wake.set()
        return False

    turns = Turns(2, found)
    await turns.all_of(work("looks", turns, wake))


async def test_turns_go_on_until_one_finds_nothing() -> None:
    turns = Turns(3, lambda number: number < 3)
    await turns.all_of(work("looks", turns, asyncio.Event()))


async def test_it_looks_now_and_then_though_nobody_wakes_it() -> None:
    turns = Turns(3, lambda _number: False)
    await turns.all_of(work("looks", turns, asyncio.Event(), 0.001))


async def test_a_store_that_refuses_is_asked_again() -> None:
    refusals: Iterator[Unavailable] = iter([Unavailable("away")])

    def found(_number: int) -> bool:
        for refusal in refusals:
            raise refusal
        return False

    turns = Turns(2, found)
    await turns.all_of(work("looks", turns, asyncio.Event()))


async def test_waiting_ends_with_the_event_or_with_the_time() -> None:
    event = asyncio.Event()
    await woken(event, 0.001)
    event.set()
    async with asyncio.timeout(PATIENCE_S):
        await woken(event, NEVER_S)
        await woken(event, None)
