"""The switch between pipelines: messages that come are judged by the newest, and those at work finish where they began.

A message that slow plugins look at later belongs to the pipeline that looked first. So one that was replaced stays for its
second looks for a while; after that, and after a restart, the newest gives them.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime

import structlog

from relay.core.label import Label
from relay.core.trust import Past, Trust
from relay.core.verdict import Decision, Submission
from relay.pipeline.memory import MemoryStore
from relay.pipeline.pipeline import Pipeline, PluginState
from relay.pipeline.raids import Raids
from relay.plugin import Learned

LINGERS = 30.0  # seconds that a replaced pipeline waits for second looks; they mostly begin at once

log = structlog.get_logger(__name__)


class _Turn:
    """A pipeline, and how many messages it is at."""

    def __init__(self, pipeline: Pipeline) -> None:
        self.pipeline = pipeline
        self._at_work = 0
        self.idle = asyncio.Event()
        self.idle.set()

    @contextmanager
    def at_work(self) -> Iterator[Pipeline]:
        self._at_work += 1
        self.idle.clear()
        try:
            yield self.pipeline
        finally:
            self._at_work -= 1
            if not self._at_work:
                self.idle.set()


class Switch:
    """Judges as a pipeline does; belongs to the loop it is made in, and closes every pipeline that it was given."""

    def __init__(self, pipeline: Pipeline, lingers: float = LINGERS) -> None:
        self._lingers = lingers
        self._newest = _Turn(pipeline)
        self._leaving: dict[_Turn, asyncio.Task[None]] = {}

    @property
    def digest(self) -> str:
        """Of the rules that new messages are judged by."""
        return self._newest.pipeline.digest

    @property
    def memory(self) -> MemoryStore:
        """What plugins remember; a pipeline that shall go on with it is built around it."""
        return self._newest.pipeline.memory

    @property
    def raids(self) -> Raids:
        """Those of all its pipelines."""
        return self._newest.pipeline.raids

    @property
    def learned(self) -> Callable[[str], Learned | None]:
        """Gives the model that is in use in a community; a pipeline that shall judge by the same is built around it."""
        return self._newest.pipeline.learned

    async def judge(self, submission: Submission) -> Decision:
        """Both looks, by one pipeline."""
        with self._newest.at_work() as pipeline:
            return await pipeline.judge(submission)

    async def quick(self, submission: Submission) -> Decision:
        with self._newest.at_work() as pipeline:
            return await pipeline.quick(submission)

    async def again(self, submission: Submission, first: Decision) -> Decision:
        """By the pipeline that looked first, while it is there."""
        turns = (self._newest, *self._leaving)
        turn = next((each for each in turns if each.pipeline.digest == first.rule_set), self._newest)
        with turn.at_work() as pipeline:
            return await pipeline.again(submission, first)

    def swap(self, pipeline: Pipeline) -> None:
        """From now on this one judges what comes; it is open already. The one before ends when it has nothing left to do."""
        self.raids.rules, pipeline.raids = pipeline.raids.rules, self.raids
        old, self._newest = self._newest, _Turn(pipeline)
        self._leaving[old] = asyncio.get_running_loop().create_task(self._leave(old), name="pipeline leaves")

    def forget(self, member: str) -> None:
        """The member was erased."""
        for turn in (self._newest, *self._leaving):
            turn.pipeline.forget(member)

    def describe(self) -> list[PluginState]:
        """The plugins that new messages are judged by."""
        return self._newest.pipeline.describe()

    def weighed(self) -> list[tuple[Label, Mapping[str, float]]]:
        """Their labels, and the weights that hold."""
        return self._newest.pipeline.weighed()

    def trust(self, past: Past, now: datetime) -> Trust:
        """How far somebody with such a past is trusted, by the newest rules."""
        return self._newest.pipeline.trust(past, now)

    def tidy(self) -> None:
        """Has the memory let go of what no plugin here would read again."""
        turns = (self._newest, *self._leaving)
        self.memory.keep({shelf for turn in turns for shelf in turn.pipeline.shelves})

    async def left(self) -> None:
        """Returns when every pipeline that was replaced has ended."""
        await asyncio.gather(*self._leaving.values(), return_exceptions=True)

    async def close(self) -> None:
        """All of them, at once."""
        tasks = list(self._leaving.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.gather(*(turn.pipeline.close() for turn in (self._newest, *self._leaving)))

    async def _leave(self, turn: _Turn) -> None:
        if turn.pipeline.has_slow:
            await asyncio.sleep(self._lingers)
        await turn.idle.wait()
        await turn.pipeline.close()
        del self._leaving[turn]
        self.tidy()
        log.info("pipeline ended", rules=turn.pipeline.digest)
