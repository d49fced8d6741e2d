"""A check under way: one message for one plugin in a worker, who waits for it, and what ends with it: timers, a question."""

import asyncio
from dataclasses import dataclass, field

from relay.core.verdict import Signal
from relay.pipeline.answer import Answer
from relay.pipeline.desk import Desk
from relay.plugin import Incoming


@dataclass(eq=False, slots=True)
class Check:
    """`n` is its number on the wire; `is_second_try` says that it was taken from a worker through no fault of its own."""

    n: int
    incoming: Incoming
    done: "asyncio.Future[Answer]"
    desk: Desk
    is_second_try: bool = False
    signals: list[Signal] = field(default_factory=list)
    timers: list[asyncio.TimerHandle | asyncio.Task[None]] = field(default_factory=list)

    @property
    def member(self) -> str:
        return self.incoming.member.id

    @property
    def text(self) -> str:
        return self.incoming.text.raw

    def answer(self, answer: Answer) -> None:
        """Let the caller go on."""
        if not self.done.done():
            self.done.set_result(answer)

    def end(self, answer: Answer) -> None:
        """The same, and nothing more will come of it."""
        self.cancel_timers()
        self.answer(answer)

    def cancel_timers(self) -> None:
        while self.timers:
            self.timers.pop().cancel()
