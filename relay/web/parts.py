"""What the HTTP surface is built from: the store to read, the flows to call, the bus to listen to."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from aiohttp import web

from relay.bus import Bus
from relay.core.identity import Ids
from relay.core.known import Known
from relay.core.raid import Raid
from relay.core.trust import Past, Trust, TrustRules, trust_of
from relay.flows.admit import Admit
from relay.flows.answer import Answer
from relay.flows.deliver import Deliver
from relay.flows.enrol import Enrol
from relay.flows.govern import Govern
from relay.flows.join import Join
from relay.flows.learn import Learn
from relay.flows.look import Look
from relay.flows.pause import Pauses
from relay.flows.publish import Publish
from relay.flows.receive import Receive
from relay.flows.rejudge import Rejudge
from relay.flows.restrain import Restrain
from relay.flows.review import Review
from relay.flows.sign_in import SignIn
from relay.flows.watch import Watch
from relay.observe import Metrics
from relay.ports import Clock, Store

RawHandler = Callable[[web.Request], Awaitable[web.StreamResponse]]
MembersStream = Callable[[web.Request, str], Awaitable[web.StreamResponse]]
"""The handler of a member's WebSocket; the text is the token that its cookie held, empty where the hello brings one."""


def _always() -> bool:
    return True


def _nothing() -> Sequence[str]:
    return ()


def _trust(past: Past, now: datetime) -> Trust:
    """By the rules that hold unless something else is set."""
    return trust_of(past, now, TrustRules())


def _no_raid(_community: str) -> Raid | None:
    return None


def _no_rules() -> Sequence[Mapping[str, object]]:
    return ()


def _no_frames() -> Mapping[str, Any]:
    return {}


@dataclass(frozen=True, slots=True)
class Parts:
    """Made by app.py. `plugins` describes the loaded plugins, `is_ready` says whether the relay takes work.

    `notes` are what somebody who asks should know while it does, such as that nothing that adds data is taken.
    `trust` says how far moderation trusts somebody with such a past, `raid` what raid mode is on in the community of that slug.
    `rules` are all figures that moderation goes by.
    `frames` makes the document of what goes over WebSockets and MQTT, whose models are not this surface's own.
    """

    store: Store
    clock: Clock
    ids: Ids
    bus: Bus
    metrics: Metrics
    publish: Publish
    receive: Receive
    review: Review
    restrain: Restrain
    answer: Answer
    look: Look
    enrol: Enrol
    join: Join
    pauses: Pauses
    govern: Govern
    sign_in: SignIn
    watch: Watch
    learn: Learn
    admit: Admit
    deliver: Deliver
    rejudge: Rejudge
    known: Known
    plugins: Callable[[], Sequence[Mapping[str, object]]]
    members_stream: MembersStream
    is_ready: Callable[[], bool] = _always
    notes: Callable[[], Sequence[str]] = _nothing
    frames: Callable[[], Mapping[str, Any]] = _no_frames
    trust: Callable[[Past, datetime], Trust] = _trust
    raid: Callable[[str], Raid | None] = _no_raid
    rules: Callable[[], Sequence[Mapping[str, object]]] = _no_rules


@dataclass(frozen=True, slots=True)
class Documents:
    """What the surface says about itself, made from its table."""

    openapi: bytes
    asyncapi: bytes
    streams: bytes
    home: bytes
    reference: bytes
    errors: bytes
    style: bytes


Library = Callable[[], Awaitable[Documents]]
"""Gives the documents, made when somebody first asks."""
