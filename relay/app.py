"""The app: builds the parts, connects them, starts and stops them; the one module that knows them all."""

import asyncio
import gc
import socket
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass, field
from functools import partial

import structlog
from aiohttp import web
from prometheus_client import CollectorRegistry

from relay.bus import Bus, Missed
from relay.channels.mqtt.channel import Channel as Mqtt
from relay.channels.mqtt.link import LinkError
from relay.channels.mqtt.provision import RESTART, Provision
from relay.channels.web.listen import Listener
from relay.channels.web.stream import Streams
from relay.clock import SystemClock
from relay.compose import asyncapi
from relay.compose.broker import broker_of, is_shut_at, open_provision, salt
from relay.compose.control import controlled
from relay.compose.flows import Flows, Opened, build_flows, new_id, new_secret
from relay.compose.learning import open_learning
from relay.compose.listing import listing
from relay.compose.measures import measure, measure_plugins
from relay.compose.moderation import build_pipeline, open_look
from relay.compose.mqtt import Flows as MqttFlows
from relay.compose.mqtt import measure_mqtt, open_mqtt
from relay.compose.rejudging import Rejudging, open_rejudge
from relay.compose.reload import Reload, Wishes
from relay.compose.signing_in import open_sign_in
from relay.compose.storage import begin_run, measure_disk, open_erasing, open_store
from relay.compose.streams import open_streams
from relay.configuration import ModerationSettings, Settings
from relay.core.change import AcceptPost, Erase, FileReply, ReleasePost, Rule, SendMessage
from relay.core.errors import Conflict
from relay.core.identity import is_token, token_digest
from relay.core.known import Known
from relay.core.model import Learned
from relay.core.pause import Pause, ReleaseDeferred
from relay.flows.admit import Admit
from relay.flows.govern import Govern
from relay.observe import Metrics
from relay.pipeline.pipeline import Places
from relay.pipeline.switch import Switch
from relay.ports import Channel, Engine, Store
from relay.stores.sqlite_restore import settle
from relay.web.door import Runner
from relay.web.parts import Parts
from relay.web.server import build

COLLECT_AFTER = (50_000, 20, 50)  # a full collection walks every connection: 60 ms with 10,000, so it comes seldom
BACKLOG = 4096  # connections that the kernel keeps while all come back at once
MIN_OWNER_TOKEN = 32  # characters
RELEASING = (ReleasePost, ReleaseDeferred, SendMessage, FileReply, Rule)  # what may put something before a member

log = structlog.get_logger(__name__)


