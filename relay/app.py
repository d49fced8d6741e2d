"""The app: builds the parts, connects them, starts and stops them; the one module that knows them all."""

import asyncio
import gc
import os
import socket
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random
from typing import Any

import structlog
from aiohttp import web
from prometheus_client import CollectorRegistry
from pydantic import BaseModel, Field, ValidationInfo, field_validator

import relay
from relay.bus import Bus
from relay.channels.web import render
from relay.channels.web.frames import TOO_SLOW
from relay.channels.web.hub import Hub
from relay.channels.web.listen import Listener
from relay.channels.web.socket import SIGN_IN, Sweeper
from relay.channels.web.stream import Doors, Streams, StreamSettings
from relay.clock import SystemClock
from relay.core.change import AcceptPost, Erase, Filed, FileReply, Released, ReleasePost, Rule, SendMessage, SetFact
from relay.core.identity import ID_BYTES, TOKEN_BYTES, encode, is_token, token_digest
from relay.core.verdict import Rules
from relay.flows.answer import Answer
from relay.flows.attempt import Attempt
from relay.flows.deliver import Deliver
from relay.flows.enrol import Enrol
from relay.flows.govern import Govern
from relay.flows.judge import Judging
from relay.flows.publish import Publish
from relay.flows.receive import Receive, Reply
from relay.flows.review import Review
from relay.lexicon import load_tables
from relay.loader import load
from relay.observe import LogSettings, Metrics
from relay.pipeline.pipeline import Pipeline
from relay.ports import Channel, SignedIn, Store
from relay.settings import beside
from relay.stores.sqlite import SqliteStore
from relay.web.door import Runner
from relay.web.parts import Parts
from relay.web.server import build
from relay.web.settings import HttpSettings

COLLECT_AFTER = (50_000, 20, 50)  # a full collection walks every connection: 60 ms with 10,000, so it comes seldom
BACKLOG = 4096  # connections that the kernel keeps while all come back at once
MIN_OWNER_TOKEN = 32  # characters
PSEUDONYM_KEY = "pseudonym_key"
DATABASE = "relay.db"
RELEASING = (ReleasePost, SendMessage, FileReply, Rule)  # what may put something before a member

FAREWELLS = {TOO_SLOW: "too slow", SIGN_IN: "sign in"}
RETRY_MS = 1000  # when a reader that was too slow may come back

log = structlog.get_logger(__name__)


class StoreSettings(BaseModel, extra="forbid", frozen=True):
    """Where everything is kept."""

    folder: Path = Field(Path("data"), description="the folder of the database; made when it is not there")


class ModerationSettings(BaseModel, extra="forbid", frozen=True):
    """From which score on a message is shown with a mark, kept for staff's decision, or rejected."""

    flag: float = Field(2.5, description="score from which staff see a mark")
    hold: float = Field(5.0, validate_default=True, description="score from which a person decides first")
    reject: float = Field(
        8.0, validate_default=True, description="score from which it is rejected, given two kinds of evidence or a hard signal"
    )
    weights: dict[str, float] = Field(default_factory=dict, description="weights by signal name, instead of the plugin's own")
    folder: Path | None = Field(
        None,
        description="a folder of your own plugins, beside the shipped ones; a relative one counts from this file's folder",
    )

    @field_validator("hold", "reject")
    @classmethod
    def _not_below_the_milder(cls, limit: float, info: ValidationInfo) -> float:
        milder = "flag" if info.field_name == "hold" else "hold"
        if milder in info.data and not info.data[milder] <= limit:  # also catches what is no number
            raise ValueError(f"should not be below {milder}")
        return limit

    @field_validator("folder")
    @classmethod
    def _is_there(cls, folder: Path | None, info: ValidationInfo) -> Path | None:
        found = folder and beside(folder, info)
        if found and not found.is_dir():
            raise ValueError("there is no such folder; a relative one counts from the folder of the settings file")
        return found


def _switched_on() -> dict[str, dict[str, Any]]:
    return {"words": {}, "flood": {}, "repeat": {}}


class Settings(BaseModel, extra="forbid", frozen=True):
    """Everything that can be set."""

    http: HttpSettings = Field(default_factory=HttpSettings, description="the web server")
    stream: StreamSettings = Field(default_factory=StreamSettings, description="the members' WebSocket")
    store: StoreSettings = Field(default_factory=StoreSettings, description="the database")
    log: LogSettings = Field(default_factory=LogSettings, description="the log")
    moderation: ModerationSettings = Field(default_factory=ModerationSettings, description="from signals to a decision")
    plugins: dict[str, dict[str, Any]] = Field(
        default_factory=_switched_on,
        description="a table for each plugin that is switched on, with its options",
    )


class StartError(Exception):
    """The relay cannot start; the message says why and what to do."""


