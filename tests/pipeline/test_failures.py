"""Plugins that fail in every way they can: the message is held, the reason is told, and the relay goes on."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import suppress
from typing import Any, ClassVar

import pytest

from relay.core.verdict import Action, Submission
from relay.pipeline.breaker import IN_A_ROW, LONGEST_PAUSE
from relay.pipeline.drive import MOST_SIGNALS
from relay.pipeline.inline import CLOSE_WITHIN
from relay.pipeline.pipeline import Pipeline
from relay.pipeline.poison import OF_ONE_MEMBER
from relay.plugin import Context, Incoming, NoOptions, Plugin, Signal
from relay.testing.moderation import StillClock, submission

Build = Callable[..., Pipeline]
PATIENCE = 30  # seconds until a test gives up on a plugin that should have been stopped after 50 ms
SECRET = "what the member wrote"


class Bad(Plugin[NoOptions]):
    name, version = "bad", "1.0"
    signals: ClassVar = {"bad.x": 0.1}


class Raises(Bad):
    async def check(self, incoming: Incoming, context: Context) -> AsyncIterator[Signal]:
        if incoming.text.raw:
            raise ValueError(incoming.text.raw)
        yield Signal("bad.x")


class RaisesLate(Bad):
    async def check(self, incoming: Incoming, context: Context) -> AsyncIterator[Signal]:
        yield Signal("bad.x")
        raise ZeroDivisionError


class Exits(Bad):
    async def check(self, incoming: Incoming, context: Context) -> AsyncIterator[Signal]:
        if incoming.text.raw:
            raise SystemExit(3)
        yield Signal("bad.x")


class Interrupts(Bad):
    async def check(self, incoming: Incoming, context: Context) -> AsyncIterator[Signal]:
        if incoming.text.raw:
            raise KeyboardInterrupt
        yield Signal("bad.x")


class CancelsItself(Bad):
    async def check(self, incoming: Incoming, context: Context) -> AsyncIterator[Signal]:
        if incoming.text.raw:
            raise asyncio.CancelledError
        yield Signal("bad.x")


class Waits(Bad):
    async def check(self, incoming: Incoming, context: Context) -> AsyncIterator[Signal]:
        await asyncio.get_running_loop().create_future()
        yield Signal("bad.x")


class WillNotStop(Bad):
    async def check(self, incoming: Incoming, context: Context) -> AsyncIterator[Signal]:
        while incoming.text.raw:
            with suppress(BaseException):
                await asyncio.get_running_loop().create_future()
        yield Signal("bad.x")


class NeverEnds(Bad):
    async def check(self, incoming: Incoming, context: Context) -> AsyncIterator[Signal]:
        while True:
            yield Signal("bad.x")


class Busy(Bad):
    deadline_ms = 1

    async def check(self, incoming: Incoming, context: Context) -> AsyncIterator[Signal]:
        sum(range(1_000_000))
        yield Signal("bad.x")


class Sleeps(Bad):
    deadline_ms = 1

    async def check(self, incoming: Incoming, context: Context) -> AsyncIterator[Signal]:
        time.sleep(0.01)  # noqa: ASYNC251 - the very fault
        yield Signal("bad.x")


class YieldsNothingKnown(Bad):
    async def check(self, incoming: Incoming, context: Context) -> AsyncIterator[Signal]:
        yield Signal("core.trusted")


class YieldsText(Bad):
    async def check(self, incoming: Incoming, context: Context) -> AsyncIterator[Signal]:
        yield "bad.x"  # type: ignore[misc]


class YieldsNan(Bad):
    async def check(self, incoming: Incoming, context: Context) -> AsyncIterator[Signal]:
        yield Signal("bad.x", factor=float("nan"))


class YieldsMinus(Bad):
    async def check(self, incoming: Incoming, context: Context) -> AsyncIterator[Signal]:
        yield Signal("bad.x", factor=-1)


class YieldsBytes(Bad):
    async def check(self, incoming: Incoming, context: Context) -> AsyncIterator[Signal]:
        yield Signal("bad.x", reason=b"x")  # type: ignore[arg-type]


class FarAway(Bad):
    async def check(self, incoming: Incoming, context: Context) -> AsyncIterator[Signal]:
        yield Signal("bad.x", start=10**100)


class HardAsStone(Bad):
    async def check(self, incoming: Incoming, context: Context) -> AsyncIterator[Signal]:
        yield Signal("bad.x", hard="stone")  # type: ignore[arg-type]


class Returns(Bad):
    async def check(self, incoming: Incoming, context: Context) -> None:  # type: ignore[override]
        return None


class GivesAList(Bad):
    def check(self, incoming: Incoming, context: Context) -> list[Signal]:  # type: ignore[override]
        return [Signal("bad.x")]


class BadWaitable(Bad):
    async def check(self, incoming: Incoming, context: Context) -> AsyncIterator[Signal]:
        await _Strange()  # type: ignore[misc]
        yield Signal("bad.x")


class WantsRaises(Bad):
    def wants(self, incoming: Incoming) -> bool:
        raise KeyError(incoming.text.raw)

    async def check(self, incoming: Incoming, context: Context) -> AsyncIterator[Signal]:
        yield Signal("bad.x")


class NoSetup(Bad):
    async def setup(self, context: Context) -> None:
        raise OSError("no such file")

    async def check(self, incoming: Incoming, context: Context) -> AsyncIterator[Signal]:
        yield Signal("bad.x")


class _Strange:
    def __await__(self) -> Iterator[int]:
        yield 42


class Good(Plugin[NoOptions]):
    name, version = "good", "1.0"
    signals: ClassVar = {"good.x": 1.0}

    async def check(self, incoming: Incoming, context: Context) -> AsyncIterator[Signal]:
        await asyncio.sleep(0)
        yield Signal("good.x")


FAULTS = [
    (Raises, "raised ValueError"),
    (RaisesLate, "raised ZeroDivisionError"),
    (Exits, "raised SystemExit"),
    (Interrupts, "raised KeyboardInterrupt"),
    (CancelsItself, "raised CancelledError"),
    (Waits, "took"),
    (WillNotStop, "took"),
    (NeverEnds, "more than"),
    (Busy, "took"),
    (Sleeps, "took"),
    (YieldsNothingKnown, "does not list"),
    (YieldsText, "yielded str"),
    (YieldsNan, "factor"),
    (YieldsMinus, "factor"),
    (YieldsBytes, "reason"),
    (FarAway, "place"),
    (HardAsStone, "hardness"),
    (Returns, "raised AttributeError"),
    (GivesAList, "raised AttributeError"),
    (BadWaitable, "raised RuntimeError"),
    (WantsRaises, "raised KeyError"),
    (NoSetup, "could not be set up: OSError"),
]


def judged(pipeline: Pipeline, one: Submission) -> Coroutine[Any, Any, Any]:
    return asyncio.wait_for(pipeline.judge(one), PATIENCE)


@pytest.mark.parametrize(("plugin", "why"), FAULTS, ids=lambda value: getattr(value, "__name__", ""))
async def test_a_failing_plugin_holds_the_message_and_disturbs_no_other(plugin: type[Bad], why: str, build: Build) -> None:
    pipeline = build(plugin, Good)

    decision = await judged(pipeline, submission(SECRET))

    assert decision.action is Action.HOLD
    ((name, told),) = decision.failures
    assert name == "bad"
    assert why in told
    assert SECRET not in told
    assert [seen.signal.name for seen in decision.signals if seen.plugin == "good"] == ["good.x"]
    assert {state.name: state.errors for state in pipeline.describe()} == {"bad": 1, "good": 0}


async def test_what_a_failing_plugin_saw_before_still_counts(build: Build) -> None:
    decision = await judged(build(RaisesLate), submission("x"))

    assert [seen.signal.name for seen in decision.signals] == ["bad.x"]


async def test_signals_and_reasons_are_bounded(build: Build) -> None:
    class Chatty(Good):
        async def check(self, incoming: Incoming, context: Context) -> AsyncIterator[Signal]:
            yield Signal("good.x", reason="y" * 1_000_000)

    endless = await judged(build(NeverEnds), submission("x"))
    chatty = await judged(build(Chatty), submission("x"))

    assert len(endless.signals) == MOST_SIGNALS
    assert len(chatty.signals[0].signal.reason) == 300


async def test_a_reason_is_one_line_that_can_be_stored(build: Build) -> None:
    class Odd(Good):
        async def check(self, incoming: Incoming, context: Context) -> AsyncIterator[Signal]:
            yield Signal("good.x", reason="a\nb\x00c\ud800d")

    decision = await judged(build(Odd), submission("x"))

    assert decision.signals[0].signal.reason == "a b c d"


async def test_one_that_is_late_again_and_again_is_not_asked_for_a_while(build: Build, clock: StillClock) -> None:
    pipeline = build(Sleeps)
    for n in range(IN_A_ROW):
        await judged(pipeline, submission(f"x {n}", f"member {n}"))

    during, state = await judged(pipeline, submission("y")), pipeline.describe()[0]
    clock.advance(LONGEST_PAUSE)
    on_trial = pipeline.describe()[0]
    after = await judged(pipeline, submission("y"))

    assert during.failures == (("bad", "was not asked: it took too long again and again"),)
    assert (during.action, during.by_itself, state.state) == (Action.HOLD, Action.ALLOW, "waiting")
    assert (state.breaker, on_trial.breaker) == ("open", "trial")
    assert after.failures[0][1].startswith("took")


async def test_a_member_at_whose_messages_it_is_late_switches_it_off_for_nobody_else(build: Build) -> None:
    pipeline = build(Sleeps)

    refused = [(await judged(pipeline, submission(f"x {n}", "eve"))).failures[0][1] for n in range(IN_A_ROW * 2)]

    assert sum(why.startswith("took") for why in refused) == OF_ONE_MEMBER
    assert (await judged(pipeline, submission("x", "ada"))).failures[0][1].startswith("took")


async def test_a_check_that_waits_in_time_is_heard(build: Build) -> None:
    decision = await judged(build(Good), submission("x"))

    assert decision.action is Action.ALLOW
    assert [seen.signal.name for seen in decision.signals] == ["good.x"]


async def test_a_cancellation_from_outside_passes_through(build: Build) -> None:
    started = asyncio.Event()

    class Patient(Waits):
        deadline_ms = 60_000

        def wants(self, incoming: Incoming) -> bool:
            started.set()
            return True

    judging = asyncio.create_task(build(Patient).judge(submission("x")))
    await asyncio.wait_for(started.wait(), PATIENCE)

    judging.cancel()

    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(judging, PATIENCE)


@pytest.mark.parametrize(("on_error", "action"), [("flag", Action.FLAG), ("pass", Action.ALLOW)])
async def test_a_plugin_may_ask_for_less_than_hold(on_error: str, action: Action, build: Build) -> None:
    plugin = type("Softer", (Raises,), {"on_error": on_error})

    decision = await judged(build(plugin), submission("x"))

    assert decision.action is action
    assert len(decision.failures) == 1


async def test_every_plugin_is_closed_whatever_the_others_do(build: Build) -> None:
    closed = []

    class Stuck(Good):
        name = "stuck"

        async def close(self) -> None:
            raise OSError("will not close")

    class Closing(Good):
        async def close(self) -> None:
            closed.append(self.name)

    await build(Stuck, Closing).close()

    assert closed == ["good"]


async def test_plugins_that_never_end_keep_no_relay_from_its_end(build: Build) -> None:
    class Endless(Good):
        name = "endless"

        async def close(self) -> None:
            await asyncio.get_running_loop().create_future()

    others = [type(f"Endless{n}", (Endless,), {"name": f"endless{n}"}) for n in range(3)]

    async with asyncio.timeout(2 * CLOSE_WITHIN):
        await build(*others).close()
