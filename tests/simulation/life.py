"""One life of the relay, from a start to its end: all flows, wired as the app wires them, over a store that may fail."""

import asyncio
from collections.abc import Callable, Coroutine
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from random import Random
from typing import Any

from relay.bus import Bus, Missed
from relay.channels.web import render
from relay.channels.web.hub import Hub
from relay.channels.web.listen import Listener
from relay.channels.web.socket import Sweeper, Terms
from relay.channels.web.stream import Doors, Streams, StreamSettings
from relay.core.change import AcceptPost, Erase, FileReply, ReleasePost, Rule, SendMessage
from relay.core.checking import DecideAgain
from relay.core.erasure import Erasure
from relay.core.identity import Ids
from relay.core.run import FOR_EVER
from relay.flows.answer import Answer
from relay.flows.attempt import Attempt
from relay.flows.check import Check
from relay.flows.deliver import Deliver
from relay.flows.enrol import Enrol
from relay.flows.erase import Erasing
from relay.flows.govern import Govern
from relay.flows.judge import Judging
from relay.flows.keep import Keep
from relay.flows.publish import Publish
from relay.flows.receive import Receive, Reply
from relay.flows.review import Review
from relay.ports import Channel, Clock, EnterErasures, Judge, JudgeAgain, SignedIn, Store
from relay.web.idempotency import Repeats
from tests.simulation.still_loop import owner

RELEASING = (ReleasePost, SendMessage, FileReply, Rule, DecideAgain)
GROUPS = (1, 2, 3, 5000)  # members a commit: audiences of a few are frozen and released in several groups
SHARED = 40.0  # seconds that a run holds without renewal where others may take over: less than the simulation waits for
SENDS = StreamSettings(slim=True, send_burst=1000, send_per_second=1000)
"""How much one may say is not what is looked at here."""


@dataclass(frozen=True, slots=True)
class Outside:
    """What a life gets from outside."""

    store: Store
    clock: Clock
    ids: Ids
    secrets: Ids
    draw: Random
    channels: tuple[Channel, ...]
    judge: Judge
    again: JudgeAgain
    listed: list[Erasure]
    enter: EnterErasures


@dataclass(eq=False)
class Life:
    """A process. Its store is a file of its own, or on a server that is far away and may have others at work.

    It is broken when the store takes nothing more of it, doomed once it has to die, dead when nothing of it runs any more; a
    paused one gets no answers.
    """

    number: int
    loop: asyncio.AbstractEventLoop
    has_server: bool
    is_built: bool = False
    is_broken: bool = False
    is_up: bool = False
    is_doomed: bool = False
    is_dead: bool = False
    is_paused: bool = False
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    context: Context = field(init=False)
    bus: Bus = field(default_factory=Bus)
    held: list[Callable[[], None]] = field(default_factory=list)
    """What arrives while it is paused."""
    hung_up: list[Callable[[], None]] = field(default_factory=list)
    """What those hear who talk to it when it dies."""

    def __post_init__(self) -> None:
        self.context = copy_context()
        self.context.run(owner.set, self)

    def build(self, outside: Outside) -> None:
        """As the app does."""
        store, clock, ids = outside.store, outside.clock, outside.ids
        self.store = store
        self.repeats = Repeats(store, clock)
        self.keep = Keep(store, clock, SHARED if self.has_server else FOR_EVER)
        judging = Judging(outside.judge, outside.again)
        self.publish = Publish(store, clock, ids, self.keep.sure, outside.draw.choice(GROUPS))
        self.deliver = Deliver(store, clock, group=outside.draw.choice(GROUPS))
        self.attempt = Attempt(store, clock, ids, outside.draw, self.keep.sure, outside.channels)
        self.receive = Receive(store, clock, ids, judging, self.keep.epoch)
        self.check = Check(store, clock, ids, judging.again, self.keep.epoch)
        self.review = Review(store, clock, ids)
        self.answer = Answer(store, clock, ids)
        self.erasing = Erasing(store, clock, lambda: outside.listed, outside.enter, _clean, _no_copies)
        self.enrol = Enrol(store, clock, ids, outside.secrets, b"key", outside.enter)
        self.govern = Govern(store, clock, ids, outside.secrets)
        self.sweeper = Sweeper(Terms(), clock=clock.monotonic)
        hub = Hub(store, self.deliver.reached)
        self.streams = Streams(hub, clock, outside.draw, self._doors(clock), SENDS, self.sweeper)
        self.deliver.rooms = (hub.room,)
        Listener(hub, self.bus)
        self.bus.on(Missed, self.streams.send_away)
        self.bus.on(AcceptPost, self.deliver.accepted)
        for change in RELEASING:
            self.bus.on(change, self.attempt.released)
        self.keep.renewed = self._look_for_work
        self.bus.on(Erase, self.erasing.erased)
        self.bus.on(FileReply, self.check.filed)
        self.is_built = True

    def _look_for_work(self) -> None:
        self.deliver.accepted(None, None)
        self.attempt.released(None, None)

    def _doors(self, clock: Clock) -> Doors:
        async def say(signed: SignedIn, said: render.Send) -> bytes:
            reply = Reply(said.text, "web", said.client_id, said.in_reply_to)
            return render.accepted(said.client_id, await self.receive.reply(signed, reply))

        async def tap(signed: SignedIn, said: render.Press) -> bytes:
            await self.receive.press(signed, said.post, said.button)
            return render.pressed(said.client_id, said.post, clock.now())

        return Doors(say=say, tap=tap)

    def start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Runs as part of this process, and dies with it."""
        return self.loop.create_task(work, context=self.context.copy())

    async def live(self) -> None:
        """Recovers, then works until it is asked to stop or something breaks; as the app does it."""
        await self.keep.renew()
        await self.erasing.recover()
        await self.deliver.recover()
        await self.attempt.recover()
        self.sweeper.start()
        self.is_up = True
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [
                    group.create_task(work)
                    for work in (
                        self.keep.run(),
                        self.deliver.run(),
                        self.deliver.run_cursors(),
                        self.attempt.run(),
                        self.check.run(),
                        self.erasing.run(),
                        self.streams.hub.run(),
                    )
                ]
                await self.stopping.wait()
                for task in tasks:
                    task.cancel()
        finally:
            self.is_up = False

    async def drain(self) -> None:
        """At the end of one that was asked to stop."""
        await self.streams.close()
        await self.attempt.drain()
        await self.deliver.flush()
        await self.keep.end()


async def _clean() -> None:
    """The engine's files are what other tests look at."""


async def _no_copies() -> tuple[str, ...]:
    """No copy of the database lies anywhere."""
    return ()