def shipped(name: str) -> Path:
    """A folder that travels with the relay (plugins, config): inside the wheel, or beside the package in a checkout."""
    package = Path(relay.__file__).parent
    inside = package / "shipped" / name
    return inside if inside.is_dir() else package.parent / name


def new_id() -> str:
    """128 random bits."""
    return encode(os.urandom(ID_BYTES))


def new_secret() -> str:
    """256 random bits."""
    return encode(os.urandom(TOKEN_BYTES))


def build_pipeline(settings: Settings) -> Pipeline:
    """Moderation as configured. Raises PluginError."""
    moderation = settings.moderation
    folders = [shipped("plugins"), *([moderation.folder] if moderation.folder else [])]
    plugins = load(folders, settings.plugins, moderation.weights)
    rules = Rules(flag=moderation.flag, hold=moderation.hold, reject=moderation.reject, weights=moderation.weights)
    return Pipeline(plugins, rules, load_tables(), SystemClock())


@dataclass(frozen=True, slots=True)
class Flows:
    """The journeys, over one store."""

    publish: Publish
    deliver: Deliver
    attempt: Attempt
    receive: Receive
    review: Review
    answer: Answer
    enrol: Enrol
    govern: Govern


@dataclass(slots=True)
class App:
    """A running relay. `owner_token` is there on the first start alone, when none was given."""

    store: SqliteStore
    flows: Flows
    streams: Streams
    pipeline: Pipeline
    bus: Bus
    metrics: Metrics
    owner_token: str | None
    is_stopping: bool = False

    def is_ready(self) -> bool:
        """Whether it takes work."""
        return not self.is_stopping and not self.store.broken.is_set()

    async def work(self, stop: asyncio.Event) -> None:
        """Delivers until `stop` is set. Raises OSError when the store broke: the next start recovers."""
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [
                    group.create_task(self.flows.deliver.run(), name="deliver"),
                    group.create_task(self.flows.deliver.run_cursors(), name="cursors"),
                    group.create_task(self.flows.attempt.run(), name="attempts"),
                    group.create_task(self.streams.hub.run(), name="streams"),
                ]
                broken = group.create_task(self.store.broken.wait(), name="store broken")
                stopped = group.create_task(stop.wait(), name="stop")
                await asyncio.wait({broken, stopped}, return_when=asyncio.FIRST_COMPLETED)
                for task in (*tasks, broken, stopped):
                    task.cancel()
        finally:
            self.is_stopping = True
        if self.store.broken.is_set():
            raise OSError("The database could not be written. The relay stops; started again it recovers.")


async def open_app(settings: Settings, stack: AsyncExitStack, owner_token: str | None, channels: Sequence[Channel] = ()) -> App:
    """Opens all parts and connects them; what has to be closed goes onto `stack`. Raises StartError, PluginError.

    `channels` are the platforms that it pushes to, beside the members' streams.
    """
    bus, clock, metrics = Bus(), SystemClock(), Metrics(CollectorRegistry())
    pipeline = build_pipeline(settings)
    stack.push_async_callback(pipeline.close)
    await pipeline.open()
    settings.store.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    store = await SqliteStore.open(settings.store.folder / DATABASE, told=bus.announce)
    stack.push_async_callback(store.close)
    store.grouped = metrics.committed
    flows = await _flows(store, clock, pipeline, channels)
    streams = _streams(settings, store, flows)
    streams.sweeper.start()
    stack.callback(streams.sweeper.stop)
    Listener(streams.hub, bus)
    bus.on(AcceptPost, flows.deliver.accepted)
    for change in RELEASING if channels else ():
        bus.on(change, flows.attempt.released)
    bus.on(Erase, lambda change, _outcome: pipeline.forget(change.id))
    _measure(bus, metrics, streams)
    made = await _owner(store, flows.govern, owner_token)
    pending = await flows.deliver.recover()
    unknown = await flows.attempt.recover()
    log.info("opened", posts_in_delivery=pending, attempts_unknown=unknown)
    return App(store, flows, streams, pipeline, bus, metrics, made)


async def _flows(store: Store, clock: SystemClock, pipeline: Pipeline, channels: Sequence[Channel]) -> Flows:
    await store.commit(SetFact(PSEUDONYM_KEY, new_secret()))  # kept as it is when it is there
    key = await store.fact(PSEUDONYM_KEY) or ""
    jitter = Random()  # noqa: S311 - spreads retries over time, no secret
    return Flows(
        publish=Publish(store, clock, new_id),
        deliver=Deliver(store, clock),
        attempt=Attempt(store, clock, new_id, jitter, channels),
        receive=Receive(store, clock, new_id, Judging(pipeline.judge)),
        review=Review(store, clock, new_id),
        answer=Answer(store, clock, new_id),
        enrol=Enrol(store, clock, new_id, new_secret, key.encode()),
        govern=Govern(store, clock, new_id, new_secret),
    )


