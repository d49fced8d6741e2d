"""An event loop whose time stands still: runs all that is ready, then says when the next timer is due.

Whoever drives it decides when time passes and what the world answers, so that one seed is one run, to the last detail.
"""

import asyncio
from collections.abc import Coroutine
from contextvars import ContextVar, copy_context
from datetime import UTC, datetime, timedelta
from itertools import count
from selectors import SelectSelector
from typing import Any, cast

START = datetime(2026, 11, 21, 12, tzinfo=UTC)

owner: ContextVar[object] = ContextVar("owner", default=None)
"""Whose tasks and timers these are; what a task starts belongs to the same."""


class MovedClock:
    """Time that somebody moves. The wall clock may jump beside the monotonic one, as a machine's does."""

    def __init__(self) -> None:
        self._seconds = 0.0
        self._jumped = timedelta()

    def now(self) -> datetime:
        return START + self._jumped + timedelta(seconds=self._seconds)

    def monotonic(self) -> float:
        return self._seconds

    def pass_(self, seconds: float) -> None:
        self._seconds += seconds

    def jump(self, seconds: float) -> None:
        """Somebody sets the machine's time, on or back."""
        self._jumped += timedelta(seconds=seconds)


class _NoWaiting(SelectSelector):
    """Would have waited `rest` seconds for something to happen; None: for ever."""

    def __init__(self) -> None:
        super().__init__()
        self.rest: float | None = None
        self.loop: asyncio.AbstractEventLoop | None = None

    def select(self, timeout: float | None = None) -> list[Any]:
        if self.loop is not None and (timeout is None or timeout > 0):
            self.rest = timeout
            self.loop.stop()
        return []


class Numbered(asyncio.Task[Any]):
    """A task that sets keep in the same place in each run, with the `owner` that it was started for."""

    def __init__(self, number: int, work: Coroutine[Any, Any, Any], **kwargs: Any) -> None:  # noqa: ANN401
        self.number = number
        self.owner = (kwargs.get("context") or copy_context()).get(owner)
        super().__init__(work, **kwargs)

    def __hash__(self) -> int:
        return self.number

    def __eq__(self, other: object) -> bool:
        return self is other


class StillLoop(asyncio.SelectorEventLoop):
    """Runs when it is told to; no real file or socket is waited for."""

    def __init__(self, clock: MovedClock) -> None:
        self._still = _NoWaiting()
        self._moved = clock
        super().__init__(self._still)
        self._still.loop = self
        numbers = count(1)
        self.tasks: dict[Numbered, None] = {}
        """All that have not ended, in the order of their beginning; what waits for ever is kept here alone."""

        def made(loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, Any], **kwargs: Any) -> Numbered:  # noqa: ANN401
            task = Numbered(next(numbers), work, loop=loop, **kwargs)
            self.tasks[task] = None
            task.add_done_callback(self.tasks.pop)
            return task

        self.set_task_factory(cast("Any", made))

    def time(self) -> float:
        return self._moved.monotonic()

    def until_idle(self) -> float | None:
        """Runs all that is ready at this moment; the seconds until the next timer, None when there is none."""
        self._still.rest = None
        self.run_forever()
        return self._still.rest
