"""The database file of SQLite: whether it can be read, is whole, and holds what was acknowledged."""

from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path

from relay.cli.doctor.finding import Finding, fail, ok, size_of, warn
from relay.cli.doctor.inside import RESTORE, Named, inside
from relay.cli.doctor.patient import Patient
from relay.compose.storage import DATABASE
from relay.core.errors import Unavailable
from relay.stores.sql.look import Look
from relay.stores.sqlite_file import WAL_BYTES_KEPT
from relay.stores.sqlite_look import SqliteLook
from relay.stores.sqlite_mark import Mark

BEFORE_CHANGE = "It copies the file first: have as much room free as it is large."


async def file(patient: Patient) -> AsyncIterator[Finding]:
    """Without one there is nothing to say but that."""
    path = patient.folder / DATABASE
    mark = Mark.of(path)  # before the file: a relay that runs writes it after the file
    if not path.exists():
        for finding in _missing(patient, mark):
            yield finding
        return
    try:
        look = SqliteLook(path)
    except Unavailable as problem:
        yield fail("database", problem.detail, _way_out(problem.detail, path))
        return
    try:
        for finding in _sizes(path):
            yield finding
        own: list[Named] = [("database", partial(_behind, look, mark)), ("integrity", partial(_integrity, look, patient))]
        async for finding in inside(look, patient, own, BEFORE_CHANGE):
            yield finding
    finally:
        await look.close()


def _missing(patient: Patient, mark: Mark) -> Iterator[Finding]:
    if mark.group:
        what = f"{patient.folder / DATABASE} is gone, and held {mark.group} groups of commits"
        yield fail("database", what, "Put it back, or put a backup back: docs/how-to/back-up.md.")
    elif patient.folder.is_dir():
        yield warn("database", f"there is none in {patient.folder} yet", "`relay init` or the first `relay serve` makes it.")


def _sizes(path: Path) -> Iterator[Finding]:
    log = path.with_name(f"{path.name}-wal")
    waiting = log.stat().st_size if log.exists() else 0
    shown = f"{path}: {size_of(path.stat().st_size)}, its log {size_of(waiting)}"
    if waiting > WAL_BYTES_KEPT:
        fix = "Somebody reads for long, such as a backup or a tool with the file open: end that, and the relay cuts the log."
        yield warn("database", f"{shown}, which is long", fix)
    else:
        yield ok("database", shown)


async def _behind(look: Look, mark: Mark) -> Finding | None:
    """Whether commits that were acknowledged are missing, as when the log was deleted or cut."""
    found = int(await look.fact("last_group") or 0)
    if found >= mark.group:
        return None
    what = f"the file ends with group {found} of its commits, and {mark.group} were acknowledged"
    return fail("database", what, f"Its log (relay.db-wal) was cut or removed, or it is an older copy. {RESTORE}")


async def _integrity(look: SqliteLook, patient: Patient) -> Finding:
    faults = await look.faults(thorough=patient.is_thorough)
    if faults:
        return fail("integrity", f"the file is damaged: {'; '.join(faults)}", f"Stop the relay. {RESTORE}")
    how = "all of it was compared" if patient.is_thorough else "--thorough also compares its indexes"
    return ok("integrity", f"the file is whole ({how})")


def _way_out(why: str, path: Path) -> str:
    if "not a database" in why or "malformed" in why:
        return RESTORE
    if "locked" in why:
        return "Some other program has the file to itself: end it."
    return f"May this user read {path} and write beside it? Run it as the user that the relay runs as."
