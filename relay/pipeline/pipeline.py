"""Pipeline: judges one submission after another with a fixed set of plugins and rules.

Order: size, then behaviour, content, and slow checks only in the grey band between flag and reject; then one decision. Whatever
goes wrong inside is a decision to hold. A changed configuration is a new pipeline, never a changed one.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any, get_args

import structlog

from relay.core.text import Tables, Text
from relay.core.verdict import (
    CORE,
    CORE_SIGNALS,
    Decision,
    Failure,
    Rules,
    RuleSet,
    Seen,
    Signal,
    Submission,
    decide,
    rule_set,
    score_of,
)
from relay.pipeline.drive import drive
from relay.pipeline.memory import MemoryStore
from relay.pipeline.stopwatch import CollectorTime, Stopwatch
from relay.plugin import Context, Incoming, Mode, Plugin, Stage
from relay.ports import Clock

LONGEST_TEXT = 10_000  # characters that plugins are asked about; what is longer is held unread by them


@dataclass(frozen=True, slots=True)
class PluginState:
    """How one plugin is doing; `note` says what an operator should know, empty when there is nothing."""

    name: str
    version: str
    stage: Stage
    mode: Mode
    signals: dict[str, float]
    runs: int
    hits: int
    errors: int
    mean_us: float
    note: str = ""


@dataclass(slots=True)
class _Runner:
    """A plugin with its weights as the rules have them, its words for members, and its figures."""

    plugin: Plugin[Any]
    weights: dict[str, float]
    told: dict[str, dict[str, str]]
    runs: int = 0
    hits: int = 0
    errors: int = 0
    seconds: float = 0.0
    broken: str = ""
    complaints: Counter[str] = field(default_factory=Counter)


class Pipeline:
    """Judges submissions; `judge` has the shape that flows expect and never raises."""

    def __init__(self, plugins: Sequence[Plugin[Any]], rules: Rules, tables: Tables, clock: Clock) -> None:
        self._rules = rules
        self._tables = tables
        self._clock = clock
        self._memory = MemoryStore(clock.monotonic)
        self._log = structlog.get_logger(__name__)
        self._collector = CollectorTime()
        self._opening = asyncio.Lock()
        self._is_open = False
        order = {stage: place for place, stage in enumerate(get_args(Stage))}
        by_stage = sorted(plugins, key=lambda plugin: order[plugin.stage])
        runners = [_Runner(plugin, _weights(plugin, rules), _told(plugin)) for plugin in by_stage]
        self._quick = [runner for runner in runners if runner.plugin.stage != "slow"]
        self._slow = [runner for runner in runners if runner.plugin.stage == "slow"]
        named = [(p.name, p.version, p.options.model_dump_json()) for p in plugins]
        self._rule_set: RuleSet = rule_set(rules, named)

    @property
    def digest(self) -> str:
        """The digest that every decision of this pipeline carries."""
        return self._rule_set.digest

    async def open(self) -> None:
        """Set the plugins up, if nobody has; one that cannot be set up fails for every message, and the others work."""
        async with self._opening:
            if self._is_open:
                return
            for runner in (*self._quick, *self._slow):
                try:
                    await runner.plugin.setup(self._context(runner.plugin, ""))
                except Exception as error:  # noqa: BLE001 - foreign code; judging goes on without it
                    runner.broken = f"could not be set up: {type(error).__name__}"
                    self._log.exception("plugin not set up", plugin=runner.plugin.name)
            self._is_open = True

    async def judge(self, submission: Submission) -> Decision:
        started = perf_counter()
        seen: list[Seen] = []
        failures: list[Failure] = []
        try:
            if not self._is_open:
                await self.open()
            await self._look(submission, seen, failures)
        except Exception as error:  # noqa: BLE001 - whatever goes wrong here, the message goes to staff
            failures.append(Failure(CORE, f"judging ended in {type(error).__name__}"))
            self._log.exception("judging failed", submission=submission.id)
        return decide(seen, failures, self._rule_set, round((perf_counter() - started) * 1e6))

    async def close(self) -> None:
        """Close every plugin, whatever the others do."""
        for runner in (*self._quick, *self._slow):
            try:
                await runner.plugin.close()
            except Exception:  # noqa: BLE001 - foreign code
                self._log.exception("plugin not closed", plugin=runner.plugin.name)

    def forget(self, member: str) -> None:
        """The member was erased: what plugins remember of them goes."""
        self._memory.forget(member)

    def describe(self) -> list[PluginState]:
        """Give the state of every plugin, in the order in which they run."""
        return [_state(runner) for runner in (*self._quick, *self._slow)]

    async def _look(self, submission: Submission, seen: list[Seen], failures: list[Failure]) -> None:
        if len(submission.text) > LONGEST_TEXT:
            reason = f"{len(submission.text)} characters, at most {LONGEST_TEXT} are checked"
            seen.append(self._of_core(Signal("core.size", reason=reason)))
            return
        incoming = Incoming(
            Text(submission.text, self._tables),
            submission.member,
            submission.channel,
            submission.at,
            submission.reply_to,
            submission.attachments,
        )
        for runner in self._quick:
            await self._run(runner, incoming, seen, failures)
        if seen and submission.member.trusted:
            seen.append(self._of_core(Signal("core.trusted", reason="a trusted member")))
        if self._slow and self._rules.flag <= score_of(seen) < self._rules.reject:
            for runner in self._slow:
                await self._run(runner, incoming, seen, failures)

    async def _run(self, runner: _Runner, incoming: Incoming, seen: list[Seen], failures: list[Failure]) -> None:
        plugin = runner.plugin
        signals: list[Signal] = []
        why: str | None = runner.broken or None
        started = perf_counter()
        if why is None:
            try:
                if not plugin.wants(incoming):
                    return
            except Exception as error:  # noqa: BLE001 - foreign code; it fails like check
                why = f"wants() raised {type(error).__name__}"
            else:
                why = await drive(
                    plugin, incoming, self._context(plugin, incoming.member.id), signals, Stopwatch(self._collector)
                )
        runner.seconds += perf_counter() - started
        runner.runs += 1
        for signal in signals:
            weight = runner.weights[signal.name] * signal.factor
            told = runner.told.get(signal.name, {})
            seen.append(Seen(signal, plugin.name, plugin.version, weight, plugin.across_members, told))
        runner.hits += bool(signals)
        if why is not None:
            failures.append(Failure(plugin.name, why, plugin.on_error, plugin.across_members))
            self._complain(runner, why)

    def _context(self, plugin: Plugin[Any], member: str) -> Context:
        shared = self._memory.of(plugin.name, "") if plugin.across_members else None
        return Context(self._clock.now(), self._memory.of(plugin.name, member), shared)

    def _of_core(self, signal: Signal) -> Seen:
        weight = self._rules.weights.get(signal.name, CORE_SIGNALS[signal.name])
        return Seen(signal, CORE, "1", weight * signal.factor)

    def _complain(self, runner: _Runner, why: str) -> None:
        """Log the first failures of a plugin: one that always fails must not fill the disk."""
        runner.errors += 1
        if runner.errors & (runner.errors - 1) == 0:
            self._log.error("plugin failed", plugin=runner.plugin.name, why=why, times=runner.errors)


def _weights(plugin: Plugin[Any], rules: Rules) -> dict[str, float]:
    """Negative weights are the core's alone: a plugin cannot talk a message free."""
    return {name: max(0.0, rules.weights.get(name, weight)) for name, weight in plugin.signals.items()}


def _told(plugin: Plugin[Any]) -> dict[str, dict[str, str]]:
    """Plain and copied, as decisions keep it."""
    return {signal: dict(texts) for signal, texts in plugin.told.items()}


def _state(runner: _Runner) -> PluginState:
    plugin = runner.plugin
    note = runner.broken
    if not note and plugin.mode == "worker":
        note = "asks for a worker process; this relay has none yet and runs it inline, so its deadline holds only at an await"
    mean_us = runner.seconds / runner.runs * 1e6 if runner.runs else 0.0
    return PluginState(
        plugin.name, plugin.version, plugin.stage, plugin.mode, dict(runner.weights),
        runner.runs, runner.hits, runner.errors, round(mean_us, 1), note,
    )  # fmt: skip
