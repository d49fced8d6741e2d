"""The MQTT channel, connected with the store, the members' hub and the flows that its messages lead to."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import Annotated, cast

from pydantic import Field

from relay.channels.mqtt.channel import Channel
from relay.channels.mqtt.company import Company
from relay.channels.mqtt.figures import REASONS, Figures
from relay.channels.mqtt.inbox import FRAMES, Inbox
from relay.channels.mqtt.lines import CHANNEL, Lines
from relay.channels.mqtt.link import Link, Terms
from relay.channels.mqtt.members import Doors, Members
from relay.channels.mqtt.outbox import Outbox
from relay.channels.mqtt.parcel import Stranger
from relay.channels.mqtt.selftest import check_library
from relay.channels.mqtt.settings import MqttSettings
from relay.channels.mqtt.topics import FILTERS, FromCompany
from relay.channels.mqtt.turn import Always, Turn
from relay.channels.web.render import Accepted, Press, Send, acceptance
from relay.channels.web.stream import Streams, StreamSettings
from relay.clock import SystemClock
from relay.core.errors import Denied, Invalid, SignedOut, Taken, Unknown
from relay.core.rate import Buckets, Rate
from relay.core.staff import Actor
from relay.flows.admit import SCOPE
from relay.flows.lease import Lease
from relay.flows.publish import Publish
from relay.flows.receive import Receive, Reply
from relay.observe import Metrics
from relay.ports import Clock, Engine, SignedIn
from relay.web.bodies import NewPost
from relay.web.idempotency import Attempt, Repeats, checked_key, fingerprint
from relay.web.posts import accepted, draft_of
from relay.web.reading import parse_body
from relay.web.settings import RateSettings
from relay.web.views import dumps

ACCEPTED = 202
LEASE = "mqtt"


class PostByMqtt(NewPost):
    """A post of a company system; its idempotency key may stand in it, where there is no user property for it."""

    idempotency_key: Annotated[str, Field(min_length=1, max_length=255)] | None = None


@dataclass(frozen=True, slots=True)
class Flows:
    """Where messages lead."""

    receive: Receive
    publish: Publish
    epoch: Callable[[], int]
    is_shut: Callable[[str], bool]


def open_mqtt(settings: MqttSettings, streams: Streams, store: Engine, flows: Flows, keys: RateSettings) -> Channel:
    """Needs a running loop. Raises LinkError when the library is not what it was, OSError when a TLS file cannot be used."""
    check_library()
    clock, figures = SystemClock(), Figures()
    jitter = Random()  # noqa: S311 - spreads reconnects over time, no secret
    turn: Turn = Lease(store, clock, LEASE, flows.epoch) if store.is_shared else Always()
    link = Link(terms_of(settings), jitter, turn.is_sure)
    outbox = Outbox(link, figures)
    lines = Lines(store, streams.hub, outbox)
    members = Members(store, clock, lines, _doors(flows.receive, clock), streams.sends, flows.is_shut)
    company = Company(Posting(store, clock, flows.publish, Repeats(store, clock), Buckets(keys.rate)).post)
    frames = Buckets(frames_of(streams.settings))
    inbox = Inbox(link, outbox, lines, members, company, figures, lambda: store.why_away() is not None, frames)
    link.handler = inbox
    return Channel(link, lines, inbox, turn)


def frames_of(sends: StreamSettings) -> Rate:
    """Whoever may send more than most may say more besides."""
    return Rate(max(FRAMES.burst, 2 * sends.send_burst), max(FRAMES.per_second, 2 * sends.send_per_second))


def terms_of(settings: MqttSettings) -> Terms:
    """As the relay's stream."""
    return Terms(
        host=settings.host,
        port=settings.port,
        client_id=settings.user,
        topics=FILTERS,
        user=settings.user if settings.password.get_secret_value() else None,
        password=settings.password.get_secret_value() or None,
        tls=settings.tls(),
    )


def _doors(receive: Receive, clock: Clock) -> Doors:
    async def say(signed: SignedIn, said: Send) -> Accepted:
        stored = await receive.reply(signed, Reply(said.text, CHANNEL, said.client_id, said.in_reply_to))
        return acceptance(said.client_id, stored.id, stored.at)

    async def tap(signed: SignedIn, said: Press) -> Accepted:
        await receive.press(signed, said.post, said.button)
        return acceptance(said.client_id, said.post, clock.now())

    return Doors(say, tap)


@dataclass(frozen=True, slots=True)
class Posting:
    """A post of a key, as over HTTP: the same limits, the same memory of what was answered."""

    store: Engine
    clock: Clock
    publish: Publish
    repeats: Repeats
    limit: Buckets

    async def post(self, sender: FromCompany, raw: bytes, mark: str | None) -> bytes:
        actor = await self._actor(sender)
        self.limit.take(actor.id, self.clock.monotonic())
        community = await self.store.community(sender.slug)
        if community is None:
            raise Unknown
        body = cast("PostByMqtt", parse_body(raw, PostByMqtt))
        if mark is None:
            raise Invalid("Over MQTT a message may come twice: give it an idempotency key.")
        attempt = Attempt(actor.id, checked_key(mark), fingerprint("MQTT", sender.receipts, raw), ACCEPTED, ())
        earlier = await self.repeats.begin(attempt)
        if earlier is not None:
            return earlier.body.encode()
        try:
            post = await self.publish.post(community, draft_of(body), actor, attempt.also(self.clock, accepted))
        except Taken:  # another relay was at it when the turn passed on, and its commit came first
            self.repeats.end(attempt)
            earlier = await self.repeats.begin(attempt)
            if earlier is None:
                raise
            return earlier.body.encode()
        finally:
            self.repeats.end(attempt)
        return dumps(accepted(post))

    async def _actor(self, sender: FromCompany) -> Actor:
        """The key of the topic, looked up for each post, since it may have been revoked meanwhile."""
        key = await self.store.key_by_id(sender.key)
        if key is None:
            raise Stranger
        if key.revoked_at is not None or (key.expires_at is not None and key.expires_at <= self.clock.now()):
            raise SignedOut("This key was revoked, or has expired.")
        if SCOPE not in key.scopes:
            raise Denied(f"This key does not hold {SCOPE}.")
        return Actor(key.id, key.name, scopes=key.scopes, created_by=key.created_by)


def measure_mqtt(metrics: Metrics, channel: Channel) -> None:
    """Each is asked when somebody reads the metrics."""
    figures = channel.inbox.figures
    seen = metrics.mqtt
    seen.up.set_function(lambda: channel.is_ours and channel.link.why_away is None)
    seen.members.set_function(lambda: len(channel.lines))
    seen.came.set_function(lambda: figures.came)
    seen.out.set_function(lambda: figures.out)
    seen.resent.set_function(lambda: figures.resent)
    seen.denied.set_function(lambda: figures.denied)
    for reason in REASONS:
        seen.refused.labels(reason).set_function(partial(figures.refused.__getitem__, reason))
