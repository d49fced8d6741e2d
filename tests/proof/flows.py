"""A relay of flows over a real store and the real hub of streams, with time, ids and sockets that a test decides.

Two universes play the same programs, one with HIGH in it. Ids are drawn for each actor apart, so that what LOW sees can be
compared byte for byte: pseudonyms, ids and sizes too.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping
from contextlib import AsyncExitStack
from contextvars import ContextVar
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any

import relay
from relay.bus import Bus
from relay.channels.web import render
from relay.channels.web.hub import Hub
from relay.channels.web.listen import Listener
from relay.channels.web.socket import Sweeper, Terms
from relay.channels.web.stream import Doors, Streams, StreamSettings
from relay.core.identity import ID_BYTES, TOKEN_BYTES, encode
from relay.core.model import Learned
from relay.core.raid import RaidRules
from relay.core.verdict import Decision, Rules, Submission
from relay.flows.answer import Answer
from relay.flows.check import Check
from relay.flows.deliver import Deliver
from relay.flows.enrol import Enrol
from relay.flows.govern import Govern
from relay.flows.judge import Judging
from relay.flows.publish import Publish
from relay.flows.receive import Receive, Reply
from relay.flows.review import Review
from relay.lexicon import load_tables
from relay.loader import load
from relay.pipeline.pipeline import Pipeline, Places
from relay.plugin import NoOptions
from relay.ports import SignedIn
from relay.stores.sqlite import SqliteStore
from relay.testing.clock import ManualClock
from tests.proof.plugins import Crowd, Sure

SHIPPED = Path(relay.__file__).parent.parent / "plugins"
PLUGINS: dict[str, dict[str, Any]] = {"words": {"add": ["blargs"]}, "flood": {"burst": 4}, "repeat": {}, "spam": {}}
WEIGHTS = {"words.insult": 5.5, "repeat.own": 9.0, "flood.rate": 5.5}
"""An insult is held, the second one rejected: programs are short."""
FLOODED = StreamSettings(slim=True, send_burst=6, send_per_second=0.5)
RUN = 1  # of this relay
PATIENT_MS = 60_000  # a busy machine must not turn a plugin's deadline into a difference

actor: ContextVar[str] = ContextVar("actor", default="nobody")
"""Who acts in this task: their ids come from a row of their own."""


@dataclass(slots=True)
class OwnIds:
    """Ids by actor; the same in each universe for the same example."""

    size: int = ID_BYTES
    example: int = 0
    drawn: Counter[str] = field(default_factory=Counter)

    def begin(self, example: int) -> None:
        self.example = example
        self.drawn.clear()

    def __call__(self) -> str:
        who = actor.get()
        self.drawn[who] += 1
        return encode(sha256(f"{self.size} {self.example} {who} {self.drawn[who]}".encode()).digest()[: self.size])


@dataclass(slots=True)
class Universe:
    """All flows of one relay, open for as many examples as are played."""

    store: SqliteStore
    clock: ManualClock
    ids: OwnIds
    secrets: OwnIds
    streams: Streams
    deliver: Deliver
    receive: Receive
    check: Check
    publish: Publish
    answer: Answer
    review: Review
    enrol: Enrol
    govern: Govern
    judging: dict[str, Learned]

    def begin(self, example: int) -> None:
        """A fresh row of ids, a month later."""
        self.ids.begin(example)
        self.secrets.begin(example)
        self.clock.pass_(30 * 86_400)


async def open_universe(path: Path, stack: AsyncExitStack) -> Universe:
    """Wired as the app wires it."""
    bus, clock, ids, secrets = Bus(), ManualClock(), OwnIds(), OwnIds(TOKEN_BYTES)
    store = await SqliteStore.open(path, told=bus.announce)
    stack.push_async_callback(store.close)
    models: dict[str, Learned] = {}
    judging = _judging(moderation(clock, models))
    receive = Receive(store, clock, ids, judging, lambda: RUN)
    deliver = Deliver(store, clock)
    sweeper = Sweeper(Terms(), clock=clock.monotonic)
    hub = Hub(store, deliver.reached)
    streams = Streams(hub, clock, Random(0), _doors(receive, clock), FLOODED, sweeper)
    deliver.rooms = (hub.room,)
    Listener(hub, bus)
    running = asyncio.get_running_loop().create_task(hub.run())
    stack.push_async_callback(_ended, running)
    stack.push_async_callback(streams.close)
    return Universe(
        store,
        clock,
        ids,
        secrets,
        streams,
        deliver,
        receive,
        Check(store, clock, ids, judging.again, lambda: RUN),
        Publish(store, clock, ids, lambda: RUN),
        Answer(store, clock, ids),
        Review(store, clock, ids),
        Enrol(store, clock, ids, secrets, b"key"),
        Govern(store, clock, ids, secrets),
        models,
    )


def moderation(clock: ManualClock, models: Mapping[str, Learned]) -> Pipeline:
    """The shipped plugins, easily provoked; two members with one text are a raid. Models by the slug of their community."""
    plugins = [*load([SHIPPED], PLUGINS), Crowd(NoOptions()), Sure(NoOptions())]
    for plugin in plugins:
        type(plugin).deadline_ms = PATIENT_MS
    rules = Rules(weights=WEIGHTS, raid=RaidRules(members=1))
    return Pipeline(plugins, rules, load_tables(), clock, Places(learned=models.get))


def _judging(pipeline: Pipeline) -> Judging:
    """What a decision draws (a case, a notice) comes from a row of that message: a silent case moves nobody's later ids."""

    async def quick(submission: Submission) -> Decision:
        actor.set(f"decision about {submission.id}")
        return await pipeline.quick(submission)

    async def again(submission: Submission, first: Decision) -> Decision:
        actor.set(f"second look at {submission.id}")
        return await pipeline.again(submission, first)

    return Judging(quick, again)


def _doors(receive: Receive, clock: ManualClock) -> Doors:
    async def say(signed: SignedIn, said: render.Send) -> bytes:
        who = actor.get()
        stored = await receive.reply(signed, Reply(said.text, "web", said.client_id, said.in_reply_to))
        actor.set(who)
        return render.accepted(said.client_id, stored)

    async def tap(signed: SignedIn, said: render.Press) -> bytes:
        await receive.press(signed, said.post, said.button)
        return render.pressed(said.client_id, said.post, clock.now())

    return Doors(say=say, tap=tap)


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait({task})
