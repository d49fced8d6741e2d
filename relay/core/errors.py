"""What can go wrong, told apart by what the caller does next.

RelayError
├── Invalid        the request is wrong: mend it, do not repeat it
│   └── TooLarge   the same, because of its size
├── Unknown        not there, or not yours: the two are never told apart
├── Denied         signed in, but the role or scope does not allow it
│   └── Muted      a measure holds until a time: keep the text, it may be sent then
├── SignedOut      no valid credential
├── Conflict       somebody else was faster: read again, decide again
│   ├── Stale      a version moved between reading and committing
│   ├── Taken      a name or key is in use already
│   └── Busy       the same request is still running
├── TooMany        slow down, `retry_after` seconds from now it may work
└── Unavailable    the relay cannot do it now (full disk, shutting down): try later
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from relay.core.moment import rfc3339


@dataclass(frozen=True, slots=True)
class Fault:
    """One wrong place in a request: `loc` is a path such as ("body", "text"), `msg` a sentence."""

    loc: tuple[str | int, ...]
    msg: str


class RelayError(Exception):
    """Something went wrong."""

    def __init__(self, detail: str | None = None) -> None:
        self.detail = detail or type(self).__doc__ or ""
        super().__init__(self.detail)


class Invalid(RelayError):
    """The request is not valid."""

    def __init__(self, detail: str | None = None, faults: Sequence[Fault] = ()) -> None:
        super().__init__(detail)
        self.faults = tuple(faults)


class TooLarge(Invalid):
    """The request is too large."""


class Unknown(RelayError):
    """There is nothing here."""


class Denied(RelayError):
    """This role or key may not do that."""


class Muted(Denied):
    """A measure of this community holds: nothing you write is taken until it ends."""

    def __init__(self, *, until: datetime) -> None:
        super().__init__(f"You cannot write to the team until {rfc3339(until)}. Your text was not stored.")
        self.until = until


class SignedOut(RelayError):
    """Sign in first: the token is missing, wrong, expired or revoked."""


class Conflict(RelayError):
    """The request does not fit the present state."""


class Stale(Conflict):
    """It has changed since it was read; read it again."""


class Taken(Conflict):
    """That name is in use already."""

    def __init__(self, detail: str | None = None, faults: Sequence[Fault] = ()) -> None:
        super().__init__(detail)
        self.faults = tuple(faults)


class Busy(Conflict):
    """The same request is still running."""


class TooMany(RelayError):
    """Too many requests."""

    def __init__(self, detail: str | None = None, *, retry_after: float) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class Unavailable(RelayError):
    """The relay cannot take this now; nothing was changed."""

    def __init__(self, detail: str | None = None, *, retry_after: float = 5) -> None:
        super().__init__(detail)
        self.retry_after = retry_after
