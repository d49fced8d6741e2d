"""A seat: one worker process for a plugin, with one message at a time; ended when it is late, and started again.

What a worker says is checked field by field, and whatever is not an answer to the message at hand ends the process. It names
itself once, and asks for a fresh process after an answer alone: neither costs the relay more than messages do.
"""

import asyncio
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

import structlog

from relay.core.asking import Request
from relay.core.label import Label
from relay.core.moment import micros
from relay.pipeline.answer import Answer
from relay.pipeline.check import Check
from relay.pipeline.connection import Connection
from relay.pipeline.desk import Desk
from relay.pipeline.drive import NonsenseError, sound
from relay.pipeline.forks import Forks
from relay.pipeline.wire import Frame, WireError, incoming_frame, request_of, signal_of
from relay.ports import Clock

GRACE = 0.05  # seconds after the deadline at which it is ended: it says itself that it was late, and a machine may be busy
LATE = 0.02  # seconds by which our own loop was held up: then what the worker answered may still lie unread

State = Literal["new", "starting", "ready", "paused", "closed"]

# What a worker may give as the reason of a failure: the forms of drive.py and nothing else, for it stands in the log.
_WHY: Final = re.compile(
    r"(wants\(\) )?raised [\w.<>-]{1,60}( at [\w.<>-]{1,60}, line \d{1,7})?"
    r"|took \d{1,9} ms, at most \d{1,9} ms are allowed"
    r"|yielded [\w.<>-]{1,60}, not a Signal|yielded a signal that its class does not list|yielded more than \d{1,5} signals"
    r"|gave [a-z0-9_.]{1,101} a (factor that is no number from 0 to 1|reason or a place of the wrong type"
    r"|hardness that is neither true nor false)"
)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Ears:
    """Who hears of a seat: that it can take a message, that one went well, and that its process failed.

    `failed` gives the seconds until the next process; `again` takes back a message that is not to blame.
    """

    free: Callable[[], None]
    succeeded: Callable[[], None]
    failed: Callable[[str, Check | None], float]
    again: Callable[[Check], None]


