"""Rejudge: staff have the relay judge again what members wrote, beside its work; nothing is sent or changed."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import structlog

from relay.core.change import Record
from relay.core.community import Community
from relay.core.errors import Conflict, Invalid
from relay.core.identity import Ids
from relay.core.replay_job import KEPT, JobState, ReplayJob, Wanted, checked_since
from relay.core.staff import Actor
from relay.ports import Also, Clock, Store, nothing

Tell = Callable[[int, int], None]
Again = Callable[[Wanted, Tell, asyncio.Event], Awaitable[Mapping[str, Any]]]
"""Judges again until it is done or the event is set, and tells (done, of); gives what it found by then. Raises Invalid."""

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Rejudge:
    """One at a time, whatever the community. `check` raises Invalid for a configuration that cannot be one.

    What is found lies in memory alone, until another is asked for, somebody drops it, or an hour is over.
    """

    store: Store
    clock: Clock
    ids: Ids
    check: Callable[[str], Awaitable[None]]
    again: Again
    _job: ReplayJob | None = None
    _task: asyncio.Task[None] | None = None
    _kept: asyncio.TimerHandle | None = None
    _stop: asyncio.Event = field(default_factory=asyncio.Event)
    _erased: set[str] = field(default_factory=set)

    def latest(self, community: Community) -> ReplayJob | None:
        """The one of this community, if it was the last that was asked for."""
        job = self._job
        return job if job is not None and job.wanted.community == community.slug else None

    async def start(
        self, actor: Actor, community: Community, config: str, since: datetime, also: Also[ReplayJob] = nothing
    ) -> ReplayJob:
        """Raises Conflict while one runs, Invalid."""
        now = self.clock.now()
        wanted = Wanted(community.slug, config, checked_since(since, now))
        before = self._job
        if before is not None and before.state is JobState.RUNNING:
            raise Conflict("A replay is running already: wait for its end, or stop it.")
        job = self._job = ReplayJob(self.ids(), wanted, actor.id, now)
        try:
            await self.check(config)
            detail = {"since": since.isoformat()}
            await self.store.commit(Record(now, actor.id, "replay.start", community.id, detail), *also(job))
        except BaseException:
            self._job = before
            raise
        if self._kept is not None:
            self._kept.cancel()
        self._stop, self._erased = asyncio.Event(), set()
        self._task = asyncio.create_task(self._run(job, self._stop), name="replay")
        return job

    async def stop(self, actor: Actor, community: Community) -> None:
        """Ends the one that runs, or drops what one has found; it is written down also where there is none."""
        job = self.latest(community)
        if job is not None and job.state is JobState.RUNNING:
            self._stop.set()
        elif job is not None:
            self._drop()
        await self.store.commit(Record(self.clock.now(), actor.id, "replay.stop", community.id, {}))

    def forget(self, member: str) -> None:
        """What somebody wrote who is erased is shown no more."""
        self._erased.add(member)
        if self._job is not None:
            self._job = self._job.without(member)

    async def over(self) -> None:
        """Until none runs."""
        if self._task is not None:
            await asyncio.wait({self._task})

    async def close(self) -> None:
        """The relay stops."""
        if self._task is not None:
            self._task.cancel()
            await self.over()
        if self._kept is not None:
            self._kept.cancel()

    async def _run(self, job: ReplayJob, stop: asyncio.Event) -> None:
        def tell(done: int, of: int) -> None:
            if self._job is not None:
                self._job = replace(self._job, done=done, of=of)

        try:
            found = await self.again(job.wanted, tell, stop)
        except Invalid as problem:
            self._ended(*((JobState.STOPPED,) if stop.is_set() else (JobState.FAILED, problem.detail)))
        except Exception:
            log.exception("replay failed")
            self._ended(JobState.FAILED, "The replay ended before its time. The log says why.")
        else:
            self._ended(JobState.STOPPED if stop.is_set() else JobState.DONE, found=found)

    def _ended(self, state: JobState, why: str = "", found: Mapping[str, Any] | None = None) -> None:
        if self._job is None:
            return
        job = self._job.ended(state, self.clock.now(), found=found, why=why)
        for member in self._erased:
            job = job.without(member)
        self._job = job
        self._kept = asyncio.get_running_loop().call_later(KEPT.total_seconds(), self._drop)

    def _drop(self) -> None:
        self._job = None
