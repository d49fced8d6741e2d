"""The audit log as a chain: each row's digest covers the row and the digest before it, so that no row can be changed alone.

A digest is the SHA-256, in hex, of this list as JSON in ASCII without spaces: the digest before ("" for the first), n, the time
in microseconds since 1970, actor, action, subject, and the detail as the text that is stored. Anybody can reckon it again.

Rows from before there was a chain have no digest; the first that has one begins it. Whoever can write to the database can
write the whole chain anew: a digest noted elsewhere is what such a chain no longer holds.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256

NOTHING = ""  # the digest before the first row of the chain
BEGINNING = -(2**63)  # before every n, also one that is none of ours
_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One row as it is stored: `at` in microseconds, `detail` as text; `digest` is empty in rows older than the chain."""

    n: int
    at: int
    actor: str
    action: str
    subject: str
    detail: str
    digest: str = NOTHING


@dataclass(frozen=True, slots=True)
class Walked:
    """How far a chain was followed: `older` rows lie before it, `rows` are in it, `last` is the last one that holds.

    `broken` is the first that does not: it, or what stood before it, was changed, taken out or put in. `noted_at` is the row
    whose digest is `noted`, which somebody wrote down elsewhere.
    """

    noted: str = NOTHING
    older: int = 0
    rows: int = 0
    last: AuditRow | None = None
    broken: AuditRow | None = None
    noted_at: int | None = None

    @property
    def head(self) -> str:
        """The digest that stands for everything so far; empty when there is no chain."""
        return self.last.digest if self.last else NOTHING

    @property
    def is_noted_missing(self) -> bool:
        return bool(self.noted) and self.noted_at is None


def is_digest(text: str) -> bool:
    """Whether it has the shape of a digest."""
    return _DIGEST.fullmatch(text) is not None


def canonical(detail: Mapping[str, str | int | bool | None]) -> str:
    """The text that is stored: the same for the same detail."""
    return json.dumps(dict(detail), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def digest_of(before: str, row: AuditRow) -> str:
    """What stands in the row's `digest` if nothing was changed, `before` being that of the row before."""
    cells = [before, row.n, row.at, row.actor, row.action, row.subject, row.detail]
    return sha256(json.dumps(cells, separators=(",", ":"), default=_foreign).encode("ascii")).hexdigest()


def followed(so_far: Walked, rows: Iterable[AuditRow]) -> Walked:
    """Goes on with the next rows, in the order of n, up to the first that does not hold."""
    for row in rows:
        if so_far.broken is not None:
            break
        so_far = _step(so_far, row)
    return so_far


def _step(so_far: Walked, row: AuditRow) -> Walked:
    if so_far.last is None and row.digest == NOTHING:
        return replace(so_far, older=so_far.older + 1)
    if row.digest != digest_of(so_far.head, row):
        return replace(so_far, broken=row)
    noted_at = row.n if row.digest == so_far.noted else so_far.noted_at
    return replace(so_far, rows=so_far.rows + 1, last=row, noted_at=noted_at)


def _foreign(value: object) -> object:
    """A value that no row of ours holds, such as bytes; no text can look like it."""
    return {"foreign": repr(value)}
