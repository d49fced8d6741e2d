"""Stopwatch: tells a slow plugin from a machine or an interpreter that was busy elsewhere.

A process that shares its processors can stand still for longer than any deadline, and so can one whose garbage is collected;
each such pause would hold a message that nobody has anything against. Collecting is therefore not counted, and a thread that
neither worked for its time nor gave the processor away was interrupted: what it did meanwhile is not late. Where the system
does not tell (RUSAGE_THREAD is Linux's), every overrun counts as late.
"""

import gc
import resource
import weakref
from functools import partial
from time import perf_counter, thread_time

from relay.pipeline.watchdog import Mark, unseen

FULL = 2  # the generation whose collection takes long enough to matter
_THREAD: int | None = getattr(resource, "RUSAGE_THREAD", None)


class CollectorTime:
    """Adds up the seconds of full garbage collections for as long as it exists."""

    __slots__ = ("__weakref__", "_spent")

    def __init__(self) -> None:
        self._spent = [0.0, 0.0]
        note = partial(_note, self._spent)
        gc.callbacks.append(note)
        weakref.finalize(self, gc.callbacks.remove, note).atexit = False

    @property
    def seconds(self) -> float:
        return self._spent[0]


class Stopwatch:
    """Starts when it is made; belongs to the thread that made it. `mark` tells the watchdog while the plugin is at work."""

    __slots__ = ("_collected", "_collector", "_pauses", "_started", "_worked", "mark")

    def __init__(self, collector: CollectorTime, mark: Mark | None = None) -> None:
        self.mark = mark or unseen()
        self._collector = collector
        self._collected = collector.seconds
        self._pauses = _pauses()
        self._worked = thread_time()
        self._started = perf_counter()

    def took(self) -> float:
        """Seconds since the start, without garbage collection."""
        return perf_counter() - self._started - (self._collector.seconds - self._collected)

    def is_over(self, limit: float) -> bool:
        """Say whether more than `limit` seconds went by and this thread worked or waited meanwhile."""
        return self.took() > limit and not self._was_interrupted(limit)

    def _was_interrupted(self, limit: float) -> bool:
        worked = thread_time() - self._worked - (self._collector.seconds - self._collected)
        return _THREAD is not None and worked < limit and _pauses() == self._pauses


def _note(spent: list[float], phase: str, info: dict[str, int]) -> None:
    if info["generation"] == FULL:
        now = perf_counter()
        if phase == "start":
            spent[1] = now
        else:
            spent[0] += now - spent[1]


def _pauses() -> int:
    """How often this thread has waited for something by itself: a lock, a sleep, a read."""
    return resource.getrusage(_THREAD).ru_nvcsw if _THREAD is not None else 0
