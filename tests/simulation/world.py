"""A seed's world: processes of the relay that die and come back, platforms, and the way in for everybody who calls."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from random import Random
from typing import Any, TypeVar

from relay.core.attempt import Receipt
from relay.core.erasure import Erasure
from relay.core.errors import RelayError, Unavailable
from relay.core.verdict import Action, Decision, Submission
from relay.testing.clock import Drawn, drawn_tokens
from tests.simulation.device import Lost
from tests.simulation.fates import Fates
from tests.simulation.faulty_store import faulty
from tests.simulation.grapevine import Grapevine
from tests.simulation.ground import Commit, Ground
from tests.simulation.life import Life, Outside
from tests.simulation.oracle import Oracle
from tests.simulation.platform import Platform, Webhook
from tests.simulation.turns import Turns

T = TypeVar("T")

PAUSE = 1.0  # seconds until what died is started again
PAUSES = (0.1, 5.0, 60.0)  # seconds
AGAIN = (0.05, 0.5, 2.0)  # seconds until somebody who got no answer asks again
STORES = ((False, 1), (False, 1), (True, 1), (True, 2), (True, 2))
"""Whether the store is a server, which answers late and in doubt, and how many processes share it."""
ACTIONS = (Action.ALLOW, Action.ALLOW, Action.ALLOW, Action.FLAG, Action.HOLD, Action.REJECT, Action.NUDGE, Action.DISCARD)


class World:
    """`lives` has one process for each slot that is up or on its way; with two slots two share the store."""

    def __init__(self, seed: int, ground: Ground) -> None:
        self.draw = Random(seed)
        self.fates = Fates.drawn(self.draw)
        self.oracle = Oracle()
        self.ground = ground
        self.turns = Turns(ground, self.draw, self.fates, self._committed)
        self.grapevine = Grapevine(self.turns, self.fates)
        self.clock = self.turns.clock
        self.ids, self.secrets = Drawn(f"{seed}"), drawn_tokens(f"{seed}")
        webhook = Webhook(self._webhook)
        exits = self.oracle.exits
        self.platforms = tuple(Platform(name, self.turns, self.fates, exits, webhook) for name in ("push", "mail"))
        self.has_server, self.slots = self.draw.choice(STORES)
        self.lives: dict[int, Life] = {}
        self.listed: list[Erasure] = []
        self.calls: list[Callable[[], None]] = []
        self.at_work: set[asyncio.Task[None]] = set()
        self._started = 0

    # ---------------------------------------------------------------------------------------------------- processes

    def boot(self) -> None:
        for slot in range(self.slots):
            self.turns.begin(self._supervised(slot))

    async def _supervised(self, slot: int) -> None:
        """Starts it again whenever it has ended, as systemd does."""
        while True:
            self._started += 1
            life = self.lives[slot] = Life(self._started, self.turns.loop, has_server=self.has_server)
            ended = asyncio.Event()
            life.hung_up.append(ended.set)
            life.start(self._lived(life))
            await ended.wait()
            await asyncio.sleep(PAUSE)

    async def _lived(self, life: Life) -> None:
        """What ends a process is Unavailable at its start, or what nobody caught."""
        try:
            life.build(self._outside(life))
            if not life.has_server:
                self.ground.end_runs()
                self.oracle.runs.live.clear()
            self.turns.note(f"process {life.number} starts")
            await life.live()
            await life.drain()
        except Unavailable as problem:
            self.turns.note(f"process {life.number} cannot start: {problem}")
        except BaseExceptionGroup as group:
            ends = group.split(Unavailable)[1]
            if ends is not None:
                self.turns.wrong(f"process {life.number} broke: {[repr(each) for each in ends.exceptions]}")
        finally:
            self.turns.doom(life)

    def _outside(self, life: Life) -> Outside:
        return Outside(
            store=faulty(self.ground.store, self.turns.asking(life)),
            clock=self.clock,
            ids=self.ids,
            secrets=self.secrets,
            draw=self.draw,
            channels=self.platforms,
            judge=self._judge,
            again=self._judge_again,
            listed=self.listed,
            enter=self._enter,
        )

    async def _enter(self, erasures: Sequence[Erasure]) -> None:
        """The list of erasures, which outlives every process; its disk may be full."""
        await asyncio.sleep(self.draw.choice((0.0, 0.01)))
        if self.fates.happens(self.fates.refusals):
            raise Unavailable
        there = {each.member for each in self.listed}
        self.listed += [each for each in erasures if each.member not in there]

    async def _judge(self, _: Submission) -> Decision:
        if self.fates.happens(0.1):
            await asyncio.sleep(self.draw.choice((0.01, 1.0)))
        if self.fates.happens(0.03):
            raise ZeroDivisionError
        if self.draw.random() < 0.1:
            return Decision(Action.HOLD, 3.0, checking=True)
        return Decision(self.draw.choice(ACTIONS), 0.0)

    async def _judge_again(self, submission: Submission, _: Decision) -> Decision:
        await asyncio.sleep(self.draw.choice((0.0, 1.0, 20.0)))
        return await self._judge(submission)

    def _committed(self, life: Life, commit: Commit) -> None:
        self.oracle.committed(commit)
        self.grapevine.spread(life, list(self.lives.values()), commit)

    @property
    def up(self) -> list[Life]:
        return [life for life in self.lives.values() if life.is_up and not life.is_doomed]

    def kill(self) -> None:
        if self.lives:
            self.turns.doom(self.draw.choice(list(self.lives.values())))
            self.turns.settle()

    def pause(self) -> None:
        """SIGSTOP: nothing arrives until it goes on, and its clocks are on."""
        if self.up and self.has_server:
            life = self.draw.choice(self.up)
            life.is_paused = True
            self.turns.note(f"process {life.number} is paused")
            self.turns.loop.call_later(self.draw.choice(PAUSES), self._go_on, life)

    def go_on(self) -> None:
        """Everybody."""
        for life in self.lives.values():
            self._go_on(life)

    def _go_on(self, life: Life) -> None:
        if life.is_paused:
            self.turns.note(f"process {life.number} goes on")
        life.is_paused = False
        while life.held:
            self.turns.loop.call_soon(life.held.pop(0), context=life.context)

    def stop(self) -> None:
        """Asks one process to end, as an operator does."""
        if self.up:
            life = self.draw.choice(self.up)
            self.turns.note(f"process {life.number} is asked to stop")
            life.stopping.set()

    # --------------------------------------------------------------------------------------------------- who calls

    async def call(self, work: Callable[[Life], Coroutine[Any, Any, T]]) -> T:
        """A request to one of the processes. Raises Lost when no answer came, and what the relay refused it with."""
        if not self.up:
            raise Lost
        life = self.draw.choice(self.up)
        heard: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        task = life.start(self._answered(work(life), heard))

        def hang_up() -> None:
            task.cancel()
            _lose(heard)

        life.hung_up.append(lambda: _lose(heard))
        self.calls.append(hang_up)
        try:
            result = await heard
        finally:
            self.calls.remove(hang_up)
        if self.fates.happens(self.fates.answers_lost):
            raise Lost
        return result

    async def _answered(self, work: Coroutine[Any, Any, T], heard: asyncio.Future[T]) -> None:
        try:
            result = await work
        except RelayError as error:
            if not heard.done():
                heard.set_exception(error)
        except Exception as error:  # noqa: BLE001  whatever it is, a caller got an internal error
            self.turns.wrong(f"internal error: {error!r}")
        else:
            if not heard.done():
                heard.set_result(result)

    def hang_up(self) -> None:
        """Somebody's browser is closed while it waits for an answer."""
        if self.calls:
            self.draw.choice(self.calls)()

    async def _webhook(self, receipts: tuple[Receipt, ...]) -> None:
        await self.insist(lambda life: life.attempt.receipts(*receipts))

    async def insist(self, work: Callable[[Life], Coroutine[Any, Any, T]]) -> T:
        """Asks again until there is an answer. Raises what it is refused with."""
        while True:
            with suppress(Lost, Unavailable):
                return await self.call(work)
            await asyncio.sleep(self.draw.choice(AGAIN))

    def begin(self, work: Coroutine[Any, Any, None]) -> None:
        """Somebody does something; it is over before the world comes to rest."""
        task = self.turns.begin(work)
        self.at_work.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self.at_work.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.turns.wrong(f"{task.get_coro()}: {error!r}")

    # -------------------------------------------------------------------------------------------------------- turns

    def pass_turns(self, count: int) -> None:
        for _ in range(count):
            self.turns.turn()

    def pass_time(self, seconds: float) -> None:
        end = self.clock.monotonic() + seconds
        while self.clock.monotonic() < end:
            self.turns.turn()

    def until(self, come: Callable[[], bool], what: str, seconds: float) -> None:
        """Lets things happen until it has come. Raises BrokenPromise when it does not in that time."""
        end = self.clock.monotonic() + seconds
        while not come():
            self.turns.turn()
            if self.clock.monotonic() > end:
                self.turns.wrong(f"not within {seconds:g} s: {what}")


def _lose(heard: asyncio.Future[Any]) -> None:
    if not heard.done():
        heard.set_exception(Lost())
        heard.exception()  # whoever waited may be gone as well
