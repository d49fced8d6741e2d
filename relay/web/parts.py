"""What the HTTP surface is built from: the store to read, the flows to call, the bus to listen to."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from aiohttp import web

from relay.bus import Bus
from relay.core.identity import Ids
from relay.flows.answer import Answer
from relay.flows.deliver import Deliver
from relay.flows.enrol import Enrol
from relay.flows.govern import Govern
from relay.flows.publish import Publish
from relay.flows.receive import Receive
from relay.flows.review import Review
from relay.observe import Metrics
from relay.ports import Clock, Store

RawHandler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def _always() -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Parts:
    """Made by app.py. `plugins` describes the loaded plugins, `is_ready` says whether the relay takes work."""

    store: Store
    clock: Clock
    ids: Ids
    bus: Bus
    metrics: Metrics
    publish: Publish
    receive: Receive
    review: Review
    answer: Answer
    enrol: Enrol
    govern: Govern
    deliver: Deliver
    plugins: Callable[[], Sequence[Mapping[str, object]]]
    members_stream: RawHandler
    is_ready: Callable[[], bool] = _always


@dataclass(frozen=True, slots=True)
class Documents:
    """What the surface says about itself, made from its table."""

    openapi: bytes
    home: bytes
    reference: bytes
    errors: bytes
    style: bytes


Library = Callable[[], Awaitable[Documents]]
"""Gives the documents, made when somebody first asks."""
