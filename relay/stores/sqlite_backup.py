"""A backup of the SQLite database: a folder with a whole copy, a manifest that says what it is, and the erasure list beside it.

It is made while the relay runs, of one instant, and carries its name only when all of it is on the disk and was looked at. The
list is copied after the database, so that it knows every erasure that the copy knows.
"""

import hashlib
import json
import os
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from sqlite_utils import Database

import relay
from relay.core.errors import Unavailable
from relay.stores import erasure_list, manifest
from relay.stores.copies import delete
from relay.stores.manifest import Manifest
from relay.stores.sqlite_errors import BUSY, code
from relay.stores.sqlite_file import BUSY_MS, Connection, Lock, back_up, lite, migrations
from relay.stores.stable import sync

COPY = "relay.db"
COUNTED = ("communities", "members", "posts", "deliveries", "threads", "messages", "erasures")
CHUNK = 1024 * 1024  # bytes read at once
EVERY = 20_000  # of SQLite's own steps between two words about how far it is: some ten milliseconds
FAULTS = 3  # of a damaged copy; the first says enough

Progress = Callable[[str, int, int], None]
"""Hears what is done of the copy, how many bytes, and of how many; at last with all of them."""


def make(database: Path, to: Path, progress: Progress) -> Manifest:
    """Writes the folder `to`, which must not be there. Raises Unavailable; then nothing of it is left."""
    if to.exists() or to.is_symlink():
        raise Unavailable(f"{to} is there already, and nothing is written over. Name another, or delete it first.")
    part = to.with_name(f".{to.name}.part")
    with _said(to):
        part.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = _lock(part, to)
        try:
            made = _fill(database, part, progress)
            (part / "lock").unlink()
            sync(part)
            part.rename(to)
            sync(to.parent)
        except BaseException:
            with suppress(OSError):
                delete(part)
            raise
        finally:
            lock.free()
    return made


def _lock(part: Path, to: Path) -> Lock:
    try:
        return Lock(part / "lock")
    except Unavailable:
        raise Unavailable(f"{to} is being made already, by another `relay backup`.") from None


def _fill(database: Path, folder: Path, progress: Progress) -> Manifest:
    for name in (COPY, f"{COPY}.part", erasure_list.NAME, manifest.NAME):  # of one that was cut off
        (folder / name).unlink(missing_ok=True)
    copy, at = folder / COPY, datetime.now(UTC)
    _copy(database, copy, progress)
    _check(copy)
    _copy_list(database.with_name(erasure_list.NAME), folder / erasure_list.NAME)
    with closing(_read_alone(copy)) as connection:
        applied, counts = _applied(connection), _counts(connection)
    made = Manifest(at, relay.__version__, applied, copy.stat().st_size, _digest(copy, progress), counts)
    _write(folder / manifest.NAME, json.dumps(made.plain(), indent=2).encode() + b"\n")
    return made


def _copy(database: Path, to: Path, progress: Progress) -> None:
    part = to.with_name(f"{to.name}.part")
    with closing(lite.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)) as connection:
        connection.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
        total = _size(connection)

        def tell() -> None:
            with suppress(OSError):
                progress("copied", min(part.stat().st_size, total), total)

        connection.set_progress_handler(tell, EVERY)
        back_up(connection, to)
    progress("copied", total, total)


def _check(copy: Path) -> None:
    """A backup that cannot be put back is none."""
    if faults := faults_of(copy):
        raise Unavailable(f"The copy is damaged, so the database is as well: {faults[0]}. Look with `relay doctor`.")


def _copy_list(listing: Path, to: Path) -> None:
    """Whole lines: one that is being written just now counts when its erasure is answered."""
    raw = listing.read_bytes() if listing.exists() else b""
    _write(to, raw[: raw.rfind(b"\n") + 1])


# ---------------------------------------------------------------------------------------------------------- reading one


