"""Driving one check: takes the signals out of a plugin, bounded in time and number, whatever the plugin does.

A check that never suspends is stepped by hand and costs no timer (a timer for each plugin costs more than most plugins); one
that suspends gets a time limit from that moment on. An await is the only place where a check can be stopped: one that holds
the processor is noticed when it returns, and told apart from a machine that paused.
"""

import asyncio
import re
import traceback
import types
from collections.abc import Container, Generator
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import PurePath
from typing import Any

from relay.pipeline.stopwatch import Stopwatch
from relay.pipeline.watchdog import Mark
from relay.plugin import Context, Incoming, Plugin, Signal

MOST_SIGNALS = 50  # of one plugin for one message: more explain nothing and fill the row
LONGEST_REASON = 300  # characters: a sentence for staff
_NOT_IN_NAMES = re.compile(r"[^\w.<>-]")  # what a reason does not hold: it travels, and stands in the log
FARTHEST_PLACE = 10_000  # characters: plugins see no longer text, and a store keeps no number of any size


class NonsenseError(Exception):
    """What a plugin yielded cannot be used; the message says why."""


async def drive(plugin: Plugin[Any], incoming: Incoming, context: Context, out: list[Signal], watch: Stopwatch) -> str | None:
    """Run `check`, put its signals into `out`, and give why it failed, None when it went well.

    `watch` has just been started. A cancellation from outside passes through; one that the plugin made up is a failure.
    """
    limit = plugin.deadline_ms / 1000
    stream: Any = None
    why: str | None = None
    watch.mark.enter()
    try:
        stream = plugin.check(incoming, context)
        await _collect(plugin, stream, out, watch)
    except NonsenseError as nonsense:
        why = str(nonsense)
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            _abandon(stream)
            raise
        why = raised(error)
    except BaseException as error:  # noqa: BLE001 - whatever a plugin raises is a failed check, never the relay's end
        why = raised(error)
    finally:
        watch.mark.leave()
    if watch.is_over(limit):
        why = f"took {watch.took() * 1000:.0f} ms, at most {plugin.deadline_ms} ms are allowed"
    if why is not None:
        _abandon(stream)
    return why


async def _collect(plugin: Plugin[Any], stream: Any, out: list[Signal], watch: Stopwatch) -> None:  # noqa: ANN401
    """Step through the generator until its end or the deadline."""
    limit = plugin.deadline_ms / 1000
    while True:
        step = stream.__anext__()
        try:
            blocked = step.send(None)
        except StopIteration as stop:
            signal = stop.value
        except StopAsyncIteration:
            return
        else:
            try:
                signal = await _in_time(step, blocked, limit - watch.took(), watch.mark)
            except StopAsyncIteration:
                return
        out.append(sound(plugin.signals, signal, len(out)))
        if watch.is_over(limit):
            return


async def _in_time(step: Any, blocked: object, seconds: float, mark: Mark) -> object:  # noqa: ANN401 - a generator's step
    async with asyncio.timeout(seconds):
        return await _resume(step, blocked, mark)


@types.coroutine
def _resume(step: Any, blocked: object, mark: Mark) -> Generator[object, Any, object]:  # noqa: ANN401
    """Go on with a step that has suspended on `blocked`; a step that swallows its cancellation is left behind."""
    while True:
        mark.leave()
        try:
            go_on = partial(step.send, (yield blocked))
        except Exception as error:  # noqa: BLE001 - what it waited for failed, and it may go on without
            go_on = partial(step.throw, error)
        except BaseException as error:
            mark.enter()
            with suppress(BaseException):
                step.throw(error)
            with suppress(BaseException):
                step.close()
            raise
        mark.enter()
        try:
            blocked = go_on()
        except StopIteration as stop:
            return stop.value


def sound(known: Container[str], signal: object, already: int) -> Signal:
    """Give a signal that can be used, raise NonsenseError for any other value; `known` are those that the plugin may give."""
    if type(signal) is not Signal:
        raise NonsenseError(f"yielded {_kind(signal)}, not a Signal")
    if type(signal.name) is not str or signal.name not in known:
        raise NonsenseError("yielded a signal that its class does not list")
    if type(signal.factor) not in {int, float} or not 0 <= signal.factor <= 1:
        raise NonsenseError(f"gave {signal.name} a factor that is no number from 0 to 1")
    if type(signal.reason) is not str or not _is_place(signal.start) or not _is_place(signal.end):
        raise NonsenseError(f"gave {signal.name} a reason or a place of the wrong type")
    if type(signal.hard) is not bool:
        raise NonsenseError(f"gave {signal.name} a hardness that is neither true nor false")
    if already >= MOST_SIGNALS:
        raise NonsenseError(f"yielded more than {MOST_SIGNALS} signals")
    reason = _line(signal.reason)
    return signal if reason is signal.reason else replace(signal, reason=reason)


def _line(reason: str) -> str:
    """One printable line of bounded length: a lone surrogate or a NUL could not be stored."""
    if len(reason) > LONGEST_REASON:
        reason = reason[: LONGEST_REASON - 1] + "…"
    return reason if reason.isprintable() else "".join(char if char.isprintable() else " " for char in reason)


def _is_place(value: object) -> bool:
    return value is None or (type(value) is int and 0 <= value <= FARTHEST_PLACE)


def raised(error: BaseException) -> str:
    """Name type and line, never the error's own words: they may quote the message."""
    frames = traceback.extract_tb(error.__traceback__)
    where = (
        f" at {_NOT_IN_NAMES.sub('_', PurePath(frames[-1].filename).name)[-60:]}, line {frames[-1].lineno}" if frames else ""
    )
    return f"raised {_kind(error)}{where}"


def _kind(value: object) -> str:
    return _NOT_IN_NAMES.sub("_", type(value).__name__)[:60]


def _abandon(stream: Any) -> None:  # noqa: ANN401 - whatever check() gave
    """Close without waiting: a plugin that has failed gets no more time."""
    with suppress(BaseException):
        closing = stream.aclose() if hasattr(stream, "aclose") else stream.close()
        closing.send(None)
