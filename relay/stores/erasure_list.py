"""The erasure list: a file beside the database, one line for each member who was ever erased, only ever added to.

An older copy of the database that is put back does not know who was erased since; the list does. A line is on the disk before
the erasure is answered. What could not be written is written with the next: then, and where an earlier end left half a line,
the file is made anew and takes the old one's place when it is whole, since after a failed fsync nobody knows what a file holds.
"""

import asyncio
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import structlog

from relay.core.erasure import Erasure, ListRead, UnreadableList, from_lines, to_line
from relay.core.errors import Unavailable
from relay.stores.stable import sync

NAME = "erasures.jsonl"
FOR_ITS_OWNER = 0o600

WHAT_NOW = (
    "The relay does not start without knowing whom it must never bring back. Put back a copy of the file. Without one delete"
    " that line, start, and see with `relay audit list` who was erased (member.erase): whoever is here again has to be erased."
)

log = structlog.get_logger(__name__)


class ErasureList:
    """What the file holds, in memory too. `is_new` when there was no file."""

    def __init__(self, path: Path) -> None:
        """Reads the file. Raises Unavailable when it says what nobody can rely on."""
        self.path = path
        self.is_new = not path.exists()
        found = read(path)
        self._erasures = {each.member: each for each in found.erasures}
        self._has_to_be_made = found.is_torn
        self._turn = asyncio.Lock()
        if self._has_to_be_made:
            log.warning("the erasure list ends in half a line, which never counted: it is made anew", file=str(path))

    def __iter__(self) -> Iterator[Erasure]:
        return iter(tuple(self._erasures.values()))

    def __len__(self) -> int:
        return len(self._erasures)

    async def enter(self, erasures: Sequence[Erasure]) -> None:
        """Puts those that are not there yet on it; on stable storage when it returns. Raises Unavailable when that failed."""
        async with self._turn:
            new = [each for each in erasures if each.member not in self._erasures]
            if not new and not self._has_to_be_made:
                return
            whole = {**self._erasures, **{each.member: each for each in new}}
            try:
                await asyncio.to_thread(self._write, new, tuple(whole.values()))
            except OSError as error:
                self._has_to_be_made = True
                raise Unavailable(f"{self.path} could not be written: {error.strerror}.") from None
            self._erasures, self._has_to_be_made = whole, False

    def _write(self, new: Sequence[Erasure], whole: Sequence[Erasure]) -> None:
        if self._has_to_be_made or not self.path.exists():
            _make(self.path, whole)
        else:
            _append(self.path, new)


def read(path: Path) -> ListRead:
    """What a list says; nothing where there is none. Raises Unavailable."""
    try:
        return from_lines(path.read_bytes())
    except FileNotFoundError:
        return ListRead((), is_torn=False)
    except OSError as error:
        raise Unavailable(f"{path} cannot be read: {error.strerror}.") from None
    except UnreadableList as fault:
        raise Unavailable(f"{path}:{fault.line} is no erasure. {WHAT_NOW}") from None


def _append(path: Path, erasures: Sequence[Erasure]) -> None:
    _write_down(path, os.O_WRONLY | os.O_APPEND, erasures)


def _make(path: Path, erasures: Sequence[Erasure]) -> None:
    part = path.with_name(path.name + ".part")
    _write_down(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, erasures)
    part.replace(path)
    sync(path.parent)


def _write_down(path: Path, flags: int, erasures: Sequence[Erasure]) -> None:
    file = os.open(path, flags | os.O_CLOEXEC, FOR_ITS_OWNER)
    try:
        rest = memoryview(b"".join(map(to_line, erasures)))
        while rest:
            rest = rest[os.write(file, rest) :]
        os.fsync(file)
    finally:
        os.close(file)
