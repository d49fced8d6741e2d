"""A disk under SQLite that knows what is on it for certain: images of it as a power cut leaves them, and errors on demand.

What is written passes through to real files, so that SQLite reads, locks and shares memory as ever. Beside that each file has
what was synced, and in their order the writes since then. A power cut keeps any of these, whole or some of their sectors.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from random import Random

import apsw

SECTORS = (512, 4096)  # bytes that a disk writes whole or not at all
_NUMBERS = count()


@dataclass(frozen=True, slots=True)
class Write:
    """Bytes at a place; `data` None: the file was cut there. `number` is its place in the order of all writes to the disk."""

    number: int
    offset: int
    data: bytes | None


@dataclass(frozen=True, slots=True)
class Moment:
    """All files of the disk at an instant: what is certain of each, what may be on it too, and whether it has its name."""

    files: Mapping[str, tuple[bytes, tuple[Write, ...], bool]]

    def cut(self, into: Path, draw: Random) -> None:
        """What a power cut at that instant may leave."""
        choose = draw.choice((_nothing, _everything, _until_somewhere, _anything))
        pending = sorted((write for _, writes, _ in self.files.values() for write in writes), key=lambda write: write.number)
        sector = draw.choice(SECTORS)
        kept = {(piece.number, piece.offset) for piece in choose(pending, sector, draw)}
        for name, (certain, writes, is_named) in self.files.items():
            if is_named or draw.random() < 0.5:
                content = bytearray(certain)
                for write in writes:
                    for piece in _pieces(write, sector):
                        if (piece.number, piece.offset) in kept:
                            _apply(content, piece)
                (into / name).write_bytes(content)


def _nothing(_pending: Sequence[Write], _sector: int, _draw: Random) -> Iterator[Write]:
    yield from ()


def _everything(pending: Sequence[Write], sector: int, _draw: Random) -> Iterator[Write]:
    for write in pending:
        yield from _pieces(write, sector)


def _until_somewhere(pending: Sequence[Write], sector: int, draw: Random) -> Iterator[Write]:
    pieces = list(_everything(pending, sector, draw))
    yield from pieces[: draw.randint(0, len(pieces))]


def _anything(pending: Sequence[Write], sector: int, draw: Random) -> Iterator[Write]:
    share = draw.random()
    for piece in _everything(pending, sector, draw):
        if draw.random() < share:
            yield piece


def _pieces(write: Write, sector: int) -> Iterator[Write]:
    if write.data is None:
        yield write
        return
    start, end = write.offset, write.offset + len(write.data)
    while start < end:
        stop = min(end, (start // sector + 1) * sector)
        yield Write(write.number, start, write.data[start - write.offset : stop - write.offset])
        start = stop


def _apply(content: bytearray, write: Write) -> None:
    if write.data is None:
        del content[write.offset :]
        return
    content.extend(bytes(max(0, write.offset - len(content))))
    content[write.offset : write.offset + len(write.data)] = write.data


@dataclass(slots=True)
class _Kept:
    """One file."""

    certain: bytearray
    pending: list[Write] = field(default_factory=list)
    is_named: bool = False

    def sync(self) -> None:
        for write in self.pending:
            _apply(self.certain, write)
        self.pending.clear()
        self.is_named = True  # with the file SQLite syncs the folder that it was made in


Touched = Callable[[str, str], None]
"""Called before anything is done to a file: what, and to which (the end of its name: db, wal). What it raises SQLite gets."""


class Disk(apsw.VFS):
    """One that is given to `apsw.Connection(..., vfs=disk.name)`."""

    def __init__(self, touched: Touched) -> None:
        self.name = f"disk-{next(_NUMBERS)}"
        self.files: dict[str, _Kept] = {}
        self.touched = touched
        self._written = count()
        super().__init__(self.name, "")

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> "_File":  # noqa: N802  apsw's name
        file = _File(self, name, flags)
        if file.path is not None:
            known, existing = self.files.get(file.path.name), file.path.read_bytes()
            if known is None or not (known.is_named or existing):
                self.files[file.path.name] = _Kept(bytearray(existing), is_named=bool(existing))
        return file

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: FBT001, N802
        super().xDelete(filename, syncdir)
        self.files[Path(filename).name].is_named = False

    def wrote(self, path: Path, offset: int, data: bytes | None) -> None:
        """Something that is not certain yet."""
        self.files[path.name].pending.append(Write(next(self._written), offset, data))

    def moment(self) -> Moment:
        """As it is now."""
        return Moment({name: (bytes(kept.certain), tuple(kept.pending), kept.is_named) for name, kept in self.files.items()})


class _File(apsw.VFSFile):
    def __init__(self, disk: Disk, name: str | apsw.URIFilename | None, flags: list[int]) -> None:
        super().__init__("", name, flags)
        given = name.filename() if isinstance(name, apsw.URIFilename) else name
        self.path = Path(given) if given else None
        self._kind = self.path.name.rpartition("-")[2].rpartition(".")[2] if self.path else "temp"
        self._disk = disk

    def xRead(self, amount: int, offset: int) -> bytes:  # noqa: N802
        self._disk.touched("read", self._kind)
        return super().xRead(amount, offset)

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802
        self._disk.touched("write", self._kind)
        super().xWrite(data, offset)
        if self.path is not None:
            self._disk.wrote(self.path, offset, bytes(data))

    def xTruncate(self, newsize: int) -> None:  # noqa: N802
        self._disk.touched("truncate", self._kind)
        super().xTruncate(newsize)
        if self.path is not None:
            self._disk.wrote(self.path, newsize, None)

    def xSync(self, flags: int) -> None:  # noqa: N802
        if self.path is None:
            return
        kept = self._disk.files[self.path.name]
        try:
            self._disk.touched("sync", self._kind)
        except apsw.Error:
            kept.pending.clear()  # as Linux does: what could not be written counts as written, the next sync says nothing
            raise
        kept.sync()
