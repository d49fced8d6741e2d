"""The stopwatch: work and waiting are a plugin's own, a stopped thread and collected garbage are not."""

import gc
import threading
import time

from relay.pipeline.stopwatch import CollectorTime, Stopwatch


def test_a_thread_that_worked_is_over_its_time() -> None:
    watch = Stopwatch(CollectorTime())
    ends = time.thread_time() + 0.02

    while time.thread_time() < ends:
        pass

    assert watch.is_over(0.01)


def test_a_thread_that_waited_is_over_its_time() -> None:
    watch = Stopwatch(CollectorTime())

    threading.Event().wait(0.02)

    assert watch.is_over(0.01)


def test_a_thread_that_has_time_left_is_not() -> None:
    assert not Stopwatch(CollectorTime()).is_over(60)


def test_collecting_garbage_is_not_counted() -> None:
    collector = CollectorTime()
    started = time.perf_counter()
    watch = Stopwatch(collector)
    before = collector.seconds  # not 0.0 when the interpreter has collected by itself

    gc.collect()

    collected = collector.seconds - before
    assert 0 < collected <= time.perf_counter() - started
    assert watch.took() <= time.perf_counter() - started - collected


def test_the_interpreter_forgets_a_collector_that_is_gone() -> None:
    before = len(gc.callbacks)
    collector = CollectorTime()
    during = len(gc.callbacks)

    del collector

    assert (during, len(gc.callbacks)) == (before + 1, before)
