"""The pipeline: order, weights, memory, gates, and the state of plugins."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import ClassVar

import pytest

from relay.core.verdict import Action, Rules
from relay.pipeline.pipeline import LONGEST_TEXT, Pipeline, PluginState
from relay.plugin import Context, Incoming, NoOptions, NotForPluginsError, Plugin, Signal
from relay.testing.moderation import StillClock, submission

Build = Callable[..., Pipeline]


class Rude(Plugin[NoOptions]):
    name, version = "rude", "1.0"
    signals: ClassVar = {"rude.word": 3.0}
    told: ClassVar = {"rude.word": {"en": "it is rude", "de": "sie ist unhöflich"}}

    def wants(self, incoming: Incoming) -> bool:
        return "rude" in incoming.text.tokens

    async def check(self, incoming: Incoming, context: Context) -> AsyncIterator[Signal]:
        yield Signal("rude.word", factor=1, reason="a rude word")


class InWorker(Rude):
    name, mode = "in_worker", "worker"
    signals: ClassVar = {"in_worker.word": 3.0}
    told: ClassVar = {}

    async def check(self, incoming: Incoming, context: Context) -> AsyncIterator[Signal]:
        yield Signal("in_worker.word")


class Loud(Plugin[NoOptions]):
    name, version, stage = "loud", "1.0", "behaviour"
    signals: ClassVar = {"loud.sign": 6.0}

    async def check(self, incoming: Incoming, context: Context) -> AsyncIterator[Signal]:
        if marks := incoming.text.raw.count("!"):
            yield Signal("loud.sign", factor=min(1.0, marks / 4))


class Guess(Plugin[NoOptions]):
    name, version, statistical = "guess", "1.0", True
    signals: ClassVar = {"guess.bad": 20.0}

    async def check(self, incoming: Incoming, context: Context) -> AsyncIterator[Signal]:
        yield Signal("guess.bad", hard=True)


class SecondGuess(Guess):
    name = "second_guess"
    signals: ClassVar = {"second_guess.bad": 20.0}

    async def check(self, incoming: Incoming, context: Context) -> AsyncIterator[Signal]:
        yield Signal("second_guess.bad")


class Thorough(Plugin[NoOptions]):
    name, version, stage = "thorough", "1.0", "slow"
    signals: ClassVar = {"thorough.doubt": 2.0}

    async def check(self, incoming: Incoming, context: Context) -> AsyncIterator[Signal]:
        yield Signal("thorough.doubt")


class Counting(Plugin[NoOptions]):
    name, version = "counting", "1.0"
    signals: ClassVar = {"counting.third": 5.0}

    async def check(self, incoming: Incoming, context: Context) -> AsyncIterator[Signal]:
        if await context.memory.increment("seen", ttl=60) >= 3:
            yield Signal("counting.third")


class Campaign(Plugin[NoOptions]):
    name, version, across_members = "campaign", "1.0", True
    signals: ClassVar = {"campaign.many": 20.0}

    async def check(self, incoming: Incoming, context: Context) -> AsyncIterator[Signal]:
        if await context.shared.increment(incoming.text.folded, ttl=60) >= 2:
            yield Signal("campaign.many", hard=True)


class Spying(Plugin[NoOptions]):
    name, version = "spying", "1.0"
    signals: ClassVar = {"spying.x": 1.0}

    async def check(self, incoming: Incoming, context: Context) -> AsyncIterator[Signal]:
        if await context.shared.get("seen", default=False):
            yield Signal("spying.x")


async def test_a_clean_message_passes(build: Build) -> None:
    decision = await build(Rude, Loud).judge(submission("hello"))

    assert (decision.action, decision.score, decision.signals, decision.failures) == (Action.ALLOW, 0, (), ())


async def test_weights_times_factors_are_added_up(build: Build) -> None:
    decision = await build(Rude, Loud).judge(submission("rude !!"))

    assert [(seen.signal.name, seen.weight) for seen in decision.signals] == [("loud.sign", 3.0), ("rude.word", 3.0)]
    assert (decision.action, decision.score) == (Action.HOLD, 6.0)


async def test_what_members_are_told_travels_with_the_signal(build: Build) -> None:
    decision = await build(Rude, Loud).judge(submission("rude !!!!"))

    assert [dict(seen.told) for seen in decision.signals] == [{}, {"en": "it is rude", "de": "sie ist unhöflich"}]


async def test_two_kinds_of_evidence_reject(build: Build) -> None:
    decision = await build(Rude, Loud).judge(submission("rude !!!!"))

    assert decision.action is Action.REJECT


async def test_models_alone_hold_and_with_a_rule_reject(build: Build) -> None:
    alone = await build(Guess, SecondGuess).judge(submission("rude"))
    backed = await build(Guess, Rude).judge(submission("rude"))

    assert (alone.action, alone.score) == (Action.HOLD, 6.0)
    assert (backed.action, backed.score) == (Action.REJECT, 9.0)


async def test_rules_replace_weights_and_never_make_them_negative(build: Build) -> None:
    heavier = await build(Rude, rules=Rules(weights={"rude.word": 5})).judge(submission("rude"))
    negative = await build(Rude, Loud, rules=Rules(weights={"rude.word": -5})).judge(submission("rude !!"))

    assert (heavier.action, heavier.score) == (Action.HOLD, 5.0)
    assert (negative.action, negative.score) == (Action.FLAG, 3.0)


async def test_a_trusted_member_is_judged_lighter(build: Build) -> None:
    pipeline = build(Rude)

    new = await pipeline.judge(submission("rude"))
    trusted = await pipeline.judge(submission("rude", trusted=True))

    assert (new.action, trusted.action) == (Action.FLAG, Action.ALLOW)
    assert [seen.signal.name for seen in trusted.signals] == ["rude.word", "core.trusted"]


async def test_trust_is_earned_by_a_members_own_past(build: Build) -> None:
    pipeline = build(Rude)
    known = replace(submission("rude").member, approved=12, known=True)

    stranger = await pipeline.judge(replace(submission("rude"), member=replace(known, approved=4)))
    regular = await pipeline.judge(replace(submission("rude"), member=known))

    assert (stranger.action, regular.action) == (Action.FLAG, Action.ALLOW)
    (_, trusted) = regular.signals
    assert trusted.signal.reason == "trusted 0.76: 12 approved messages, a member for 30 days, known to the company"
    assert trusted.weight == pytest.approx(-0.76)


@pytest.mark.parametrize(("text", "runs"), [("hello", 0), ("rude", 1), ("rude !!!!", 0)])
async def test_slow_checks_run_in_the_grey_band_alone(text: str, runs: int, build: Build) -> None:
    pipeline = build(Thorough, Rude, Loud)

    await pipeline.judge(submission(text))

    assert {state.name: state.runs for state in pipeline.describe()}["thorough"] == runs


async def test_an_oversized_text_is_held_and_no_plugin_reads_it(build: Build) -> None:
    pipeline = build(Loud)

    decision = await pipeline.judge(submission("!" * (LONGEST_TEXT + 1)))

    assert decision.action is Action.HOLD
    assert [(seen.signal.name, set(seen.told)) for seen in decision.signals] == [("core.size", {"de", "en"})]
    assert pipeline.describe()[0].runs == 0


async def test_memory_belongs_to_one_member(build: Build) -> None:
    pipeline = build(Counting)

    given = [(await pipeline.judge(submission("x", member))).action for member in ("a", "b", "a", "b", "a", "c")]

    assert given == [Action.ALLOW] * 4 + [Action.HOLD, Action.ALLOW]


async def test_memory_expires(build: Build, clock: StillClock) -> None:
    pipeline = build(Counting)
    await pipeline.judge(submission("x"))
    await pipeline.judge(submission("x"))

    clock.advance(61)

    assert (await pipeline.judge(submission("x"))).action is Action.ALLOW


async def test_evidence_across_members_holds_silently_and_never_rejects(build: Build) -> None:
    pipeline = build(Campaign)
    first = await pipeline.judge(submission("buy", "a"))

    second = await pipeline.judge(submission("buy", "b"))

    assert (first.action, first.silent) == (Action.ALLOW, False)
    assert (second.action, second.silent) == (Action.HOLD, True)


async def test_a_plugin_that_reaches_across_members_undeclared_fails(build: Build) -> None:
    decision = await build(Spying).judge(submission("x"))

    assert decision.action is Action.HOLD
    ((plugin, why),) = decision.failures
    assert plugin == "spying"
    assert NotForPluginsError.__name__ in why


async def test_the_state_of_plugins_is_told(build: Build) -> None:
    pipeline = build(Rude, Spying, Loud)
    await pipeline.judge(submission("rude"))

    states = {state.name: state for state in pipeline.describe()}

    assert list(states) == ["loud", "rude", "spying"]
    assert (states["rude"].runs, states["rude"].hits, states["rude"].errors) == (1, 1, 0)
    assert (states["spying"].hits, states["spying"].errors) == (0, 1)
    assert states["rude"].mean_us > 0


async def test_a_plugin_that_asks_for_a_worker_runs_in_one(build: Build) -> None:
    pipeline = build(InWorker)
    try:
        await told(pipeline, lambda state: state.state == "running")
        decision = await pipeline.judge(submission("rude"))

        assert (decision.action, decision.failures) == (Action.FLAG, ())
        (state,) = pipeline.describe()
        assert (state.mode, state.state, state.note) == ("worker", "running", "its class asks for a worker")
    finally:
        await pipeline.close()


async def test_one_whose_class_no_file_holds_is_broken_there_and_says_so(build: Build) -> None:
    class Local(InWorker):
        name = "local"
        signals: ClassVar = {"local.word": 3.0}

    pipeline = build(Local)
    try:
        await told(pipeline, lambda state: "no plugin of the name 'local'" in state.note)
        decision = await pipeline.judge(submission("rude"))

        assert decision.action is Action.HOLD
    finally:
        await pipeline.close()


async def told(pipeline: Pipeline, is_so: Callable[[PluginState], bool]) -> None:
    """Until its one plugin says so of itself."""
    await pipeline.open()
    async with asyncio.timeout(60):
        while not is_so(pipeline.describe()[0]):  # noqa: ASYNC110 - a process has no event
            await asyncio.sleep(0.01)


async def test_where_a_plugin_runs_changes_nothing_about_the_digest(build: Build) -> None:
    inside = type("Inside", (InWorker,), {"mode": "inline"})

    assert build(InWorker).digest == build(inside).digest


async def test_slow_plugins_look_again_and_what_was_seen_before_still_counts(build: Build) -> None:
    pipeline = build(Rude, Thorough, Spying)

    first = await pipeline.quick(submission("rude"))
    second = await pipeline.again(submission("rude"), first)

    assert (first.checking, first.action, [name for name, _ in first.failures]) == (True, Action.HOLD, ["spying"])
    assert (second.checking, second.action, second.failures) == (False, Action.HOLD, first.failures)
    assert [seen.signal.name for seen in second.signals] == ["rude.word", "thorough.doubt"]


async def test_outside_of_the_grey_band_nobody_looks_again(build: Build) -> None:
    pipeline = build(Rude, Thorough)

    assert not (await pipeline.quick(submission("hello"))).checking


async def test_the_same_plugins_and_rules_have_the_same_digest(build: Build) -> None:
    decision = await build(Rude, Loud).judge(submission("x"))

    assert decision.rule_set == build(Loud, Rude).digest
    assert decision.rule_set != build(Rude).digest
