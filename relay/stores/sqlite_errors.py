"""What SQLite's errors mean: those after which the next commit may fare better, those after which nothing can be relied on."""

from collections.abc import Mapping
from typing import Any

PRIMARY = 0xFF  # of SQLite's extended error codes
BUSY, READONLY, IOERR, CORRUPT, FULL, CANTOPEN, PROTOCOL, NOTADB = 5, 8, 10, 11, 13, 14, 15, 26

REFUSED: Mapping[int, str] = {
    BUSY: "The database is locked by another process; nothing was changed.",
    FULL: "The disk is full; nothing was changed, reading goes on. Free some space.",
}
"""Errors after which SQLite is as it was: the next group may fare better."""

LOST = frozenset({3, 6, 7, READONLY, 9, IOERR, CORRUPT, CANTOPEN, PROTOCOL, NOTADB})
"""Those and PERM, LOCKED, NOMEM, INTERRUPT, while something is written: nothing can be relied on any more."""

UNREADABLE = frozenset({IOERR, CORRUPT, CANTOPEN, PROTOCOL, NOTADB})
"""The same while something is read."""

DAMAGED = frozenset({CORRUPT, NOTADB})
"""What the file holds is wrong; starting again does not mend it."""


def code(error: Any) -> int:  # noqa: ANN401  of either library
    """SQLite's primary error code; 0 for what is no error of SQLite's."""
    return int(getattr(error, "sqlite_errorcode", None) or 0) & PRIMARY