def _streams(settings: Settings, store: Store, flows: Flows) -> Streams:
    clock = SystemClock()
    hub = Hub(store, flows.deliver.reached)
    doors = Doors(_saying(flows.receive), _tapping(flows.receive, clock))
    spread = Random()  # noqa: S311 - spreads reconnects over time, no secret
    streams = Streams(hub, clock, spread, doors, settings.stream, Sweeper(farewell=_farewell))
    flows.deliver.rooms = (hub.room,)
    return streams


def build_server(app: App, settings: Settings) -> web.Application:
    """The HTTP surface of an open app."""
    flows = app.flows
    parts = Parts(
        store=app.store,
        clock=SystemClock(),
        ids=new_id,
        bus=app.bus,
        metrics=app.metrics,
        publish=flows.publish,
        receive=flows.receive,
        review=flows.review,
        answer=flows.answer,
        enrol=flows.enrol,
        govern=flows.govern,
        deliver=flows.deliver,
        plugins=lambda: [asdict(state) for state in app.pipeline.describe()],
        members_stream=app.streams.handle,
        is_ready=app.is_ready,
    )
    return build(parts, settings.http)


async def serve(
    settings: Settings, ready: Callable[[str, str | None], None], stop: asyncio.Event, owner_token: str | None
) -> None:
    """Runs a relay until `stop` is set: `ready(url, owner token or None)` is called when it answers requests.

    The address is taken first, so that a first start that cannot have it makes no owner whose token nobody sees.
    """
    async with AsyncExitStack() as stack:
        listening = stack.enter_context(_listening(settings.http.host, settings.http.port))
        app = await open_app(settings, stack, owner_token)
        runner = Runner(build_server(app, settings), settings.http)
        await runner.setup()
        stack.push_async_callback(_drain, app, runner)
        await web.SockSite(runner, listening, backlog=BACKLOG).start()
        gc.collect()
        gc.freeze()  # what start-up made lives as long as the process; the collector need not walk it again
        gc.set_threshold(*COLLECT_AFTER)
        ready(_url(settings.http.host, runner), app.owner_token)
        await app.work(stop)
        log.info("stopping")


def _listening(host: str, port: int) -> socket.socket:
    """Raises OSError when the address cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=BACKLOG)


async def _drain(app: App, runner: web.AppRunner) -> None:
    for site in tuple(runner.sites):
        await site.stop()
    await app.streams.close()
    await asyncio.gather(runner.cleanup(), app.flows.attempt.drain())
    await app.flows.deliver.flush()


async def _owner(store: Store, govern: Govern, token: str | None) -> str | None:
    """The owner of a fresh relay. Returns their token when it was made here."""
    if token is not None and (len(token) < MIN_OWNER_TOKEN or not is_token(token)):
        raise StartError(f"RELAY_OWNER_TOKEN needs {MIN_OWNER_TOKEN} to 200 letters, digits and -._~+/= (it has {len(token)}).")
    if await store.staff():
        if token is not None and not await _is_owners(store, token):
            log.warning("RELAY_OWNER_TOKEN ignored: this relay has an owner already")
        return None
    made = None if token else new_secret()
    await govern.first_owner(token or made or "")
    return made


async def _is_owners(store: Store, token: str) -> bool:
    return await store.token(token_digest(token), SystemClock().now()) is not None


def _saying(receive: Receive) -> Callable[[SignedIn, render.Send], Any]:
    async def say(signed: SignedIn, said: render.Send) -> bytes:
        stored = await receive.reply(signed, Reply(said.text, "web", said.client_id, said.in_reply_to))
        return render.accepted(said.client_id, stored)

    return say


def _tapping(receive: Receive, clock: SystemClock) -> Callable[[SignedIn, render.Press], Any]:
    async def tap(signed: SignedIn, said: render.Press) -> bytes:
        await receive.press(signed, said.post, said.button)
        return render.pressed(said.client_id, said.post, clock.now())

    return tap


def _farewell(code: int) -> bytes:
    return render.bye(FAREWELLS.get(code, "closed"), RETRY_MS if code == TOO_SLOW else 0)


def _measure(bus: Bus, metrics: Metrics, streams: Streams) -> None:
    def released(_: ReleasePost, outcome: Released) -> None:
        metrics.released.inc(len(outcome.seqs))

    def filed(change: FileReply, _: Filed) -> None:
        metrics.judged(change.filing.decision.action, change.filing.decision.took_us)

    bus.on(AcceptPost, lambda _change, _outcome: metrics.posts.inc())
    bus.on(ReleasePost, released)
    bus.on(FileReply, filed)
    bus.on(SendMessage, lambda _change, _outcome: metrics.answers.inc())
    bus.on(Rule, lambda change, _outcome: metrics.rulings.labels(change.state.word).inc())
    metrics.connected.set_function(lambda: len(streams.hub))


def _url(host: str, runner: web.AppRunner) -> str:
    port = runner.addresses[0][1]
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{port}"
