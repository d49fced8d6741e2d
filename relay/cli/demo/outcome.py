"""The outcome of a demo: the figures of a post to everyone, of the replies, and of what staff did with them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(slots=True)
class Pace:
    """How fast a number of things came: all of them in `seconds`, one after `p50_ms` or `p99_ms` from its own beginning."""

    count: int = 0
    seconds: float = 0.0
    per_second: float = 0.0
    p50_ms: float = 0.0
    p99_ms: float = 0.0


def pace(spans: Iterable[tuple[float, float]]) -> Pace:
    """From (beginning, end) of each thing, in seconds of one clock."""
    pairs = list(spans)
    if not pairs:
        return Pace()
    took = sorted(end - begin for begin, end in pairs)
    seconds = max(end for _, end in pairs) - min(begin for begin, _ in pairs)
    per_second = len(pairs) / seconds if seconds > 0 else 0.0
    return Pace(len(pairs), round(seconds, 4), round(per_second, 1), _ms(took, 0.5), _ms(took, 0.99))


def _ms(ordered: Sequence[float], share: float) -> float:
    return round(ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000, 2)


@dataclass(slots=True)
class Outcome:
    """Everything that was measured and counted; `differences` is empty when both ends agree."""

    members: int
    joined: Pace = field(default_factory=Pace)
    connected: Pace = field(default_factory=Pace)
    post: Pace = field(default_factory=Pace)
    counts: Mapping[str, int] = field(default_factory=dict)
    replies_sent: int = 0
    replies_refused: int = 0
    accepted: Pace = field(default_factory=Pace)
    seen: Pace = field(default_factory=Pace)
    threads: int = 0
    cases: Mapping[str, int] = field(default_factory=dict)
    signals: Mapping[str, int] = field(default_factory=dict)
    answers: Pace = field(default_factory=Pace)
    delivered_by_staff: int = 0
    rejected_by_staff: int = 0
    lost_connections: int = 0
    differences: Sequence[str] = ()

    def as_json(self) -> dict[str, Any]:
        """For `--json`."""
        return {**asdict(self), "nothing_lost": not self.differences}

    def rows(self) -> list[tuple[str, str]]:
        """(name, value) for people; an empty name is a line between groups."""
        return [*self._rows_of_post(), ("", ""), *self._rows_of_replies(), ("", ""), *self._rows_of_staff()]

    def _rows_of_post(self) -> Iterable[tuple[str, str]]:
        yield "members", f"{self.members:,} joined at {self.joined.per_second:,.0f}/s, all on WebSockets"
        yield "post to all of them", f"{self.post.seconds * 1000:,.0f} ms until the last one had it"
        yield "deliveries", f"{self.post.per_second:,.0f}/s, p50 {self.post.p50_ms:,.0f} ms, p99 {self.post.p99_ms:,.0f} ms"
        yield "ledger", ", ".join(f"{count:,} {state}" for state, count in self.counts.items() if count)
        if self.lost_connections:
            yield "lost connections", f"{self.lost_connections:,}, all made again"

    def _rows_of_replies(self) -> Iterable[tuple[str, str]]:
        refused = f", {self.replies_refused:,} refused" if self.replies_refused else ""
        yield "replies", f"{self.accepted.count:,} of {self.replies_sent:,} accepted{refused}"
        yield "until accepted", _paced(self.accepted)
        yield "until staff saw them", _paced(self.seen)
        held = ", ".join(f"{count:,} {kind}" for kind, count in self.cases.items()) or "nothing held"
        yield "moderation", held
        yield "signals", ", ".join(f"{name} ({count:,})" for name, count in self.signals.items()) or "none"

    def _rows_of_staff(self) -> Iterable[tuple[str, str]]:
        yield "private threads", f"{self.threads:,}"
        yield "staff answered", f"{self.answers.count:,}, each with its member after {self.answers.p50_ms:,.0f} ms (p50)"
        yield "staff decided", f"{self.delivered_by_staff:,} delivered, {self.rejected_by_staff:,} rejected with a reason"


def _paced(pace: Pace) -> str:
    return f"{pace.per_second:,.0f}/s, p50 {pace.p50_ms:,.0f} ms, p99 {pace.p99_ms:,.0f} ms"
