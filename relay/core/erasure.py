"""An erasure: that a member was erased, by the id alone; and the list of erasures that lies outside the database.

The list is what an older copy of the database does not know. Ids are random and never given twice, so whoever stands in it and
is in the database came back with such a copy, and is erased again before anything is served.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from relay.core.identity import is_id
from relay.core.moment import rfc3339


@dataclass(frozen=True, slots=True)
class Erasure:
    """`confirmed_at` is when every trace was known to be gone, None until then."""

    member: str
    at: datetime
    confirmed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class PurgeErased:
    """Deletes up to about `limit` rows of somebody who is erased and seen by nobody. Outcome: 0 when none is left, else 1."""

    member: str
    limit: int


@dataclass(frozen=True, slots=True)
class NoteErasures:
    """Erasures that the database does not know of, of members it does not have. Those that it knows stay as they are."""

    erasures: tuple[Erasure, ...]


@dataclass(frozen=True, slots=True)
class ConfirmErasures:
    """Nothing is left of these members. Stale when one of them is confirmed already."""

    members: tuple[str, ...]
    at: datetime


class UnreadableList(ValueError):
    """A whole line of the list says nothing that can be relied on; `line` counts from 1."""

    def __init__(self, line: int) -> None:
        super().__init__(f"line {line} is no erasure")
        self.line = line


@dataclass(frozen=True, slots=True)
class ListRead:
    """What a list says; `is_torn` when its last line was never written to its end, and so never counted."""

    erasures: tuple[Erasure, ...]
    is_torn: bool


def to_line(erasure: Erasure) -> bytes:
    """As it stands in the list."""
    return json.dumps({"member": erasure.member, "at": rfc3339(erasure.at)}).encode() + b"\n"


def from_lines(raw: bytes) -> ListRead:
    """All of a list, each member once with the first time. Raises UnreadableList."""
    *whole, rest = raw.split(b"\n")
    found: dict[str, Erasure] = {}
    for number, line in enumerate(whole, 1):
        if line.strip():
            erasure = _from_line(line, number)
            found.setdefault(erasure.member, erasure)
    return ListRead(tuple(found.values()), is_torn=bool(rest))


def missing(erasures: Sequence[Erasure], known: Sequence[Erasure]) -> tuple[Erasure, ...]:
    """Those whose members are not among the known."""
    members = {each.member for each in known}
    return tuple(each for each in erasures if each.member not in members)


def _from_line(line: bytes, number: int) -> Erasure:
    """Further names may stand there; these two must."""
    try:
        said = json.loads(line)
        member, at = said["member"], datetime.fromisoformat(said["at"])
        if is_id(member) and at.tzinfo is not None:
            return Erasure(member, at)
    except (ValueError, TypeError, KeyError):
        pass
    raise UnreadableList(number)
