"""A request that is sent again: what is written of its answer, so that it gets the same one."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Remember:
    """The answer to a request with an Idempotency-Key, in the commit that it describes. Taken when there is one.

    `about` is the id of the member, thread or case that the request was about, so that erasure finds what was said there.
    """

    caller: str
    key: str
    fingerprint: str
    status: int
    body: str
    at: datetime
    about: str = ""


@dataclass(frozen=True, slots=True)
class Forget:
    """Drops remembered answers older than `before`."""

    before: datetime
