"""The fence around foreign code: what a worker process gives up before it loads a plugin.

Everywhere: memory, processes, open files, files written; the environment; the terminal. On Linux, each where the system allows
it: namespaces of its own (it sees no other process and has no network), another user when the relay runs as root, no rights
and no way to get any, and by Landlock no files but those that Python and the plugin need. `Fences` says which of them hold.
"""

import os
import resource
import sys
from collections.abc import Iterable
from contextlib import suppress
from ctypes import CDLL, c_int, c_ulong, get_errno
from dataclasses import dataclass
from pathlib import Path
from signal import SIGKILL
from struct import pack
from typing import Final

from relay.pipeline import landlock

NOBODY: Final = 65534  # uid and gid that own nothing; the kernel's own name for whom it does not know
FILES: Final = 64  # open at the same time
_PAGE: Final = resource.getpagesize()

# The numbers of prctl(2), unshare(2) and capabilities(7), the same on every architecture.
_PDEATHSIG, _KEEPCAPS, _SUBREAPER, _NO_NEW_PRIVS = 1, 8, 36, 38
_NEWIPC, _NEWUSER, _NEWPID, _NEWNET = 0x08000000, 0x10000000, 0x20000000, 0x40000000
_CAPABILITY_VERSION, _DAC_READ_SEARCH = 0x20080522, 2


@dataclass(frozen=True, slots=True)
class Limits:
    """What one worker may use; `has_namespaces` when it may have a count of processes of its own too."""

    memory_mb: int
    processes: int
    processor_s: int
    has_namespaces: bool


class Kernel:
    """The calls that Python has no name for; on other systems than Linux each is refused."""

    def __init__(self) -> None:
        self._library = CDLL(None, use_errno=True)

    def prctl(self, option: int, value: int) -> bool:
        if sys.platform != "linux":
            return False
        return bool(self._library.prctl(c_int(option), c_ulong(value), c_ulong(0), c_ulong(0), c_ulong(0)) == 0)

    def unshare(self, flags: int) -> bool:
        return sys.platform == "linux" and bool(self._library.unshare(c_int(flags)) == 0)

    def setns(self, file: int, kind: int) -> None:
        if self._library.setns(c_int(file), c_int(kind)) != 0:
            raise OSError(get_errno(), "setns")

    def dies_with_parent(self) -> None:
        """Ask for SIGKILL when the parent ends; a change of user takes that back."""
        self.prctl(_PDEATHSIG, SIGKILL)

    def adopts_orphans(self) -> bool:
        """What loses its parent below this process becomes its child, not that of process 1."""
        return self.prctl(_SUBREAPER, 1)

    def keeps_rights_of(self, *kept: int) -> bool:
        """Give up every right (capability) but those; that of none always works."""
        if sys.platform != "linux":
            return False
        mask = sum(1 << right for right in kept)
        header, data = pack("Ii", _CAPABILITY_VERSION, 0), pack("IIIIII", mask, mask, 0, 0, 0, 0)
        return bool(self._library.capset(header, data) == 0)


def leave_namespaces(kernel: Kernel) -> bool:
    """Go into namespaces of processes, network and IPC; the next child is the first there. False where that is forbidden."""
    wanted = _NEWPID | _NEWNET | _NEWIPC
    if kernel.unshare(wanted):
        return True
    user, group = os.geteuid(), os.getegid()
    if not kernel.unshare(wanted | _NEWUSER):
        return False
    with suppress(OSError):  # who has a name in there can make another inside, and is counted there alone
        for file, text in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
            Path(f"/proc/self/{file}").write_text(text, "ascii")
    return True


class Nest:
    """Gives each child a namespace of processes of its own, inside of this process's."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._own = os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC)

    def begin(self) -> bool:
        return self._kernel.unshare(_NEWPID)

    def end(self) -> None:
        self._kernel.setns(self._own, _NEWPID)


def close_in(kernel: Kernel, limits: Limits, readable: Iterable[Path]) -> None:
    """Put up the fence around this process, which has no threads yet. What cannot be had is left out."""
    os.umask(0o077)
    os.chdir("/")
    os.environ.clear()
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000", "ascii")  # the first to go when memory runs out
    has_landlock = landlock.version() > 0
    _limit(limits, _counted_already(kernel, limits))
    if os.geteuid() == 0:
        _become_nobody(kernel, reads_all=has_landlock)
    else:
        kernel.keeps_rights_of()
    kernel.dies_with_parent()
    kernel.prctl(_NO_NEW_PRIVS, 1)
    if has_landlock:
        landlock.restrict(readable, [Path(os.devnull)])


def _counted_already(kernel: Kernel, limits: Limits) -> int:
    """Processes that count against the limit and are not this worker's: each user has one count in each namespace."""
    user = os.geteuid()
    if user == 0:
        return _threads_of(NOBODY)
    return 0 if limits.has_namespaces and kernel.unshare(_NEWUSER) else _threads_of(user)


def _limit(limits: Limits, counted_already: int) -> None:
    """Hard limits: nothing inside can raise them."""
    memory = limits.memory_mb * 1024 * 1024
    wanted = {
        resource.RLIMIT_AS: _mapped() + memory,
        resource.RLIMIT_DATA: memory + _mapped(),
        resource.RLIMIT_CPU: limits.processor_s,
        resource.RLIMIT_NOFILE: FILES,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_NPROC: counted_already + limits.processes,
    }
    for kind, most in wanted.items():
        _, hard = resource.getrlimit(kind)
        value = most if hard == resource.RLIM_INFINITY else min(most, hard)
        with suppress(OSError, ValueError):  # not every system has or keeps each
            resource.setrlimit(kind, (value, value))


def _mapped() -> int:
    """Bytes that this process has mapped already: the limit counts from there."""
    try:
        return int(Path("/proc/self/statm").read_text("ascii").split()[0]) * _PAGE
    except OSError:
        return 512 * 1024 * 1024


def _threads_of(user: int) -> int:
    """Processes and threads; 0 where they cannot be seen."""
    found = 0
    for entry in Path("/proc").glob("[0-9]*/task"):
        with suppress(OSError):
            if entry.stat().st_uid == user:
                found += sum(1 for _ in entry.iterdir())
    return found


def _become_nobody(kernel: Kernel, *, reads_all: bool) -> None:
    """Leave root. Reading is kept where Landlock says what may be read: a plugin may lie in a folder of root's."""
    kernel.prctl(_KEEPCAPS, 1)
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)
    if not (reads_all and kernel.keeps_rights_of(_DAC_READ_SEARCH)):
        kernel.keeps_rights_of()
