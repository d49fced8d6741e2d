"""A plugin in the relay's own process: the cheapest place, for what is shipped or trusted."""

import asyncio
from random import Random
from typing import Any

import structlog

from relay.pipeline.answer import Answer
from relay.pipeline.asker import Asker, Gate
from relay.pipeline.breaker import Breaker, BreakerState
from relay.pipeline.drive import drive, raised
from relay.pipeline.memory import Shelf
from relay.pipeline.poison import Poison
from relay.pipeline.stopwatch import CollectorTime, Stopwatch
from relay.pipeline.watchdog import Mark
from relay.plugin import Context, Incoming, Learned, Plugin
from relay.ports import Clock, Outbound

SETUP_WITHIN = 10.0  # seconds that a plugin may wait for at its set-up
CLOSE_WITHIN = 2.0  # and at its end: a relay that is told to stop stops

log = structlog.get_logger(__name__)


class Inline:
    """Runs one plugin where it can be stopped at an await alone; `mark` tells the watchdog while it is at work.

    Without `outbound` it can ask nobody.
    """

    restarts = 0

    def __init__(self, plugin: Plugin[Any], shelf: Shelf, clock: Clock, mark: Mark, outbound: Outbound | None = None) -> None:
        self._plugin = plugin
        self._shelf = shelf
        self._clock = clock
        self._mark = mark
        self._gate = Gate.of(plugin, outbound)
        self._collector = CollectorTime()
        self._breaker = Breaker(Random())  # noqa: S311 - spreads trials, no secret
        self._poison = Poison(clock.monotonic)
        self.note = ""

    @property
    def state(self) -> str:
        """For people: running, waiting (for its next trial), broken."""
        return "broken" if self.note else "waiting" if self._is_open() else "running"

    @property
    def breaker(self) -> BreakerState:
        return self._breaker.state(is_waiting=self.state == "waiting")

    async def open(self) -> None:
        """Set it up; failing is told by `note`, and then every message fails at it."""
        try:
            async with asyncio.timeout(SETUP_WITHIN):
                await self._plugin.setup(self._context(""))
        except Exception as error:
            self.note = f"could not be set up: {type(error).__name__}"
            log.exception("plugin not set up", plugin=self._plugin.name)

    async def close(self) -> None:
        try:
            async with asyncio.timeout(CLOSE_WITHIN):
                await self._plugin.close()
        except Exception:
            log.exception("plugin not closed", plugin=self._plugin.name)

    def forget(self, member: str) -> None:
        self._poison.forget(member)

    async def judge(self, incoming: Incoming, learned: Learned | None = None) -> Answer | None:
        """What it sees; None when it does not want this message. Only a cancellation is raised."""
        if (refused := self._refusal(incoming)) is not None:
            return refused
        answer = Answer()
        watch = Stopwatch(self._collector, self._mark)
        try:
            self._mark.enter()
            if not self._plugin.wants(incoming):
                return None
        except BaseException as error:  # noqa: BLE001 - foreign code; it fails like check
            answer.why = f"wants() {raised(error)}"
            return answer
        finally:
            self._mark.leave()
        asker = self._gate.begin() if self._gate else None
        context = self._context(incoming.member.id, asker, learned)
        answer.why = await drive(self._plugin, incoming, context, answer.signals, watch)
        if answer.why is not None and answer.why.startswith("took"):
            self._breaker.failed(self._clock.monotonic())
            self._poison.note(incoming.member.id, incoming.text.raw)
        else:
            self._breaker.succeeded()
        if asker is not None:
            answer.why, answer.across = asker.explained(answer.why), asker.is_across
        return answer

    def _refusal(self, incoming: Incoming) -> Answer | None:
        if self.note:
            return Answer(why=self.note)
        if self._is_open():
            return Answer(why="was not asked: it took too long again and again", across=True)
        why = self._poison.why(incoming.member.id, incoming.text.raw)
        return None if why is None else Answer(why=why[0], across=why[1])

    def _is_open(self) -> bool:
        return self._breaker.is_tripped and self._clock.monotonic() < self._breaker.open_until

    def _context(self, member: str, asker: Asker | None = None, learned: Learned | None = None) -> Context:
        """What rests on other members is for plugins alone that say so."""
        is_across = self._plugin.across_members
        shared = self._shelf.of("") if is_across else None
        return Context(self._clock.now(), self._shelf.of(member), shared, asker, learned if is_across else None)
