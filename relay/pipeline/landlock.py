"""Landlock: lets a process on Linux give up files, TCP and signals to others for good, without being root.

Kernel 5.13 and later, where it is switched on; TCP since 6.7, signals since 6.12 (landlock(7)). What is not named can neither
be opened nor run; what was open before stays open. It also hides other processes' memory and environment.
"""

import os
import sys
from collections.abc import Iterable
from ctypes import CDLL, c_long
from pathlib import Path
from struct import pack
from typing import Final

# The same numbers on every architecture: these calls are younger than the common table.
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_VERSION: Final = 1
_PATH_BENEATH: Final = 1
_WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 1, 1 << 2, 1 << 3
_FILE_RIGHTS: Final = (0, 13, 14, 15, 15, 16)  # how many rights on files each version of the interface knows
_TCP_SINCE, _SCOPES_SINCE = 4, 6
_BIND_AND_CONNECT, _ABSTRACT_SOCKETS_AND_SIGNALS = 3, 3


def version() -> int:
    """What the kernel speaks; 0 where there is none."""
    if sys.platform != "linux":
        return 0
    return max(0, _call(_CREATE_RULESET, None, 0, _VERSION))


def restrict(readable: Iterable[Path], writable: Iterable[Path]) -> bool:
    """Leave this thread, and all that it starts, nothing but these files and folders. Whether it holds; needs no_new_privs."""
    spoken = version()
    if spoken == 0:
        return False
    rights = (1 << _FILE_RIGHTS[min(spoken, len(_FILE_RIGHTS) - 1)]) - 1
    wanted = pack("QQQ", rights, _BIND_AND_CONNECT, _ABSTRACT_SOCKETS_AND_SIGNALS)
    size = 24 if spoken >= _SCOPES_SINCE else 16 if spoken >= _TCP_SINCE else 8
    rules = _call(_CREATE_RULESET, wanted, size, 0)
    if rules < 0:
        return False
    try:
        for path in readable:
            _allow(rules, path, _READ_FILE | _READ_DIR)
        for path in writable:
            _allow(rules, path, _READ_FILE | _WRITE_FILE)
        return _call(_RESTRICT_SELF, rules, 0) == 0
    finally:
        os.close(rules)


def _allow(rules: int, path: Path, rights: int) -> None:
    """A path that is not there stays forbidden."""
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        granted = rights if path.is_dir() else rights & ~_READ_DIR
        _call(_ADD_RULE, rules, _PATH_BENEATH, pack("=Qi", granted, place), 0)
    finally:
        os.close(place)


def _call(number: int, *arguments: int | bytes | None) -> int:
    """A system call; below 0 when it was refused."""
    library = CDLL(None, use_errno=True)
    library.syscall.restype = c_long
    given = [c_long(each) if isinstance(each, int) else each for each in arguments]
    return int(library.syscall(c_long(number), *given))
