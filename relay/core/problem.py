"""Errors as problem details (RFC 9457): the same words on every channel, never an echo of what came in."""

from math import ceil
from typing import TypedDict

from relay.core.errors import (
    Conflict,
    Denied,
    Invalid,
    Muted,
    RelayError,
    SignedOut,
    Taken,
    TooLarge,
    TooMany,
    Unavailable,
    Unknown,
)
from relay.core.moment import rfc3339
from relay.core.outgoing import Doubtful


class FaultDetail(TypedDict):
    """One wrong place in a request."""

    loc: list[str | int]
    msg: str


class Problem(TypedDict, total=False):
    """The body; `errors` where a request is not valid or a name is taken, `retry_after` (seconds) where it may work later.

    `until` is when a measure ends that keeps the member from writing.
    """

    type: str
    title: str
    status: int
    detail: str
    errors: list[FaultDetail]
    retry_after: int
    until: str


_KINDS: tuple[tuple[type[RelayError], int, str, str], ...] = (
    (TooLarge, 413, "too-large", "Too large"),
    (Invalid, 422, "invalid", "Not valid"),
    (Unknown, 404, "not-found", "Not found"),
    (Muted, 403, "muted", "Muted for now"),
    (Denied, 403, "denied", "Not allowed"),
    (SignedOut, 401, "signed-out", "Not signed in"),
    (Doubtful, 409, "doubtful", "Look again"),
    (Conflict, 409, "conflict", "Conflict"),
    (TooMany, 429, "too-many", "Too many requests"),
    (Unavailable, 503, "unavailable", "Not available now"),
)
TYPE = "/docs/errors#"  # a page of the relay itself explains each


def problem(error: RelayError) -> Problem:
    """What the caller is told. A subclass not listed speaks for its nearest listed kind."""
    for kind, status, slug, title in _KINDS:
        if isinstance(error, kind):
            found = Problem(type=TYPE + slug, title=title, status=status, detail=error.detail)
            if isinstance(error, Invalid | Taken | Doubtful) and error.faults:
                found["errors"] = [FaultDetail(loc=list(fault.loc), msg=fault.msg) for fault in error.faults]
            if isinstance(error, TooMany | Unavailable):
                found["retry_after"] = ceil(error.retry_after)
            if isinstance(error, Muted):
                found["until"] = rfc3339(error.until)
            return found
    return Problem(type=TYPE + "internal", title="Internal error", status=500, detail="Something went wrong here.")
