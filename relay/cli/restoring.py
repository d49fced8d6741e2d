"""What `relay restore` does: prepares a database beside the one that is there, then puts it in its place."""

import asyncio
import os
import shutil
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from relay.app import open_app
from relay.cli.how_far import how_far
from relay.clock import SystemClock
from relay.compose.flows import new_id, new_secret
from relay.compose.storage import DATABASE
from relay.configuration import Settings
from relay.core.erasure import Erasure
from relay.core.errors import Unavailable
from relay.flows.erase import Erasing
from relay.flows.restore import Restore
from relay.ports import Store
from relay.stores import erasure_list
from relay.stores.copies import delete
from relay.stores.erasure_list import ErasureList
from relay.stores.manifest import Manifest
from relay.stores.sqlite import SqliteStore
from relay.stores.sqlite_backup import take
from relay.stores.sqlite_file import Lock
from relay.stores.sqlite_restore import begin, decide, is_decided, set_aside, settle

TWICE = 2  # the database while it is prepared, and a copy of it while its tables are brought up to date
SPARE = 64 * 1024 * 1024  # bytes that are left free
MIB = 1024 * 1024
ROOT = 0  # the user's number


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to put back, which further erasures to obey, and whether all credentials end."""

    source: Path
    manifest: Manifest
    erasures: tuple[Erasure, ...]
    revoke_all: bool


@dataclass(frozen=True, slots=True)
class Done:
    """How many were erased again, where what was there lies now, and the token of an owner when all had ended."""

    erased_again: int
    aside: Path | None
    owner_token: str | None


def put_back(folder: Path, wanted: Wanted) -> Done:
    """The whole of it. Raises Unavailable, OSError: then the database that is there is as it was."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    _want_room(folder, wanted.manifest)
    settle(folder)
    lock = Lock(folder / "lock")
    try:
        listing = ErasureList(folder / erasure_list.NAME)
        place = begin(folder)
        try:
            return asyncio.run(_put_back(folder, listing, place, wanted))
        finally:
            if place.exists() and not is_decided(folder):
                delete(place)
            _hand_over(folder)
    finally:
        lock.free()


async def _put_back(folder: Path, listing: ErasureList, place: Path, wanted: Wanted) -> Done:
    with how_far() as progress:
        take(wanted.source, wanted.manifest, place / DATABASE, progress)
    await listing.enter((*erasure_list.read(wanted.source / erasure_list.NAME).erasures, *wanted.erasures))
    store = await SqliteStore.open(place / DATABASE, told=lambda _changes, _outcomes: None)
    try:
        again = await _clear(store, listing)
        token = await _flow(store).settle(wanted.manifest.at, end_tokens=wanted.revoke_all)
        await store.purged()
    finally:
        await store.close()
    aside = set_aside(folder, datetime.now(UTC))
    decide(folder)
    return Done(again, aside, token)


async def _clear(store: SqliteStore, listing: ErasureList) -> int:
    """Nobody who is on the list is in the database when this returns, nor in any byte of its file."""
    erasing = Erasing(store, SystemClock(), lambda: listing, listing.enter, store.purged, _no_copies)
    again = await erasing.recover()
    await erasing.turn()
    return again


async def _no_copies() -> tuple[str, ...]:
    return ()


def finish_by_hand(settings: Settings, erasures: tuple[Erasure, ...], *, revoke_all: bool) -> Done:
    """What remains to be done when the database was put back by other means. Raises as a start does."""
    database = settings.store.folder / DATABASE
    if settings.store.url is None and not database.exists():
        raise Unavailable(f"There is no database in {settings.store.folder}. Name the folder with --data or --config.")
    try:
        return asyncio.run(_finish_by_hand(settings, erasures, revoke_all=revoke_all))
    finally:
        _hand_over(settings.store.folder)


async def _finish_by_hand(settings: Settings, erasures: tuple[Erasure, ...], *, revoke_all: bool) -> Done:
    async with AsyncExitStack() as stack:
        app = await open_app(settings, stack, None)
        erasing = app.flows.erasing
        await erasing.enter(erasures)
        await erasing.recover()
        token = await _flow(app.store).settle(None, end_tokens=revoke_all)
        return Done(erasing.again, None, token)


def _flow(store: Store) -> Restore:
    return Restore(store, SystemClock(), new_id, new_secret)


def _hand_over(folder: Path) -> None:
    """What root made in a folder of somebody else's becomes theirs, or the relay could not use it."""
    owner = folder.stat()
    if os.geteuid() != ROOT or owner.st_uid == ROOT:
        return
    for path in folder.rglob("*"):
        if path.lstat().st_uid == ROOT:
            os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)


def _want_room(folder: Path, manifest: Manifest) -> None:
    needed, free = TWICE * manifest.bytes + SPARE, shutil.disk_usage(folder).free
    if free < needed:
        what = f"{folder} has {free // MIB:,} MiB free, and putting this back takes {needed // MIB:,} MiB for a moment"
        raise Unavailable(f"{what}. Free some space; nothing was changed.")
