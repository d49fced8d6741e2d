"""Replay: the members' messages of a while are judged again in the order in which they came; nothing is sent or changed.

The clock stands at each message's own time, and of its member is known what was known then. Only a group of messages is in
memory at a time.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from relay.core.replay import KEPT, Event, Past, Span, Tally
from relay.core.verdict import Decision, Submission
from relay.ports import History, Judge

GROUP = 200  # decisions: they are read in a moment, which keeps no writer waiting, and take at most a few megabytes
MOST_MEMBERS = 100_000  # whose number of approved messages is kept; it is asked for again when they write again


class PastClock:
    """Stands where it is set."""

    def __init__(self) -> None:
        self._now = self._newest = datetime.fromtimestamp(0, UTC)

    def set(self, at: datetime) -> None:
        """Also back: messages that were judged at the same time may be filed in another order."""
        self._now = at
        self._newest = max(self._newest, at)

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._newest.timestamp()


def _nobody(_past: Past, _decision: Decision) -> None:
    """Alarms are counted alone."""


@dataclass(slots=True)
class Replay:
    """`tell` hears after each group how many messages are done; `is_over` is asked between two messages.

    `alarm` gets each message that would be brought before staff, or away, in its order.
    """

    history: History
    judge: Judge
    clock: PastClock
    tally: Tally
    tell: Callable[[int], None]
    is_over: Callable[[], bool]
    alarm: Callable[[Past, Decision], None] = _nobody
    community: str | None = None
    _approved: OrderedDict[int, int] = field(default_factory=OrderedDict)

    async def run(self, span: Span, most: int) -> None:
        """Up to the end of the span, to `most` messages, or until it is over. Raises Unavailable."""
        after = span.first - 1
        while events := await self.history.events(after, span.last, GROUP, self.community):
            for event in events:
                if self.tally.messages >= most or self.is_over():
                    return
                await self._again(event)
            after = events[-1].n
            self.tell(self.tally.messages)
            await asyncio.sleep(0)  # a pipeline that never waits would let nobody stop it

    async def _again(self, event: Event) -> None:
        approved = self._approved.pop(event.member, None)
        if approved is None:
            approved = await self.history.approved_before(event.member, event.n)
        if event.past is not None:
            submission = _then(event.past, approved)
            self.clock.set(submission.at)
            decision = await self.judge(submission)
            self.tally.add(event.past, decision)
            if decision.action in KEPT:
                self.alarm(event.past, decision)
        self._approved[event.member] = approved + event.approves
        if len(self._approved) > MOST_MEMBERS:
            self._approved.popitem(last=False)


def _then(past: Past, approved: int) -> Submission:
    return replace(past.submission, member=replace(past.submission.member, approved=max(0, approved)))
