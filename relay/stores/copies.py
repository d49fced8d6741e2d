"""Copies of the database that the relay itself leaves in its folder: they keep what is erased later, so their time is limited.

One is made before the tables change, and what a restore replaces is set aside. What a crash left half made is deleted at once.
"""

import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import structlog

from relay.core.errors import Unavailable
from relay.stores.stable import sync

BEFORE = "relay.db.before-"  # and the name of the migration: made before the tables change
REPLACED = "replaced-"  # and a time: the folder with what a restore replaced
RESTORING = "restoring"  # the folder in which a restore prepares a database
PART = ".part"

log = structlog.get_logger(__name__)


def copies(folder: Path) -> tuple[Path, ...]:
    """Whole copies, the oldest first."""
    found = [path for path in _left(folder) if not _is_half_made(path)]
    return tuple(sorted(found, key=lambda path: path.lstat().st_mtime))


def expire(folder: Path, days: float) -> tuple[str, ...]:
    """Deletes those whose time is over; the names of those that are left. Raises Unavailable when one cannot be deleted.

    Only for who has the lock of the folder: a restore that is at work has it.
    """
    try:
        return _expired(folder, days)
    except OSError as error:
        raise Unavailable(f"{error.filename} cannot be deleted: {error.strerror}.") from None


def _expired(folder: Path, days: float) -> tuple[str, ...]:
    for path in filter(_is_half_made, tuple(_left(folder))):
        delete(path)
        log.info("half a copy deleted", copy=str(path))
    oldest = time.time() - days * 86_400
    for path in copies(folder):
        if path.lstat().st_mtime <= oldest:
            delete(path)
            log.warning("copy deleted, its time was over", copy=str(path), days=days)
    return tuple(path.name for path in copies(folder))


def delete(path: Path) -> None:
    """A file or a whole folder; the name is gone from the disk when it returns."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
    sync(path.parent)


def _left(folder: Path) -> Iterator[Path]:
    for pattern in (f"{BEFORE}*", f"{REPLACED}*", RESTORING):
        yield from folder.glob(pattern)


def _is_half_made(path: Path) -> bool:
    return path.name.endswith(PART) or path.name == RESTORING
