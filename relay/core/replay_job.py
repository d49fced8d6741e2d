"""A replay that staff asked a running relay for: how far it is, and what came of it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from relay.core.errors import Fault, Invalid

LONGEST = timedelta(days=366)
MOST_MESSAGES = 100_000  # of one replay: half a minute of a processor
KEPT = timedelta(hours=1)  # after its end: what it found holds members' texts, and lies in the memory of the relay alone


class JobState(StrEnum):
    """Of the one that was asked for last."""

    RUNNING = "running"
    DONE = "done"
    STOPPED = "stopped"  # by a person; what was done by then is there
    FAILED = "failed"  # `why` says what is wrong, with the line of the configuration where it is to blame


@dataclass(frozen=True, slots=True)
class Wanted:
    """`config` is TOML with the tables `moderation` and `plugins`; `community` is the slug."""

    community: str
    config: str
    since: datetime


@dataclass(frozen=True, slots=True)
class ReplayJob:
    """`by` is who of staff asked, `found` what `relay moderation replay --json --texts` shows, empty until its end."""

    id: str
    wanted: Wanted
    by: str
    began_at: datetime
    state: JobState = JobState.RUNNING
    done: int = 0
    of: int = 0
    ended_at: datetime | None = None
    found: Mapping[str, Any] | None = None
    why: str = ""

    def ended(self, state: JobState, now: datetime, *, found: Mapping[str, Any] | None = None, why: str = "") -> "ReplayJob":
        return replace(self, state=state, ended_at=now, found=found, why=why)

    def without(self, member: str) -> "ReplayJob":
        """The same with nothing that the member wrote."""
        if self.found is None:
            return self
        flips = [flip for flip in self.found["flips"] if flip["member"] != member]
        return replace(self, found={**self.found, "flips": flips})


def checked_since(since: datetime, now: datetime) -> datetime:
    """Raises Invalid for a time that has not come, or that lies more than a year back."""
    if since >= now:
        raise Invalid("The time is not valid.", [Fault(("body", "since"), "lies ahead: there is nothing to judge again")])
    if now - since > LONGEST:
        raise Invalid("The time is not valid.", [Fault(("body", "since"), "lies more than a year back")])
    return since
