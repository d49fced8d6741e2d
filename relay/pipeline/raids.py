"""Raid mode: switched on by evidence that lies across members, off by itself when no more comes, or by staff.

It says what is held for staff and never anything to a member. It lies in this process, like what plugins remember.
"""

from collections import OrderedDict, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from relay.core.raid import Raid, RaidNews, RaidRules
from relay.ports import Clock

MOST_MEMBERS = 1000  # remembered of one community: far more than it takes to begin
MOST_NEWS = 1000  # that nobody has asked for yet


@dataclass(slots=True)
class _Watched:
    """One community: who drew evidence and when, and until when it is on. Seconds of a clock that never goes back."""

    drew: OrderedDict[str, float] = field(default_factory=OrderedDict)
    began_at: datetime | None = None
    until: float = 0.0


class Raids:
    """All communities of one relay, by slug; `rules` may be replaced at any time."""

    def __init__(self, rules: RaidRules, clock: Clock) -> None:
        self.rules = rules
        self._clock = clock
        self._watched: dict[str, _Watched] = {}
        self._news: deque[RaidNews] = deque(maxlen=MOST_NEWS)

    def notice(self, community: str, member: str) -> None:
        """A message of this member rests on what others wrote."""
        now = self._clock.monotonic()
        watched = self._watched.setdefault(community, _Watched())
        watched.drew[member] = now
        watched.drew.move_to_end(member)
        self._let_go(watched, now)
        if len(watched.drew) >= self.rules.members:
            self._run_out(community, watched, now)
            watched.until = now + self.rules.lasts_s
            if watched.began_at is None:
                watched.began_at = self._clock.now()
                self._news.append(RaidNews(community, "begin", watched.began_at))

    def of(self, community: str) -> Raid | None:
        """The raid mode that is on; None when there is none."""
        watched = self._watched.get(community)
        if watched is None:
            return None
        now = self._clock.monotonic()
        self._let_go(watched, now)
        self._run_out(community, watched, now)
        if watched.began_at is None:
            return None
        ends_at = self._clock.now() + timedelta(seconds=watched.until - now)
        return Raid(watched.began_at, ends_at, len(watched.drew))

    @property
    def on(self) -> int:
        """In how many communities it is on."""
        return sum(self.of(community) is not None for community in self._watched)

    def end(self, community: str) -> bool:
        """Staff say that it is over: evidence so far is forgotten. Whether it was on."""
        was_on = self.of(community) is not None
        self._watched.pop(community, None)
        return was_on

    def forget(self, member: str) -> None:
        for watched in self._watched.values():
            watched.drew.pop(member, None)

    def news(self) -> Sequence[RaidNews]:
        """What happened since somebody asked."""
        for community in self._watched:
            self.of(community)
        told = list(self._news)
        self._news.clear()
        return told

    def _let_go(self, watched: _Watched, now: float) -> None:
        while watched.drew and (
            len(watched.drew) > MOST_MEMBERS or now - next(iter(watched.drew.values())) > self.rules.within_s
        ):
            watched.drew.popitem(last=False)

    def _run_out(self, community: str, watched: _Watched, now: float) -> None:
        if watched.began_at is not None and watched.until <= now:
            watched.began_at = None
            self._news.append(RaidNews(community, "end", self._clock.now() - timedelta(seconds=now - watched.until)))
