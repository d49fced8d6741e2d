"""Waiting: for something to happen, though not for ever; and the jobs that work through what there is whenever it does."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import structlog

from relay.core.errors import Unavailable

RETRY_AFTER = 1.0  # seconds until a store that refused is asked again

log = structlog.get_logger(__name__)


async def woken(event: asyncio.Event, within: float | None) -> None:
    """Until it is set, or for so many seconds. A cancellation comes through; wait_for of Python 3.11 may swallow it."""
    with suppress(TimeoutError):
        async with asyncio.timeout(within):
            await event.wait()


async def work(job: str, turn: Callable[[], Awaitable[bool]], wake: asyncio.Event, look_every: float | None = None) -> None:
    """A job, until it is cancelled: turns until one finds nothing, again whenever it is woken, and every so many seconds.

    While the store refuses it waits; the log tells it by the name of `job`.
    """
    while True:
        wake.clear()
        try:
            while await turn():
                pass
        except Unavailable as problem:
            log.warning("job waits", job=job, why=problem.detail)
            await asyncio.sleep(RETRY_AFTER)
        else:
            await woken(wake, look_every)