class StartError(Exception):
    """The relay cannot start; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class First:
    """What the owner of a fresh relay comes in with: a token, and the secret of a one-time link. Neither is shown again."""

    token: str = field(repr=False)
    link: str = field(repr=False)


@dataclass(slots=True)
class App:
    """A running relay. `first` is there on the first start alone, when no token was given."""

    store: Engine
    flows: Flows
    streams: Streams
    pipeline: Switch
    bus: Bus
    metrics: Metrics
    first: First | None
    moderation: ModerationSettings
    rejudging: Rejudging
    mqtt: Mqtt | None = None
    provision: Provision | None = None
    is_stopping: bool = False

    def moderated(self, settings: Settings) -> None:
        """Other plugins and rules judge from now on."""
        self.moderation = self.rejudging.moderation = settings.moderation
        measure_plugins(self.pipeline, self.metrics)

    def is_ready(self) -> bool:
        """Whether it takes work."""
        return not self.is_stopping and not self.store.broken.is_set() and self.store.why_away() is None

    def notes(self) -> list[str]:
        """What somebody should know while it is ready all the same."""
        why_read_only = self.store.why_read_only()
        why_away = self.mqtt.why_away() if self.mqtt else None
        waits = self.provision is not None and self.provision.waits_for_restart
        return [
            *[f"read_only: {why_read_only}"] * bool(why_read_only),
            *[f"broker_away: {why_away}"] * bool(why_away),
            *[f"broker_restart: {RESTART}"] * waits,
        ]

    async def work(self, stop: asyncio.Event) -> None:
        """Delivers until `stop` is set. Raises OSError when the store broke: the next start recovers."""
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [
                    group.create_task(self.flows.keep.run(), name="run"),
                    group.create_task(self.flows.deliver.run(), name="deliver"),
                    group.create_task(self.flows.deliver.run_cursors(), name="cursors"),
                    group.create_task(self.flows.pauses.run(), name="pauses"),
                    group.create_task(self.flows.attempt.run(), name="attempts"),
                    group.create_task(self.flows.check.run(), name="second looks"),
                    group.create_task(self.flows.erasing.run(), name="erasures"),
                    group.create_task(self.flows.sign_in.run(), name="sessions"),
                    group.create_task(self.flows.watch.run(), name="raid mode"),
                    group.create_task(self.flows.learn.run(), name="learning"),
                    group.create_task(self.streams.hub.run(), name="streams"),
                ]
                if self.provision is not None:
                    tasks.append(group.create_task(self.provision.run(), name="mqtt credentials"))
                if self.mqtt is not None:
                    tasks.append(group.create_task(self.mqtt.run(), name="mqtt"))
                broken = group.create_task(self.store.broken.wait(), name="store broken")
                stopped = group.create_task(stop.wait(), name="stop")
                await asyncio.wait({broken, stopped}, return_when=asyncio.FIRST_COMPLETED)
                for task in (*tasks, broken, stopped):
                    task.cancel()
        finally:
            self.is_stopping = True
        if self.store.broken.is_set():
            raise OSError(f"{self.store.why_broken} The relay stops; started again it recovers what was accepted.")


async def open_app(settings: Settings, stack: AsyncExitStack, owner_token: str | None, channels: Sequence[Channel] = ()) -> App:
    """Opens all parts and connects them; what has to be closed goes onto `stack`. Raises StartError, PluginError.

    `channels` are the platforms that it pushes to, beside the members' streams.
    """
    bus, metrics, judging = Bus(), Metrics(CollectorRegistry()), dict[str, Learned]()
    built = build_pipeline(settings, guarded=True, around=Places(learned=judging.get))
    pipeline = Switch(built)
    stack.push_async_callback(pipeline.close)
    await built.open()
    settings.store.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    settle(settings.store.folder)
    store = await open_store(settings, bus, stack)
    store.grouped = metrics.committed
    keep = await begin_run(settings, store, stack)
    provision = _provision(settings, store, bus, keep.epoch)
    erasing = await open_erasing(settings, store, provision)
    sign_in = open_sign_in(store, new_id, new_secret, stack)
    admit = Admit(store, SystemClock(), new_id, new_secret, salt, broker_of(provision))
    look = await open_look(settings, store, stack)
    rejudging = Rejudging(settings)
    rejudge = open_rejudge(rejudging, store, new_id, stack)
    learn = await open_learning(store, new_id, pipeline, judging, bus)
    strict, allows_shadow = settings.moderation.ladder, settings.moderation.allow_shadow
    opened = Opened(keep, erasing, sign_in, admit, look, rejudge, learn, strict, allows_shadow)
    flows = await build_flows(store, pipeline, opened, channels)
    streams = _streams(settings, store, flows, bus, stack)
    for change in RELEASING if channels else ():
        bus.on(change, flows.attempt.released)
    keep.renewed = partial(_look_for_work, flows)
    bus.on(Erase, lambda change, _outcome: pipeline.forget(change.id))
    _wake(flows, bus)
    mqtt = _mqtt(settings, streams, store, flows, provision)
    _attend(mqtt, metrics, bus)
    measure(bus, metrics, streams)
    measure_plugins(pipeline, metrics)
    measure_disk(metrics, store)
    made = await _owner(store, flows.govern, owner_token)
    await _recover(flows)
    return App(store, flows, streams, pipeline, bus, metrics, made, settings.moderation, rejudging, mqtt, provision)


def _streams(settings: Settings, store: Engine, flows: Flows, bus: Bus, stack: AsyncExitStack) -> Streams:
    """Those of the members, told of what is committed."""
    streams = open_streams(settings, store, flows.deliver, flows.receive)
    streams.sweeper.start()
    stack.callback(streams.sweeper.stop)
    Listener(streams.hub, bus)
    bus.on(Missed, streams.send_away)
    return streams


async def _recover(flows: Flows) -> None:
    """What the run before left."""
    pending = await flows.deliver.recover()
    unknown = await flows.attempt.recover()
    log.info("opened", posts_in_delivery=pending, attempts_unknown=unknown)


def _provision(settings: Settings, store: Engine, bus: Bus, epoch: Callable[[], int]) -> Provision | None:
    try:
        return open_provision(settings.mqtt, store, bus, new_id, epoch)
    except OSError as problem:
        raise StartError(f"mqtt: {problem}") from None


def _mqtt(settings: Settings, streams: Streams, store: Engine, flows: Flows, provision: Provision | None) -> Mqtt | None:
    """None where no broker is set."""
    if settings.mqtt.url is None:
        return None
    leads = MqttFlows(flows.receive, flows.publish, flows.keep.epoch, is_shut_at(provision))
    try:
        return open_mqtt(settings.mqtt, streams, store, leads, settings.http.limits.key)
    except (LinkError, OSError) as problem:
        raise StartError(f"mqtt: {problem}") from None


def _attend(mqtt: Mqtt | None, metrics: Metrics, bus: Bus) -> None:
    if mqtt is not None:
        measure_mqtt(metrics, mqtt)
        bus.on(Missed, mqtt.lines.look_again)


def _wake(flows: Flows, bus: Bus) -> None:
    """By what is committed."""
    bus.on(Missed, lambda _missed, _outcome: _look_for_work(flows))
    bus.on(AcceptPost, flows.deliver.accepted)
    bus.on(Pause, flows.pauses.paused)
    bus.on_own(FileReply, flows.check.filed)
    bus.on(Erase, flows.erasing.erased)
    bus.on(Erase, lambda change, _outcome: flows.rejudge.forget(change.id))


def _look_for_work(flows: Flows) -> None:
    """What another process left when it ended, nobody tells."""
    flows.deliver.accepted(None, None)
    flows.attempt.released(None, None)


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
        restrain=flows.restrain,
        answer=flows.answer,
        look=flows.look,
        enrol=flows.enrol,
        join=flows.join,
        pauses=flows.pauses,
        govern=flows.govern,
        sign_in=flows.sign_in,
        watch=flows.watch,
        learn=flows.learn,
        admit=flows.admit,
        deliver=flows.deliver,
        rejudge=flows.rejudge,
        known=Known(flows.join.key, new_id),
        plugins=lambda: [asdict(state) for state in app.pipeline.describe()],
        members_stream=app.streams.handle,
        is_ready=app.is_ready,
        notes=app.notes,
        frames=asyncapi.document,
        trust=app.pipeline.trust,
        raid=app.pipeline.raids.of,
        rules=lambda: [asdict(rule) for rule in listing(app.moderation, app.pipeline.weighed())],
    )
    return build(parts, settings.http)


async def serve(
    settings: Settings,
    ready: Callable[[str, First | None], None],
    wishes: Wishes,
    owner_token: str | None,
    channels: Sequence[Channel] = (),
) -> None:
    """Runs a relay until it shall stop: `ready(url, what a first owner needs)` is called when it answers requests.

    The address is taken first, so that a first start that cannot have it makes no owner whose token nobody sees.
    """
    async with AsyncExitStack() as stack:
        listening = stack.enter_context(_listening(settings.http.host, settings.http.port))
        app = await open_app(settings, stack, owner_token, channels)
        runner = Runner(build_server(app, settings), settings.http, app.streams.held)
        app.streams.has_room = runner.may_lend
        await runner.setup()
        stack.push_async_callback(_drain, app, runner)
        await web.SockSite(runner, listening, backlog=BACKLOG).start()
        gc.collect()
        gc.freeze()  # what start-up made lives as long as the process; the collector need not walk it again
        gc.set_threshold(*COLLECT_AFTER)
        reload = Reload(app.pipeline, settings, wishes.read, app.store, app.moderated)
        await stack.enter_async_context(controlled(settings.store.folder, reload, wishes.reload))
        ready(_url(settings.http.host, runner), app.first)
        await app.work(wishes.stop)
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
    await app.flows.keep.end()


async def _owner(store: Store, govern: Govern, token: str | None) -> First | None:
    """The owner of a fresh relay. Returns what they come in with when it was made here."""
    if token is not None and (len(token) < MIN_OWNER_TOKEN or not is_token(token)):
        raise StartError(f"RELAY_OWNER_TOKEN needs {MIN_OWNER_TOKEN} to 200 letters, digits and -._~+/= (it has {len(token)}).")
    if await store.staff():
        if token is not None and not await _is_owners(store, token):
            log.warning("RELAY_OWNER_TOKEN ignored: this relay has an owner already")
        return None
    made = None if token else First(new_secret(), new_secret())
    try:
        await (govern.first_owner(made.token, made.link) if made else govern.first_owner(token or ""))
    except Conflict:
        log.info("another relay that started with this one made the owner, and shows the token where none was given")
        return None
    return made


async def _is_owners(store: Store, token: str) -> bool:
    return await store.token(token_digest(token), SystemClock().now()) is not None


def _url(host: str, runner: web.AppRunner) -> str:
    port = runner.addresses[0][1]
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{port}"
