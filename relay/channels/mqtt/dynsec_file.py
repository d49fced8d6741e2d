"""The file of dynamic security on this machine: read, told whether it is lost, written whole, and read back."""

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from relay.channels.mqtt import dynsec
from relay.channels.mqtt.access import ADMIN, BOOTSTRAP

ROOM = 64 * 1024 * 1024  # bytes that have to be left on the disk: the broker writes its sessions there too
COPIES = 3  # of the file at once: ours beside the old one, and the broker's next
GROUP_READS = 0o640


class NotWritten(Exception):
    """The file cannot be written or does not hold what was written; the message says why."""


@dataclass(frozen=True, slots=True)
class DynsecFile:
    """`free` measures the disk."""

    path: Path
    free: Callable[[Path], int] = lambda folder: shutil.disk_usage(folder).free

    def is_lost(self) -> bool:
        """Whether nobody can administrate a broker that starts from it. One that may not be read is not lost."""
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            return True
        except OSError:
            return False
        return not (dynsec.has_admin(content, ADMIN) or dynsec.has_admin(content, BOOTSTRAP))

    def before(self) -> dict[str, Any]:
        """What stands in it now; empty where that says nothing. Raises NotWritten where nobody can read or understand it."""
        try:
            found = json.loads(self.path.read_bytes())
        except (FileNotFoundError, ValueError):
            return {}
        except OSError as error:  # what is in it would be lost
            raise NotWritten(f"{self.path} cannot be read: {error.strerror}") from None
        if not isinstance(found, dict):
            return {}
        if not dynsec.is_mosquittos(found):
            raise NotWritten(f"{self.path} has clients, roles or groups without a name: mend it, or move it away")
        return found

    def write(self, content: bytes) -> None:
        """Whole or not at all; returns when it is on the disk and was read back. Raises NotWritten."""
        folder = self.path.parent
        try:
            if (left := self.free(folder) - COPIES * len(content)) < ROOM:
                raise NotWritten(f"too little room on the disk of {folder}: {max(left, 0) // 1024 // 1024} MiB would be left")
            part = self.path.with_name(f"{self.path.name}.relay")
            self._put(part, content)
            if part.read_bytes() != content:
                raise NotWritten(f"{part} does not hold what was written")
            part.replace(self.path)
            _sync(folder)
        except OSError as error:
            raise NotWritten(f"{self.path}: {error.strerror}") from None

    def _put(self, part: Path, content: bytes) -> None:
        """For its owner, or for the group that the folder belongs to, which is the broker's where two users share it."""
        part.unlink(missing_ok=True)
        file = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(file, "wb") as out:
            group = part.parent.stat().st_gid
            if group != os.getegid() or os.fstat(out.fileno()).st_gid != os.getegid():
                os.fchown(out.fileno(), -1, group)
                os.fchmod(out.fileno(), GROUP_READS)
            out.write(content)
            out.flush()
            os.fsync(out.fileno())


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
