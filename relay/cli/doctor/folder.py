"""The data folder and what lies around it: whose it is, who may look inside, copies that keep what was erased, secrets."""

import os
import pwd
import stat
from collections.abc import Iterator
from pathlib import Path

from relay.cli.doctor.finding import Finding, fail, ok, warn
from relay.cli.doctor.patient import Patient
from relay.compose.storage import DATABASE
from relay.settings import MASK
from relay.stores.copies import copies as left_by_relay

OTHERS = 0o077  # everybody but the owner
WRITERS = 0o022
COPIES = (f"{DATABASE}.*", "*.before-*", "*.broken-*", "*.part")
SHOWN = 3


def folder(patient: Patient) -> Iterator[Finding]:
    """There, a folder, this user's, writable, and nobody else's business."""
    place = patient.folder
    if not place.exists():
        fix = "`relay init` or the first `relay serve` makes it; if there should be one, name it with --data or --config."
        yield warn("folder", f"{place} is not there", fix)
        return
    if not place.is_dir():
        yield fail("folder", f"{place} is no folder", "Name another with --data or store.folder.")
        return
    found = [*_rights(place), *_strangers(place)]
    yield from found or [ok("folder", f"{place} belongs to {_name(place.stat().st_uid)} alone")]


def _rights(place: Path) -> Iterator[Finding]:
    about, me = place.stat(), os.geteuid()
    owner = _name(about.st_uid)
    if me not in {0, about.st_uid}:
        fix = f"Run it as {owner}: sudo -u {owner} relay doctor. The relay itself has to run as {owner} too."
        yield warn("folder", f"{place} belongs to {owner}, and this is {_name(me)}", fix)
    if not os.access(place, os.R_OK | os.X_OK):
        yield fail("folder", f"{_name(me)} may not look into {place}", f"Run it as {owner}: sudo -u {owner} relay doctor")
    elif not os.access(place, os.W_OK):
        yield fail("folder", f"{_name(me)} may not write in {place}", f"chown -R {_name(me)} {place}, or mount it writable.")
    if about.st_mode & OTHERS:
        yield warn("folder", f"others on this machine may look into {place} (mode {_mode(about)})", f"chmod 700 {place}")


def _strangers(place: Path) -> Iterator[Finding]:
    """Files that the relay's user cannot use, mostly since root ran something; and database files that others may read."""
    if not os.access(place, os.R_OK | os.X_OK):
        return
    owner = place.stat().st_uid
    inside = {path: path.lstat() for path in sorted(place.iterdir())}
    if foreign := [path.name for path, about in inside.items() if about.st_uid != owner]:
        fix = f"chown -R {_name(owner)} {place}"
        yield fail("folder", f"not {_name(owner)}'s, as the folder {place} is: {_some(foreign)}", fix)
    readable = [path.name for path, about in inside.items() if path.name.startswith(DATABASE) and about.st_mode & OTHERS]
    if readable and place.stat().st_mode & OTHERS:
        yield warn("folder", f"others on this machine may read {_some(readable)}", f"chmod 600 {place / DATABASE}*")


def copies(patient: Patient) -> Iterator[Finding]:
    """Copies beside the database hold what members had erased since."""
    beside = {path for pattern in COPIES for path in patient.folder.glob(pattern)}
    found = sorted(
        beside
        | set(left_by_relay(patient.folder))
        | set(patient.folder.absolute().parent.glob(f"{patient.folder.name}.broken*"))
    )
    if not found:
        yield ok("copies", f"no forgotten copies in {patient.folder}")
        return
    what = f"{_some([str(path) for path in found])}: what members had erased since is still in there"
    yield warn(
        "copies",
        what,
        "Delete what you do not need any more; no erasure is confirmed before. Keep backups where they are deleted in time.",
    )


def secrets(patient: Patient) -> Iterator[Finding]:
    """Files that hold secrets are for their owner alone, and what decides what the relay does for nobody else to write."""
    found = [*_secret_files(patient), *_open_to_write(patient)]
    yield from found or [ok("secrets", "no secret lies open to others")]


def _secret_files(patient: Patient) -> Iterator[Finding]:
    named = {value for name, value in patient.environ.items() if name.startswith("RELAY_") and name.endswith("_FILE") and value}
    holders = {Path(name) for name in named}
    if patient.config is not None and _has_secrets(patient):
        holders.add(patient.config)
    for path in sorted(holders):
        if path.exists() and path.stat().st_mode & OTHERS:
            what = f"{path} holds a secret and is open to others (mode {_mode(path.stat())})"
            yield warn("secrets", what, f"chmod 600 {path}")


def _has_secrets(patient: Patient) -> bool:
    """Whether the settings' file itself holds some."""
    if patient.loaded is None:
        return False
    return any(value == MASK and str(patient.config) in origin for _, value, origin in patient.loaded.shown())


def _open_to_write(patient: Patient) -> Iterator[Finding]:
    plugins = patient.settings.moderation.folder
    decisive = [path for path in (patient.config, plugins) if path is not None]
    decisive += sorted(plugins.glob("*.py")) if plugins is not None else []
    for path in decisive:
        if path.exists() and path.stat().st_mode & WRITERS:
            what = f"others than its owner may change {path} (mode {_mode(path.stat())}), and so what the relay does"
            yield warn("secrets", what, f"chmod go-w {path}")


def _mode(about: os.stat_result) -> str:
    return f"{stat.S_IMODE(about.st_mode):03o}"


def _name(user: int) -> str:
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return f"user {user}"


def _some(names: list[str]) -> str:
    more = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {more} more" if more > 0 else "")
