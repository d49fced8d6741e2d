"""A plugin in processes of its own, as the relay sees it: messages wait for a free seat, and none for long.

There are two seats, so that one message at which the plugin hangs keeps nobody else waiting. Messages of one member are
checked one after another, since each may rest on what was remembered at the one before. A message together with its wait
takes at most OVERTIME beyond the plugin's deadline, and what ended a process is not given to the next. A caller that goes
away changes nothing: the check runs to its end, so that no two messages mix.
"""

import asyncio
from collections import deque
from contextlib import suppress
from random import Random

import structlog

from relay.pipeline.answer import Answer
from relay.pipeline.asker import Gate
from relay.pipeline.breaker import Breaker, BreakerState
from relay.pipeline.check import Check
from relay.pipeline.desk import Desk
from relay.pipeline.forks import Forks
from relay.pipeline.memory import Shelf
from relay.pipeline.poison import Poison
from relay.pipeline.seat import Ears, Seat
from relay.plugin import Foreign, Incoming, Learned
from relay.ports import Clock, Outbound

OVERTIME = 0.1  # seconds after the deadline at which a message waits no longer, whatever it waits for
EACH_AHEAD = 0.001  # seconds more for each message before it: a burst of its own making is none of the plugin's fault
OPENS_WITHIN = 3.0  # seconds that the relay waits for it at its own start: a plugin that hangs must not keep it away
MOST_WAITING = 2000  # messages: more could not be judged in their time
SEATS = 2  # a third would help against two members who break it at the same moment, and cost memory always

log = structlog.get_logger(__name__)


class Process:
    """One plugin in workers. `note` says what an operator should know."""

    def __init__(self, foreign: Foreign, forks: Forks, shelf: Shelf, clock: Clock, outbound: Outbound | None = None) -> None:
        self._foreign = foreign
        self._label = foreign.label
        self._shelf = shelf
        self._gate = Gate.of(foreign, outbound)
        self._breaker = Breaker(Random())  # noqa: S311 - spreads restarts, no secret
        self._poison = Poison(clock.monotonic)
        self._waiting: deque[Check] = deque()
        self._settled = asyncio.Event()
        self._is_closed = False
        self._checks = 0
        self.note = foreign.broken
        hello = {"source": foreign.source, "name": self._label.name, "options": foreign.options, "serves": True}
        setup = Desk(shelf.store, (shelf.name, ""), None)
        count = 1 if self._label.across_members else SEATS  # what crosses members rests on every message before
        self._seats = [Seat(self._label, hello, forks, setup, clock) for _ in range(0 if foreign.broken else count)]
        for seat in self._seats:
            seat.ears = Ears(self._free, self._succeeded, self._failed, self._again)

    @property
    def restarts(self) -> int:
        """Processes after the first of each seat."""
        return sum(max(0, seat.starts - 1) for seat in self._seats)

    @property
    def state(self) -> str:
        """For people: running, starting, waiting (for its next try), broken."""
        if self._foreign.broken:
            return "broken"
        states = {seat.state for seat in self._seats}
        return "running" if "ready" in states else "starting" if states & {"new", "starting"} else "waiting"

    @property
    def breaker(self) -> BreakerState:
        return self._breaker.state(is_waiting=self.state == "waiting")

    async def open(self) -> None:
        """Start it and wait a moment until it is ready; what keeps it from that is told by `note`."""
        for seat in self._seats:
            seat.start()
        if self._seats:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._settled.wait(), OPENS_WITHIN)

    async def close(self) -> None:
        """End it; what still waits fails."""
        self._is_closed = True
        for seat in self._seats:
            if (check := seat.close()) is not None:
                self._waiting.appendleft(check)
        self._give_up_waiting("the relay is stopping")

    def forget(self, member: str) -> None:
        self._poison.forget(member)

    async def judge(self, incoming: Incoming, _learned: Learned | None = None) -> Answer:
        """Have the message checked, within the deadline and OVERTIME when few wait; only a cancellation is raised.

        No model goes to a worker.
        """
        if (refused := self._refusal(incoming)) is not None:
            return refused
        loop = asyncio.get_running_loop()
        own, name = incoming.member.id, self._shelf.name
        desk = Desk(self._shelf.store, (name, own), (name, "") if self._label.across_members else None, gate=self._gate)
        self._checks += 1
        check = Check(self._checks, incoming, loop.create_future(), desk)
        if (seat := self._seat_for(check)) is not None:
            seat.give(check)
        elif self._breaker.is_tripped:
            return Answer(why=self.note or "is on trial with another message", across=True)
        else:
            self._waiting.append(check)
            self._bound(check)
        return await check.done

    def _refusal(self, incoming: Incoming) -> Answer | None:
        if self._foreign.broken:
            return Answer(why=self._foreign.broken, across=True)
        if self._is_closed or self.state == "waiting":
            return Answer(why=self.note or "its worker is not running", across=True)
        if len(self._waiting) >= MOST_WAITING:
            return Answer(why="was busy with other messages", across=True)
        why = self._poison.why(incoming.member.id, incoming.text.raw)
        return None if why is None else Answer(why=why[0], across=why[1])

    def _seat_for(self, check: Check) -> Seat | None:
        """A free one, unless a message of the same member is being checked."""
        if any(seat.current is not None and seat.current.member == check.member for seat in self._seats):
            return None
        return next((seat for seat in self._seats if seat.is_free), None)

    def _bound(self, check: Check) -> None:
        patience = self._label.deadline_ms / 1000 + OVERTIME + EACH_AHEAD * len(self._waiting)
        check.timers.append(asyncio.get_running_loop().call_later(patience, self._waited_too_long, check))

    def _waited_too_long(self, check: Check) -> None:
        """Its caller goes on without it; when it is at work by now, that goes on too."""
        why = "was still being started" if self.state == "starting" else "was busy with other messages"
        check.answer(Answer(why=why, across=True))

    def _give_up_waiting(self, why: str) -> None:
        while self._waiting:
            self._waiting.popleft().end(Answer(why=why, across=True))

    # What seats tell.

    def _free(self) -> None:
        """A seat can take a message: the first that may go, which is not always the first."""
        self._settled.set()
        kept: list[Check] = []
        while self._waiting and any(seat.is_free for seat in self._seats):
            check = self._waiting.popleft()
            if check.done.done():
                check.cancel_timers()
            elif (seat := self._seat_for(check)) is not None:
                seat.give(check)
            else:
                kept.append(check)
        self._waiting.extendleft(reversed(kept))

    def _succeeded(self) -> None:
        self._breaker.succeeded()
        self.note = ""

    def _failed(self, why: str, check: Check | None) -> float:
        """The seconds until that seat has its next process."""
        if check is not None:
            self._poison.note(check.member, check.text)
        pause = self._breaker.failed(asyncio.get_running_loop().time())
        log.error(
            "plugin failed in its worker", plugin=self._label.name, why=why, restarts=self.restarts, pause_s=round(pause, 1)
        )
        self.note = f"its worker is started again: it {why}"
        if pause and self.state == "waiting":
            self._give_up_waiting(self.note)
        self._settled.set()
        return pause

    def _again(self, check: Check) -> None:
        self._waiting.appendleft(check)
        self._bound(check)
