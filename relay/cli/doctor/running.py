"""Whether a relay runs on the folder and answers; where none does, how the last one ended and whether its address is free."""

import fcntl
import http.client
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from relay.cli.client import URL_FILE
from relay.cli.doctor.finding import Finding, fail, ok, size_of, warn
from relay.cli.doctor.patient import Patient
from relay.compose.storage import DATABASE, LOCK
from relay.stores.sqlite_mark import End, Mark

PATIENCE = 5.0  # seconds for an answer of this machine to itself
READY, LATER = 200, 503


def running(patient: Patient) -> Iterator[Finding]:
    """One of the two."""
    if not patient.folder.is_dir():
        return
    if (process := holder(patient.folder / LOCK)) is not None:
        yield _answering(patient.folder, process)
        return
    yield from _ended(patient.folder)
    yield from _address(patient.settings.http.host, patient.settings.http.port)


def holder(lock: Path) -> str | None:
    """Who has the folder; None: nobody. The lock is tried for an instant and never made."""
    try:
        file = os.open(lock, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return os.read(file, 20).decode("ascii", "replace").strip() or "unknown"
    else:
        return None
    finally:
        os.close(file)


def _answering(folder: Path, process: str) -> Finding:
    try:
        url = (folder / URL_FILE).read_text("utf-8").strip()
    except OSError:
        fix = "Ask again in some seconds. If it stays so, look at its log: the start hangs, or it is `relay init` or a restore."
        return warn("running", f"process {process} has {folder} and does not serve yet", fix)
    try:
        status = _readiness(url)
    except (OSError, http.client.HTTPException) as error:
        fix = f"Look at its log. If it hangs, stop it (kill {process}) and start it again: a start is a recovery."
        why = getattr(error, "strerror", None) or type(error).__name__
        return fail("running", f"process {process} has {folder}, but does not answer at {url} ({why})", fix)
    if status == READY:
        return ok("running", f"process {process} serves {folder} at {url}")
    if status == LATER:
        fix = "Its log says why. It is starting or stopping, or its database failed."
        return warn("running", f"process {process} at {url} takes no requests now", fix)
    return warn("running", f"process {process} answers {status} at {url}/readyz", "Is it a relay that answers there?")


def _readiness(url: str) -> int:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=PATIENCE)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status
    finally:
        connection.close()


def _ended(folder: Path) -> Iterator[Finding]:
    """As the mark beside the database says it."""
    if not (folder / DATABASE).exists():
        return
    mark, log = Mark.of(folder / DATABASE), folder / f"{DATABASE}-wal"
    waiting = log.stat().st_size if log.exists() else 0
    if mark.end is End.DAMAGED:
        fix = "See the line of the database. The next start looks at all of it before it serves."
        yield fail("running", "no relay runs here; the last one found its database damaged", fix)
    elif mark.end is End.UNCLEAN and mark.path.exists():
        what = f"no relay runs here; the last one was killed or lost power, {size_of(waiting)} of its log wait"
        yield warn("running", what, "Nothing to do: the next start takes the log in and looks at the whole file.")
    else:
        yield ok("running", "no relay runs here; the last one ended cleanly")


def _address(host: str, port: int) -> Iterator[Finding]:
    """Whether it could listen; nothing is listened to, so that who starts at this instant is not kept from it."""
    place = f"port {port} of {host}"
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM) as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.bind((host, port))
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        fix = "Stop what has it, or name another with --port, --host, http.port or http.host."
        yield fail("address", f"{place} cannot be had: {why}", fix)
    else:
        yield ok("address", f"{place} is free")
