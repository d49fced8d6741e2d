"""Raids: many members who write nearly the same within minutes, and the mode in which more of what strangers write is held."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal


@dataclass(frozen=True, slots=True)
class RaidRules:
    """So many members with evidence across members `within_s` seconds begin it; it ends `lasts_s` after the last of them."""

    members: int = 2
    within_s: float = 600.0
    lasts_s: float = 1800.0


@dataclass(frozen=True, slots=True)
class Raid:
    """Raid mode of a community, while it is on; `members` is how many drew evidence lately."""

    began_at: datetime
    ends_at: datetime
    members: int


@dataclass(frozen=True, slots=True)
class RaidNews:
    """It began or ran out; `community` is the slug."""

    community: str
    what: Literal["begin", "end"]
    at: datetime
