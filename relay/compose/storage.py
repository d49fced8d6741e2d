"""The store as configured, either engine, and the list of who was erased from it."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from functools import partial
from math import nan

import structlog

from relay.bus import Bus
from relay.channels.mqtt.provision import Provision
from relay.clock import SystemClock
from relay.configuration import Settings
from relay.core.device import DropDevices
from relay.core.run import FOR_EVER
from relay.flows.erase import Erasing
from relay.flows.keep import Keep
from relay.observe import Metrics
from relay.ports import Engine
from relay.stores.copies import expire
from relay.stores.erasure_list import NAME as LIST
from relay.stores.erasure_list import ErasureList
from relay.stores.postgres import PostgresStore
from relay.stores.postgres_news import Hearing
from relay.stores.sqlite import SqliteStore
from relay.stores.sqlite_file import Lock
from relay.stores.sqlite_space import MIB, Space

DATABASE = "relay.db"
LOCK = "lock"

log = structlog.get_logger(__name__)


async def open_store(settings: Settings, bus: Bus, stack: AsyncExitStack) -> Engine:
    """SQLite in the folder, or PostgreSQL where there is a URL; then the folder is this process's alone all the same."""
    where = settings.store
    store: Engine
    if where.url is None:
        room = partial(Space, reserve=where.reserve_mib * MIB)
        store = await SqliteStore.open(where.folder / DATABASE, told=bus.announce, space=room)
    else:
        stack.callback(Lock(where.folder / LOCK).free)
        hearing = Hearing(bus.wants, bus.hear, bus.miss)
        store = await PostgresStore.open(where.url.get_secret_value(), told=bus.announce, hearing=hearing)
    stack.push_async_callback(store.close)
    return store


async def begin_run(settings: Settings, store: Engine, stack: AsyncExitStack) -> Keep:
    """The run of this process; where no other can be on the store, it need not be renewed."""
    if isinstance(store, PostgresStore):
        keep = Keep(store, SystemClock(), settings.store.takeover_s, doubted=store.doubt)
        store.news.epoch = keep.epoch
    else:
        keep = Keep(store, SystemClock(), FOR_EVER)
    stack.push_async_callback(keep.end)
    await keep.renew()
    return keep


async def open_erasing(settings: Settings, store: Engine, provision: Provision | None) -> Erasing:
    """Whoever an older copy of the database brought back is gone again when this returns."""
    folder = settings.store.folder
    listing = ErasureList(folder / LIST)
    copies = partial(asyncio.to_thread, expire, folder, settings.store.copies_days)
    erasing = Erasing(store, SystemClock(), lambda: listing, listing.enter, _purging(store, provision), copies)
    await erasing.recover()
    if listing.is_new and len(listing):
        log.warning("the erasure list was not there and is made anew from the database", file=str(listing.path))
    return erasing


def _purging(store: Engine, provision: Provision | None) -> Callable[[], Awaitable[None]]:
    """The broker's sessions first: what is written down of them is deleted with that, and then purged as well."""

    async def purged() -> None:
        await (_let_go(store) if provision is None else provision.purged())
        await store.purged()

    return purged


async def _let_go(store: Engine) -> None:
    """No broker is administrated any more: whatever one of before may hold, nobody here can reach."""
    ended = await store.ended_devices(SystemClock().now())
    if ended:
        await store.commit(DropDevices(tuple(device.id for device in ended)))
        log.warning("the broker is not administrated from here: it may hold sessions of who was erased", devices=len(ended))


def measure_disk(metrics: Metrics, store: Engine) -> None:
    """That of another machine is not seen from here."""
    metrics.read_only.set_function(lambda: store.why_read_only() is not None)
    if isinstance(store, SqliteStore):
        space = store.space
        metrics.disk_free.set_function(lambda: space.disk.free)
        metrics.disk_reserve.set_function(lambda: space.kept)
    else:
        metrics.disk_free.set(nan)
        metrics.disk_reserve.set(nan)
