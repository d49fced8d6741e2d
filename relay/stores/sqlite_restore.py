"""Puts a prepared database in the place of the one that is there: one rename decides, what a crash leaves is finished later.

Until that rename nothing has changed. After it the next one who has the folder's lock, such as a start of the relay, takes the
old database's log away, which must not be read into the new one, and gives the new one its name.
"""

import os
import shutil
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import structlog

from relay.stores.copies import REPLACED, RESTORING, delete
from relay.stores.sqlite_file import Lock
from relay.stores.stable import sync

DATABASE = "relay.db"
DECIDED = "relay.db.restored"  # from the rename that decides until it has the database's name
KEPT = ("-wal", "-journal", "-mark")  # of the database that is replaced: it says less without them
BESIDE = (*KEPT, "-shm")

log = structlog.get_logger(__name__)


def begin(folder: Path) -> Path:
    """An empty folder to prepare the database in. Only for who has the lock, as everything here."""
    place = folder / RESTORING
    if place.exists():
        delete(place)
    place.mkdir(mode=0o700)
    return place


def set_aside(folder: Path, now: datetime) -> Path | None:
    """Where what is there now can be found afterwards; None where there is nothing. It stays in its place too, for now."""
    found = [path for suffix in ("", *KEPT) if (path := folder / f"{DATABASE}{suffix}").exists()]
    if not found:
        return None
    place = folder / f"{REPLACED}{now:%Y%m%dT%H%M%SZ}"
    place.mkdir(mode=0o700)
    for path in found:
        _keep(path, place / path.name)
    sync(place)
    return place


def decide(folder: Path) -> None:
    """From here on the prepared database is the one."""
    (folder / RESTORING / DATABASE).replace(folder / DECIDED)
    sync(folder)
    _finish(folder)


def is_decided(folder: Path) -> bool:
    """Whether a restore got so far that it is going to be finished."""
    return (folder / DECIDED).exists()


def settle(folder: Path) -> None:
    """Before the database is opened: ends what a restore that was cut off began. Raises Unavailable when the folder is in use.

    One that had decided is finished; of one that had not, the second names of the database that is still in its place go.
    """
    if not is_decided(folder) and not _doubles(folder):
        return
    lock = Lock(folder / "lock")
    try:
        if is_decided(folder):  # another may have been faster
            _finish(folder)
            log.warning("a restore that was cut off is finished", folder=str(folder))
        for place in _doubles(folder):
            delete(place)
    finally:
        lock.free()


def _doubles(folder: Path) -> list[Path]:
    """What was set aside, and is in its place all the same."""
    database = folder / DATABASE
    aside = [place / DATABASE for place in folder.glob(f"{REPLACED}*")]
    return [path.parent for path in aside if path.exists() and database.exists() and path.samefile(database)]


def _finish(folder: Path) -> None:
    for suffix in BESIDE:
        (folder / f"{DATABASE}{suffix}").unlink(missing_ok=True)
    sync(folder)
    (folder / DECIDED).replace(folder / DATABASE)
    sync(folder)
    if (folder / RESTORING).exists():
        delete(folder / RESTORING)


def _keep(path: Path, to: Path) -> None:
    """A second name for the same file, or a copy where the disk knows no second names."""
    with suppress(OSError):
        os.link(path, to)
        return
    shutil.copy2(path, to)
    sync(to)
