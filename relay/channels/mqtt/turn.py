"""Turns: which of several relay processes works at the broker."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Protocol


class Turn(Protocol):
    """One thing that one process does at a time."""

    def is_sure(self) -> bool:
        """Whether it cannot be another's yet."""
        ...

    async def wait(self) -> None:
        """Returns when it is this one."""
        ...

    async def keep(self) -> None:
        """Returns when it may be another."""
        ...

    async def end(self) -> None: ...


class Always:
    """There is no other process."""

    def is_sure(self) -> bool:
        return True

    async def wait(self) -> None:
        """At once."""

    async def keep(self) -> None:
        """For ever."""
        await asyncio.get_running_loop().create_future()

    async def end(self) -> None:
        """Nobody waits for it."""


async def take_turns(turn: Turn, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Does the work whenever it is this process's turn, which is kept from its first moment; until it is cancelled."""
    try:
        while True:
            await turn.wait()
            async with asyncio.TaskGroup() as group:
                working = group.create_task(work())
                await turn.keep()
                working.cancel()
    finally:
        await asyncio.shield(turn.end())
