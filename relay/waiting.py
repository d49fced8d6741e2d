"""Waiting: for something to happen, though not for ever."""

import asyncio
from contextlib import suppress


async def woken(event: asyncio.Event, within: float) -> None:
    """Until it is set, or for so many seconds. A cancellation comes through; wait_for of Python 3.11 may swallow it."""
    with suppress(TimeoutError):
        async with asyncio.timeout(within):
            await event.wait()
