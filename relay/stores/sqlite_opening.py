"""Opens the SQLite file whatever became of it since it was last used, or says what is wrong with it and what to do.

It is looked at read-only first, so that a file that is refused stays byte for byte as it was found.
"""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import structlog
from sqlite_utils import Database

from relay.core.errors import Unavailable
from relay.stores import sqlite_file
from relay.stores.copies import copies
from relay.stores.schema import MIGRATIONS
from relay.stores.sqlite_errors import DAMAGED, REFUSED, code
from relay.stores.sqlite_file import Connection, Lock, lite
from relay.stores.sqlite_mark import End, Mark, last_group
from relay.stores.sqlite_space import MIB, Space, disk_of

COPIES_SHOWN = 3
ROOM_TO_OPEN = MIB  # SQLite makes files beside the database before it reads it
FAULTS = 3  # of a look at the whole file; the first says enough
NAMES = """SELECT type, name FROM sqlite_master WHERE name NOT LIKE 'sqlite%'"""

Names = set[tuple[str, str]]
"""Kind and name of tables, indexes and triggers."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Beside:
    """What stands around the file: who has it, how far it is, and how much room it has."""

    lock: Lock
    mark: Mark
    space: Space


def open_file(path: Path) -> tuple[Connection, Mark]:
    """Makes, recovers or migrates the file: the connection that writes. Raises Unavailable when it is not to be relied on."""
    mark = Mark.of(path)
    is_new = not path.exists() or path.stat().st_size == 0
    if is_new and mark.group:
        raise _damaged(path, f"it is gone or empty, and held {mark.group} groups of commits", _on_purpose(mark))
    mark.is_sound = is_new or mark.end is not End.UNCLEAN
    with _said(path):
        if not is_new:
            _look(path, mark)
        connection = sqlite_file.writer(path)
        try:
            if mark.end is not End.CLEAN:
                fold(connection)
            mark.begin(last_group(connection))
        except BaseException:
            connection.close()
            raise
    return connection, mark


def look_at_all(connection: Connection) -> str | None:
    """What is wrong in the whole file; takes seconds to minutes. None when nothing is. Raises what SQLite raises."""
    rows = connection.execute(f"PRAGMA quick_check({FAULTS})").fetchall()
    return None if rows == [("ok",)] else "; ".join(str(fault) for (fault,) in rows)


def _look(path: Path, mark: Mark) -> None:
    if path.with_name(f"{path.name}-journal").exists():
        _roll_back(path)
    with closing(sqlite_file.reader(path)) as connection:
        names: Names = set(connection.execute(NAMES).fetchall())
        applied = {each.name for each in sqlite_file.migrations().applied(Database(connection, execute_plugins=False))}
        if names and not applied:
            if mark.group:
                raise _damaged(path, "nothing in it says any more which tables it has")
            raise Unavailable(f"{path} is a database, but none of a relay. Give another folder with --data or store.folder.")
        if applied and (missing := _expected(applied) - names):
            kind, name = min(missing)
            raise _damaged(path, f"{len(missing)} of its parts are missing, first of all the {kind} {name}")
        if applied and (found := last_group(connection)) < mark.group:
            what = f"it ends with group {found} of its commits, and {mark.group} were acknowledged"
            raise _damaged(path, what, _behind(path, mark))
        if mark.end is End.DAMAGED and (faults := look_at_all(connection)):
            raise _damaged(path, faults)


def _roll_back(path: Path) -> None:
    """A first start was cut off before the file had a log; whoever opens it to write ends that."""
    with closing(lite.connect(path, isolation_level=None)) as connection:
        connection.execute(NAMES).fetchall()


def _expected(applied: set[str]) -> Names:
    """What these migrations make."""
    steps = tuple(step for step in MIGRATIONS if step[0] in applied)
    with closing(lite.connect(":memory:", isolation_level=None)) as blank:
        sqlite_file.migrations(steps).apply(Database(blank, execute_plugins=False))
        return set(blank.execute(NAMES).fetchall())


def fold(connection: Connection) -> None:
    """Before anything rests on the log: what it shows after a failed fsync may stand in the system's memory alone.

    A power cut would take it, and with it all commits behind it. Written into the file it is really there.
    """
    try:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    except lite.Error as error:
        if code(error) not in REFUSED:
            raise
        log.warning("log not folded", why=str(error))


# ------------------------------------------------------------------------------------------------------ what is wrong


@contextmanager
def _said(path: Path) -> Iterator[None]:
    try:
        yield
    except lite.Error as error:
        raise _refusal(path, error) from error


def _refusal(path: Path, error: Exception) -> Unavailable:
    if code(error) in DAMAGED:
        return _damaged(path, str(error))
    if disk_of(path.parent).free < ROOM_TO_OPEN:
        return Unavailable(f"The disk of {path} is full, and SQLite needs room beside it. Free some space and start again.")
    if code(error) in REFUSED:
        return Unavailable(f"{path} cannot be opened: {REFUSED[code(error)]}")
    return Unavailable(
        f"{path} cannot be read and written: {error}. Look whose files they are, what the system's log says of the disk, and"
        " whether it is mounted to be written to. Nothing is lost by trying again."
    )


def _damaged(path: Path, what: str, more: str = "") -> Unavailable:
    steps = (
        f"{path} is damaged: {what}. It was left as it is.{more} Keep a copy of the whole folder before anything else, look"
        f" at it with `relay doctor --data {path.parent}`, and put a backup in its place with `relay restore`."
    )
    return Unavailable(f"{steps} {_copies(path)}")


def _on_purpose(mark: Mark) -> str:
    return f" Delete {mark.path} too if you really want to begin anew."


def _behind(path: Path, mark: Mark) -> str:
    log_ = path.with_name(f"{path.name}-wal")
    return (
        f" Either its log ({log_.name}) was cut, damaged or removed, or it is an older copy. To go on without what is missing,"
        f" delete {mark.path}."
    )


def _copies(path: Path) -> str:
    newest = copies(path.parent)[-COPIES_SHOWN:][::-1]
    there = f"The newest copies in the folder: {', '.join(map(str, newest))}." if newest else "There is no copy in the folder."
    return f"{there} Backups are where `relay backup` was told to put them."