def read(folder: Path) -> Manifest:
    """What a backup says of itself. Raises Unavailable when it is none, or one that this relay cannot put back."""
    found = manifest.read(folder)
    known = {each.name for each in migrations()._migrations}  # noqa: SLF001  there is no other way to ask
    if newer := sorted(set(found.schema) - known):
        what = f"{folder} is of a newer relay, {found.relay} (it has {', '.join(newer)})"
        raise Unavailable(f"{what}. Nothing was changed; install that relay first.")
    return found


def take(folder: Path, told: Manifest, to: Path, progress: Progress) -> None:
    """Copies the database of a backup to `to`, onto the disk, and looks at it. Raises Unavailable when it is not as it was."""
    source = folder / COPY
    with _said(to):
        found = _copied(source, to, progress)
    if found != told.sha256:
        what = f"{source} is not what was written: its digest is not the one in {manifest.NAME}"
        raise Unavailable(f"{what}. Nothing was changed; take another backup.")
    if faults := faults_of(to):
        raise Unavailable(f"{source} is damaged: {faults[0]}. Nothing was changed; take another backup.")


def _copied(source: Path, to: Path, progress: Progress) -> str:
    """The digest of what was read on the way."""
    reckoned, total, done = hashlib.sha256(), source.stat().st_size, 0
    with source.open("rb") as found, _new(to) as made:
        while chunk := found.read(CHUNK):
            reckoned.update(chunk)
            made.write(chunk)
            done += len(chunk)
            progress("copied", done, total)
        made.flush()
        os.fsync(made.fileno())
    return reckoned.hexdigest()


def _digest(path: Path, progress: Progress) -> str:
    reckoned, total, done = hashlib.sha256(), path.stat().st_size, 0
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            reckoned.update(chunk)
            done += len(chunk)
            progress("looked at", done, total)
    return reckoned.hexdigest()


def faults_of(path: Path) -> list[str]:
    """What is wrong in a whole file that nobody uses."""
    try:
        with closing(_read_alone(path)) as connection:
            rows = connection.execute(f"PRAGMA integrity_check({FAULTS})").fetchall()
            lost = connection.execute("PRAGMA foreign_key_check").fetchmany(FAULTS)
    except lite.DatabaseError as error:
        return [str(error)]
    return [*(str(row[0]) for row in rows if row[0] != "ok"), *(f"a row of {row[0]} points to nothing" for row in lost)]


# -------------------------------------------------------------------------------------------------------------- plumbing


@contextmanager
def _said(to: Path) -> Iterator[None]:
    try:
        yield
    except lite.Error as error:
        why = "it is locked by another process for long" if code(error) == BUSY else str(error)
        raise Unavailable(f"The copy for {to} could not be made: {why}. Is there room? Nothing of it was kept.") from None
    except OSError as error:
        raise Unavailable(f"{error.filename or to}: {error.strerror}. Nothing of it was kept.") from None


def _read_alone(path: Path) -> Connection:
    return lite.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True, isolation_level=None)


def _size(connection: Connection) -> int:
    """Bytes that are in use."""
    asked = ("page_count", "freelist_count", "page_size")
    pages, free, size = (connection.execute(f"PRAGMA {name}").fetchone()[0] for name in asked)
    return int((pages - free) * size)


def _applied(connection: Connection) -> tuple[str, ...]:
    return tuple(each.name for each in migrations().applied(Database(connection, execute_plugins=False)))


def _counts(connection: Connection) -> dict[str, int]:
    there = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    asked = {name: f"SELECT count(*) FROM {name}" for name in COUNTED if name in there}  # noqa: S608  names of ours
    return {name: connection.execute(sql).fetchone()[0] for name, sql in asked.items()}


def _new(path: Path) -> BinaryIO:
    return open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")  # noqa: PTH123  for its owner alone


def _write(path: Path, raw: bytes) -> None:
    with _new(path) as file:
        file.write(raw)
        file.flush()
        os.fsync(file.fileno())
