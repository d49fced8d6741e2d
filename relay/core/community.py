"""A community: the audience a company runs, with its imprint and its rules."""

import re
from dataclasses import dataclass, field
from datetime import datetime

SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class QuietHours:
    """Local times of day as minutes after midnight; a span may cross midnight."""

    from_minute: int
    to_minute: int


@dataclass(frozen=True, slots=True)
class Rules:
    """Absent values mean: no quiet hours, no cap, kept until erased."""

    quiet_hours: QuietHours | None = None
    posts_per_day: int | None = None
    retention_days: int | None = None


@dataclass(frozen=True, slots=True)
class Community:
    """`n` is the store's own key (0 until stored) and never leaves the relay."""

    id: str
    slug: str
    name: str
    created_at: datetime
    language: str = "en"
    time_zone: str = "UTC"
    imprint: str = ""
    privacy_url: str = ""
    rules: Rules = field(default_factory=Rules)
    closed_at: datetime | None = None
    n: int = 0
