"""Whose turn it is: all that processes ask of the store waits here, and the seed says what is answered next, and how."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextvars import copy_context
from dataclasses import dataclass
from random import Random
from typing import Any

from relay.core.change import Change
from relay.core.errors import RelayError, Unavailable
from tests.simulation.fates import Fate, Fates
from tests.simulation.faulty_store import Ask
from tests.simulation.ground import Commit, Ground
from tests.simulation.ledger import BrokenPromise
from tests.simulation.life import Life
from tests.simulation.still_loop import MovedClock, StillLoop

IMPATIENT = 0.03  # of the turns in which something waits for the store, time passes nevertheless
LATE = 0.3  # of what is read from a server comes after what was asked later
DELAYS = (0.0001, 0.01, 0.3)  # seconds
HALF = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """Something that a process waits for."""

    life: Life
    work: Callable[[], Awaitable[Any]]
    changes: tuple[Change, ...]
    answer: asyncio.Future[Any]


class Turns:
    """`commits` hears of each commit that was made; what went wrong inside a process is raised at the next turn."""

    def __init__(self, ground: Ground, draw: Random, fates: Fates, commits: Callable[[Life, Commit], None]) -> None:
        self.clock = MovedClock()
        self.loop = StillLoop(self.clock)
        self.loop.set_exception_handler(self._unforeseen)
        self.asked: list[Asked] = []
        self.log: list[str] = []
        self._ground = ground
        self._draw = draw
        self._fates = fates
        self._commits = commits
        self._wrong: list[str] = []
        self._doomed: list[Life] = []
        self._outside = copy_context()

    def begin(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Something that no process of the relay does, and that survives them all."""
        return self.loop.create_task(work, context=self._outside.copy())

    def outside(self, act: Callable[[], object]) -> None:
        """Soon, and in no process of the relay."""
        self.loop.call_soon(act, context=self._outside)

    # -------------------------------------------------------------------------------------------------- what is said

    def note(self, what: str) -> None:
        """For whoever looks at what happened in a seed."""
        self.log.append(f"{self.clock.monotonic():10.3f}  {what}")

    def wrong(self, what: str) -> None:
        """Ends the run; for those who cannot raise, since what they raise is caught by the relay."""
        self._wrong.append(what)

    def _unforeseen(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        self.wrong(f"{context.get('message')}: {context.get('exception')!r}")

    # ------------------------------------------------------------------------------------------------ what is asked

    def asking(self, life: Life) -> Ask:
        """How one process asks the store."""

        async def ask(work: Callable[[], Awaitable[Any]], *changes: Change) -> Any:  # noqa: ANN401
            if life.is_dead:
                raise Unavailable("dead")
            answer = self.loop.create_future()
            if not life.is_doomed:
                self.asked.append(Asked(life, work, changes, answer))
            return await answer

        return ask

    def doom(self, life: Life) -> None:
        """It dies before the next turn; nothing that it still does counts."""
        if not life.is_doomed:
            life.is_doomed = True
            self._doomed.append(life)

    @property
    def is_idle(self) -> bool:
        """Whether nobody waits for the store, or is about to."""
        self.settle()
        return not self.asked

    # ------------------------------------------------------------------------------------------------------- turns

    def turn(self, *, may_wait: bool = True) -> bool:
        """Runs what is ready, then answers one question or lets time pass. False when nothing is left to happen."""
        rest = self.settle()
        ready = [each for each in self.asked if not each.life.is_paused]
        if ready and (rest is None or not may_wait or self._draw.random() >= IMPATIENT):
            self._answer(ready[self._draw.randrange(len(ready))])
        elif rest is not None and may_wait:
            self.clock.pass_(rest)
        else:
            return False
        return True

    def settle(self) -> float | None:
        """Runs what is ready, and buries who died of it; the seconds until the next timer."""
        rest = self.loop.until_idle()
        while self._doomed:
            self._bury(self._doomed.pop())
            rest = self.loop.until_idle()
        if self._wrong:
            raise BrokenPromise("; ".join(self._wrong))
        return rest

    def _answer(self, asked: Asked) -> None:
        self.asked.remove(asked)
        fate = self._fates.of_commit() if asked.changes else self._fates.of_read()
        fate = Fate.REFUSED if asked.life.is_broken else fate
        if fate is not Fate.DONE:
            self.note(f"{fate.value}: {_names(asked.changes) or 'a look-up'}")
        if fate in (Fate.CRASH_BEFORE, Fate.CRASH_AFTER):
            if fate is Fate.CRASH_AFTER:
                self._do(asked)
            self.doom(asked.life)
        elif fate is Fate.REFUSED:
            self._tell(asked, Unavailable("The store cannot take this now."))
        else:
            result, told = self._do(asked)
            if fate is Fate.IN_DOUBT:
                self._tell(asked, Unavailable("The store cannot be reached."))
                self._in_doubt(asked.life)
            else:
                self._tell(asked, result, told)

    def _in_doubt(self, life: Life) -> None:
        """With a file it cannot go on; from a server it hears that it may have missed something."""
        life.is_broken = not life.has_server
        act = life.bus.miss if life.has_server else (lambda: self.doom(life))
        self.loop.call_later(self._draw.random(), act, context=life.context)

    def _do(self, asked: Asked) -> tuple[Any, list[Commit]]:
        """The result, or the error that it ended with; and what is to be announced."""
        try:
            result = self._ground.run(asked.work())
        except RelayError as error:
            return error, []
        told = list(self._ground.told)
        self._ground.told.clear()
        for commit in told:
            self._commits(asked.life, commit)
        return result, told

    def _tell(self, asked: Asked, result: object, told: list[Commit] | None = None) -> None:
        """Inside the process: listeners first, then who asked."""

        def tell() -> None:
            for commit in told or ():
                asked.life.bus.announce(*commit)
            if asked.answer.done():
                return
            if isinstance(result, Exception):
                asked.answer.set_exception(result)
            else:
                asked.answer.set_result(result)

        is_late = asked.life.has_server and not asked.changes and self._draw.random() < LATE
        self._arrive(asked.life, tell, self._draw.choice(DELAYS) if is_late else 0.0)

    def _arrive(self, life: Life, tell: Callable[[], None], delay: float) -> None:
        """Who is paused hears of it when they go on."""

        def arrive() -> None:
            if life.is_paused:
                life.held.append(tell)
            else:
                tell()

        self.loop.call_later(delay, arrive, context=life.context)

    # --------------------------------------------------------------------------------------------------------- death

    def _bury(self, life: Life) -> None:
        """As kill -9: what was on its way to the store is written or not, and nobody of it hears of that."""
        self.note(f"process {life.number} is dead")
        mine = [each for each in self.asked if each.life is life]
        self.asked = [each for each in self.asked if each.life is not life]
        for each in mine:
            if each.changes and self._draw.random() < HALF:
                self.note(f"written all the same: {_names(each.changes)}")
                self._do(each)
        life.is_dead, life.is_up = True, False
        if life.is_built:
            life.sweeper.stop()
        while left := [task for task in self.loop.tasks if task.owner is life]:
            for task in left:
                task.cancel()
                task.add_done_callback(_forget)
            self.loop.until_idle()
        for hear in life.hung_up:
            hear()

    def close(self) -> None:
        """Ends every task that is left."""
        while left := list(self.loop.tasks):
            for task in left:
                task.cancel()
                task.add_done_callback(_forget)
            self.loop.until_idle()
        self.loop.close()


def _forget(task: asyncio.Task[Any]) -> None:
    """What the dead say is not heard."""
    if not task.cancelled():
        task.exception()


def _names(changes: tuple[Change, ...]) -> str:
    return ", ".join(type(change).__name__ for change in changes)
