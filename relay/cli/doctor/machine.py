"""The machine: the version of SQLite, room on the disk and what kind it is, and how many files may be open."""

import resource
from collections.abc import Iterator
from pathlib import Path

from relay.cli.doctor.finding import Finding, fail, ok, size_of, warn
from relay.cli.doctor.patient import Patient
from relay.cli.doctor.running import holder
from relay.compose.storage import LOCK
from relay.stores.sqlite_file import SECURE_SEARCH_SINCE, lite
from relay.stores.sqlite_space import MIB, SHARE, Disk, disk_of

Version = tuple[int, ...]

MOUNTS = Path("/proc/self/mountinfo")  # Linux alone
OLDEST: Version = (3, 35, 0)  # RETURNING
# Two connections that write and fold the log at the same time can lose pages (sqlite.org/wal.html#walresetbug, March 2026).
RESET_FIXED: Version = (3, 51, 3)
RESET_FIXED_IN: dict[Version, int] = {(3, 44): 6, (3, 50): 7}  # older lines that got the fix, from this patch level on

NEWER = "Install the wheel of pysqlite3 (it comes with the relay on Linux), or a newer Python."
BETWEEN = {"nfs", "nfs4", "cifs", "smb", "smb3", "smbfs", "afs", "fuse.sshfs", "fuse.rclone", "fuse.s3fs", "fuse.glusterfs"}
"""Over a network: locks and shared memory are not what SQLite needs them to be."""
SHARED = {"9p", "virtiofs", "drvfs", "vboxsf", "prl_fs", "fuse.vmhgfs-fuse", "ceph", "lustre", "beegfs", "gfs2", "ocfs2"}
"""Shared with another machine or a host."""
FLEETING = {"tmpfs": "memory: a restart of the machine empties it", "ramfs": "memory: a restart of the machine empties it"}
FLEETING["overlay"] = "the own layer of a container: it goes when the container is made anew"

GENEROUS = 65_536
SPARE_FILES = 1000  # the database, the log, members' streams of a small community


def sqlite(_: Patient) -> Iterator[Finding]:
    """Of the library that this relay uses."""
    yield from of_version(lite.sqlite_version_info, lite.__name__.partition(".")[0])


def of_version(version: Version, library: str) -> Iterator[Finding]:
    """What is known of this version."""
    shown = f"{'.'.join(map(str, version))} ({library})"
    if version < OLDEST:
        yield fail("sqlite", f"{shown} is too old: {'.'.join(map(str, OLDEST))} is needed", NEWER)
        return
    if version < SECURE_SEARCH_SINCE:
        what = f"{shown} keeps deleted words in its full-text index until the relay has cleaned it up, which takes longer"
        yield warn("sqlite", what, NEWER)
    if has_reset_bug(version):
        what = (
            f"{shown} has a rare fault in its log (WAL-reset, mended in 3.51.3) when another program writes to the file as well"
        )
        yield warn("sqlite", what, f"{NEWER} Until then no other program should write to the database.")
    if version >= SECURE_SEARCH_SINCE and not has_reset_bug(version):
        yield ok("sqlite", shown)


def has_reset_bug(version: Version) -> bool:
    mended = RESET_FIXED_IN.get(version[:2])
    return version < RESET_FIXED and (mended is None or version[2] < mended)


def disk(patient: Patient) -> Iterator[Finding]:
    """Room for what comes, and a file system on which SQLite's locks hold."""
    place = next(path for path in (patient.folder.absolute(), *patient.folder.absolute().parents) if path.is_dir())
    yield from of_room(disk_of(place), patient.settings.store.reserve_mib * MIB, place)
    yield from of_kind(kind_at(place.resolve(), MOUNTS.read_text("utf-8", "replace")) if MOUNTS.exists() else "")


def of_room(found: Disk, wanted: int, place: Path) -> Iterator[Finding]:
    """Room for what comes, beside the reserve."""
    reserve = min(wanted, found.total // SHARE)
    shown = f"{size_of(found.free)} free of {size_of(found.total)} on the disk of {place}"
    kept = f"{size_of(reserve)} are the reserve, below which the relay takes nothing new"
    if found.free < reserve:
        yield fail("disk", f"{shown}; {kept}", "Free some space or give it a larger disk; the relay goes on by itself then.")
    elif found.free < 2 * reserve:
        yield warn("disk", f"{shown}; {kept}", "Free some space or give it a larger disk.")
    else:
        yield ok("disk", shown)


def of_kind(kind: str) -> Iterator[Finding]:
    """What is known of this kind of file system; nothing is said of the others."""
    if kind in BETWEEN:
        what = f"the folder lies on {kind}, over a network: SQLite's locks do not hold there and its log cannot be shared"
        yield fail("disk", what, "Move the data folder to a disk of this machine (store.folder).")
    elif kind in SHARED:
        what = f"the folder lies on {kind}, which is shared with another machine"
        yield warn("disk", what, "A disk of this machine is safer (store.folder); no other machine may use the folder.")
    elif kind in FLEETING:
        fix = "Move the data folder to a disk that stays (store.folder)."
        yield warn("disk", f"the folder lies on {kind}, {FLEETING[kind]}", fix)


def kind_at(place: Path, mounts: str) -> str:
    """The kind of file system that holds a place, after /proc/self/mountinfo (proc(5)); "" where it is not known."""
    best, kind = -1, ""
    for line in mounts.splitlines():
        before, _, after = line.partition(" - ")
        point = Path(before.split(" ")[4].encode().decode("unicode_escape")) if before.count(" ") > 3 else None  # noqa: PLR2004
        if point is not None and place.is_relative_to(point) and len(point.parts) >= best:
            best, kind = len(point.parts), after.split(" ")[0]
    return kind


def files(patient: Patient) -> Iterator[Finding]:
    """Each connection is an open file; `relay serve` takes as many as it may have."""
    process = holder(patient.folder / LOCK)
    allowed = allowed_files(process)
    asked = patient.settings.http.connections
    whose = f"process {process}" if process else "this shell"
    if allowed is not None and allowed < asked + SPARE_FILES:
        what = f"{whose} may have {allowed} open, and http.connections asks for {asked}; members' streams come on top"
        fix = f"Raise the limit: LimitNOFILE={max(GENEROUS, asked + SPARE_FILES)} in the unit, or `ulimit -Hn`."
        yield warn("files", what, fix)
    else:
        yield ok("files", f"{whose} may have {'any number' if allowed is None else allowed} open")


def allowed_files(process: str | None) -> int | None:
    """The hard limit of a process, or of this one where it cannot be seen (Linux shows it); None: there is no limit."""
    try:
        lines = Path(f"/proc/{process}/limits").read_text("ascii").splitlines()
        hard = next(line for line in lines if line.startswith("Max open files")).split()[4]
        return None if hard == "unlimited" else int(hard)
    except (OSError, StopIteration):
        own = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        return None if own == resource.RLIM_INFINITY else own