class Seat:
    """`hello` is what a fresh worker is told; `starts` counts its processes."""

    def __init__(self, label: Label, hello: Mapping[str, Any], forks: Forks, setup: Desk, clock: Clock) -> None:
        self._label = label
        self._hello = hello
        self._forks = forks
        self._setup = setup
        self._clock = clock
        self._connection: Connection | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._is_named = False
        self._has_answered = False
        self.current: Check | None = None
        self.state: State = "new"
        self.starts = 0
        self.ears: Ears

    @property
    def is_free(self) -> bool:
        return self.state == "ready" and self.current is None

    def give(self, check: Check) -> None:
        """Have the message checked; the seat is free."""
        self.current = check
        check.desk.begin()
        loop = asyncio.get_running_loop()
        when = loop.time() + self._label.deadline_ms / 1000 + GRACE
        check.timers.append(loop.call_at(when, self._overdue, check, when))
        self._send({"n": check.n, "now": micros(self._clock.now()), **incoming_frame(check.incoming)})

    def start(self) -> None:
        """Have a process started."""
        self.state = "starting"
        self.starts += 1
        self._is_named = self._has_answered = False
        self._timer = asyncio.get_running_loop().call_later(self._forks.settings.start_s, self._start_overdue)
        self._setup.asked = 0
        try:
            started = self._forks.start({**self._hello, "now": micros(self._clock.now())})
            self._connection = Connection(self._forks, started, self._take, self._lost)
        except (OSError, WireError) as error:
            self._failed(f"could not be started: {type(error).__name__}")

    def close(self) -> Check | None:
        """End the process for good, and give back what it was at."""
        self.state = "closed"
        self._hang_up()
        check, self.current = self.current, None
        return check

    def _overdue(self, check: Check, when: float) -> None:
        """At the end of its time; when our own loop was held up, it gets the grace once more."""
        loop = asyncio.get_running_loop()
        late = loop.time() - when
        if late > LATE:
            again = loop.time() + GRACE
            check.timers.append(loop.call_at(again, self._overdue, check, again))
            return
        self._failed(f"took longer than {self._label.deadline_ms} ms")

    def _take(self, frame: Frame) -> None:
        """What the worker says. Raises WireError for what it may not say now."""
        if self.state == "starting":
            self._take_start(frame)
        elif frame.get("renew") is True and self._has_answered:
            self._spare()
            self._hang_up()
            self.start()
        elif self.current is None or type(frame.get("n")) is not int or frame["n"] != self.current.n:
            self._take_stray(frame)
        elif frame.get("do") == "post":
            self._ask(self.current, request_of(frame))
        elif "do" in frame:
            self._send(self.current.desk.answer(frame))
        else:
            self._take_answer(self.current, frame)

    def _ask(self, check: Check, request: Request) -> None:
        """Have a service asked, and answer the worker if it still waits for that."""
        check.desk.begin_question()

        async def answer() -> None:
            said = await check.desk.ask(request)
            if self.current is check:
                self._send(said)

        check.timers.append(asyncio.get_running_loop().create_task(answer(), name=f"http of {self._label.name}"))

    def _take_stray(self, frame: Frame) -> None:
        """An answer to no message that it has. The one that it has goes to the next process, once, when it is not to blame."""
        n = frame.get("n")
        if self.current is not None and type(n) is int and n < self.current.n:
            self._spare()
        raise WireError("an answer to no message that it has")

    def _spare(self) -> None:
        """Take the message at hand away from a worker that will not answer it. Raises WireError the second time."""
        check = self.current
        if check is not None:
            if check.is_second_try:
                raise WireError("no answer to a message, again")
            check.is_second_try = True
            check.cancel_timers()
            self.current = None
            self.ears.again(check)

    def _take_start(self, frame: Frame) -> None:
        if "do" in frame and frame.get("n") == 0:
            self._send(self._setup.answer(frame))
        elif "fault" in frame:
            self._failed(_fault(frame))
        elif frame.get("ready") is True:
            self._begin()
        elif type(frame.get("label")) is not dict or self._is_named:
            raise WireError("no answer that belongs to a start")
        else:
            self._is_named = True
            if frame["label"].get("version") != self._label.version:
                self._failed("was changed while the relay runs: start the relay again")

    def _begin(self) -> None:
        self._cancel_timer()
        self.state = "ready"
        if self._connection is not None and (said := self._connection.printed()):
            log.info("plugin printed at its start", plugin=self._label.name, said=said)
        self.ears.free()

    def _take_answer(self, check: Check, frame: Frame) -> None:
        rows, why = frame.get("signals"), frame.get("why")
        if type(rows) is not list or not (why is None or (type(why) is str and _WHY.fullmatch(why))):
            raise WireError("no answer of the right form")
        try:
            for row in rows:
                check.signals.append(sound(self._label.signals, signal_of(row), len(check.signals)))
        except NonsenseError as nonsense:  # the worker looks at them too: one that lets them through is no longer itself
            raise WireError(f"it {nonsense}") from None
        self.current = None
        self._has_answered = True
        self.ears.succeeded()
        check.end(check.desk.explained(Answer(check.signals, why)))
        self.ears.free()

    def _lost(self, how: str) -> None:
        """It hung up, or said what it may not."""
        if self.state == "starting" and self._connection is not None:
            log.error("plugin ended at its start", plugin=self._label.name, said=self._connection.printed())
        self._failed(how)

    def _start_overdue(self) -> None:
        start_s = self._forks.settings.start_s
        if self._connection is not None and self._connection.is_launching:
            self._timer = asyncio.get_running_loop().call_later(start_s, self._start_overdue)
            return
        if self._connection is not None and not self._connection.has_started:
            self._forks.end_server()
        self._failed(f"was not ready within {start_s:g} s")

    def _failed(self, why: str) -> None:
        """End the process, and have the next one started, now or after a pause."""
        check, self.current = self.current, None
        self._hang_up()
        self.state = "paused"
        pause = self.ears.failed(why, check)
        if check is not None:
            check.end(Answer(check.signals, why))
        if pause == 0:
            self.start()
        else:
            self._timer = asyncio.get_running_loop().call_later(pause, self.start)

    def _hang_up(self) -> None:
        self._cancel_timer()
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _send(self, frame: Frame) -> None:
        if self._connection is not None and not self._connection.send(frame):
            self._failed("took no message")

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def _fault(frame: Frame) -> str:
    """What the worker says is wrong with the plugin, as one line."""
    fault = frame["fault"]
    if type(fault) is not list or not all(type(part) is str for part in fault):
        raise WireError("no fault of the right form")
    said = "".join(char if char.isprintable() else " " for char in ": ".join(filter(None, fault))[:300])
    return f"cannot be used: {said}"
