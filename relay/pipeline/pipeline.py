"""Pipeline: judges one submission after another with a fixed set of plugins and rules.

Order: size, then behaviour, content, and slow checks only in the grey band between flag and reject; then one decision. Whatever
goes wrong inside is a decision to hold. A changed configuration is a new pipeline, never a changed one.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from time import perf_counter
from typing import Any, get_args

import structlog

from relay.core.composite import composed
from relay.core.headroom import Headroom, after
from relay.core.label import Label, Mode, Stage
from relay.core.model import untaught
from relay.core.text import Tables, Text
from relay.core.trust import Past, Trust, trust_of
from relay.core.verdict import (
    CORE,
    CORE_SIGNALS,
    CORE_TOLD,
    Action,
    Decision,
    Failure,
    MemberFacts,
    Rules,
    RuleSet,
    Seen,
    Signal,
    Submission,
    decide,
    rule_set,
    score_of,
)
from relay.pipeline.answer import Answer
from relay.pipeline.breaker import BreakerState
from relay.pipeline.forks import Forks, WorkerSettings
from relay.pipeline.inline import Inline
from relay.pipeline.latency import Latency
from relay.pipeline.memory import MemoryStore, Shelf
from relay.pipeline.options import Option, options_of_plugin
from relay.pipeline.process import Process
from relay.pipeline.raids import Raids
from relay.pipeline.source import in_place
from relay.pipeline.trace import Trace
from relay.pipeline.watchdog import Watchdog, fingerprint, unseen
from relay.plugin import Foreign, Incoming, Learned, Plugin
from relay.ports import Clock, Outbound

HEADROOM = "headroom"  # what is remembered of each member under the name of the core
KEEPS_HEADROOM_S = 7 * 86_400.0  # after the last message; then a member is a member like any other
LONGEST_TEXT = 10_000  # characters that plugins are asked about; what is longer is held unread by them


@dataclass(frozen=True, slots=True)
class PluginState:
    """How one plugin is doing; `note` says what an operator should know, empty when there is nothing.

    `mode` is where it really runs; `state` is running, starting, waiting (for its next try after failures) or broken;
    `breaker` is closed, open (no message is given to it for now) or trial. `p99_us` is what 99 of 100 checks took at most.
    """

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
    state: str = "running"
    restarts: int = 0
    breaker: BreakerState = "closed"
    p99_us: float = 0.0
    deadline_ms: int = 0
    options: tuple[Option, ...] = ()


@dataclass(frozen=True, slots=True)
class Places:
    """What plugins have around them: workers, the watchdog over the relay's own loop, HTTP, a memory. None: it is not there.

    `trace` says whose checks go into the log; `learned` gives the model that is in use in the community of a slug.
    """

    forks: Forks | None = None
    watchdog: Watchdog | None = None
    outbound: Outbound | None = None
    trace: Trace = field(default_factory=Trace)
    memory: MemoryStore | None = None
    learned: Callable[[str], Learned | None] = untaught


@dataclass(slots=True)
class _Runner:
    """A plugin in its place, with its weights as the rules have them, and its figures."""

    label: Label
    place: Inline | Process
    shelf: Shelf
    weights: dict[str, float]
    why_there: str = ""
    options: tuple[Option, ...] = ()
    runs: int = 0
    hits: int = 0
    errors: int = 0
    latency: Latency = field(default_factory=Latency)


def _untimed(_plugin: str, _seconds: float) -> None:
    """Nobody counts."""


class Pipeline:
    """Judges submissions; `judge` has the shape that flows expect and never raises.

    `took` hears of each check: which plugin, and the seconds.
    """

    def __init__(
        self,
        plugins: Sequence[Plugin[Any] | Foreign],
        rules: Rules,
        tables: Tables,
        clock: Clock,
        places: Places | None = None,
    ) -> None:
        self._rules = rules
        self._tables = tables
        self._clock = clock
        self.raids = Raids(rules.raid, clock)
        self.took: Callable[[str, float], None] = _untimed
        self._log = structlog.get_logger(__name__)
        self._opening = asyncio.Lock()
        self._is_open = False
        self._places = places or Places()
        self.learned = self._places.learned
        kept = self._places.memory
        self.memory = MemoryStore(clock.monotonic) if kept is None else kept
        order = {stage: place for place, stage in enumerate(get_args(Stage))}
        runners = sorted(self._runners(plugins), key=lambda runner: order[runner.label.stage])
        self._quick = [runner for runner in runners if runner.label.stage != "slow"]
        self._slow = [runner for runner in runners if runner.label.stage == "slow"]
        self._labels = {runner.label.name: runner.label for runner in runners}
        self._rule_set: RuleSet = rule_set(rules, [_named(plugin) for plugin in plugins])

    @property
    def has_slow(self) -> bool:
        """Whether messages may be looked at twice."""
        return bool(self._slow)

    @property
    def shelves(self) -> set[str]:
        """The names under which its plugins and the relay itself remember."""
        return {CORE, *(runner.shelf.name for runner in (*self._quick, *self._slow))}

    @property
    def digest(self) -> str:
        """The digest that every decision of this pipeline carries."""
        return self._rule_set.digest

    async def open(self) -> None:
        """Set the plugins up, if nobody has; one that cannot be set up fails for every message, and the others work."""
        async with self._opening:
            if not self._is_open:
                await asyncio.gather(*(runner.place.open() for runner in (*self._quick, *self._slow)))
                self._is_open = True

    async def judge(self, submission: Submission) -> Decision:
        """Both looks, one after the other."""
        first = await self.quick(submission)
        return await self.again(submission, first) if first.checking else first

    async def quick(self, submission: Submission) -> Decision:
        """What behaviour and content say; held and `checking` when slow plugins should look before it counts."""
        first = await self._decided(submission, self._quick, [], [])
        return replace(first, action=Action.HOLD, own=Action.HOLD) if first.checking else first

    async def again(self, submission: Submission, first: Decision) -> Decision:
        """What slow plugins add to the first look: the decision that counts."""
        failures = [self._failure(name, why) for name, why in first.failures]
        decision = await self._decided(submission, self._slow, list(first.signals), failures)
        return replace(decision, took_us=first.took_us + decision.took_us)

    async def close(self) -> None:
        """Close every plugin, whatever the others do."""
        await self.close_plugins()
        if self._places.watchdog is not None:
            self._places.watchdog.close()
        if self._places.forks is not None:
            self._places.forks.close()
        if self._places.outbound is not None:
            await self._places.outbound.close()

    async def close_plugins(self) -> None:
        """The same without what plugins share: its fork server, its watchdog and its HTTP go on."""
        await asyncio.gather(*(runner.place.close() for runner in (*self._quick, *self._slow)))

    def forget(self, member: str) -> None:
        """The member was erased: what plugins remember of them goes."""
        self.raids.forget(member)
        self.memory.forget(member)
        for runner in (*self._quick, *self._slow):
            runner.place.forget(member)

    def weighed(self) -> list[tuple[Label, Mapping[str, float]]]:
        """What every plugin says of itself, in the order in which they run, and the weights that hold."""
        return [(runner.label, runner.weights) for runner in (*self._quick, *self._slow)]

    def trust(self, past: Past, now: datetime) -> Trust:
        """How far somebody with such a past is trusted."""
        return trust_of(past, now, self._rules.trust)

    def describe(self) -> list[PluginState]:
        """Give the state of every plugin, in the order in which they run."""
        return [_state(runner) for runner in (*self._quick, *self._slow)]

    def _runners(self, plugins: Sequence[Plugin[Any] | Foreign]) -> list[_Runner]:
        """Each plugin where it belongs."""
        placed = [plugin if isinstance(plugin, Foreign) else in_place(plugin) for plugin in plugins]
        inside = [plugin for plugin in placed if isinstance(plugin, Plugin)]
        marks = iter(self._places.watchdog.watch(inside) if self._places.watchdog else [unseen() for _ in inside])
        forks = self._places.forks or Forks(self._tables, WorkerSettings())
        self._places = replace(self._places, forks=forks)
        runners = []
        for plugin in placed:
            place: Inline | Process
            shelf = Shelf(self.memory, f"{_label(plugin).name} {fingerprint(plugin)}")
            if isinstance(plugin, Foreign):
                place = Process(plugin, forks, shelf, self._clock, self._places.outbound)
            else:
                place = Inline(plugin, shelf, self._clock, next(marks), self._places.outbound)
            label, options = _label(plugin), options_of_plugin(plugin)
            runners.append(_Runner(label, place, shelf, _weights(label, self._rules), _why_there(plugin), options))
        return runners

    async def _decided(
        self, submission: Submission, runners: Sequence[_Runner], seen: list[Seen], failures: list[Failure]
    ) -> Decision:
        started = perf_counter()
        is_in_doubt = False
        try:
            if not self._is_open:
                await self.open()
            is_in_doubt = await self._look(submission, runners, seen, failures)
        except Exception as error:  # noqa: BLE001 - whatever goes wrong here, the message goes to staff
            failures.append(Failure(CORE, f"judging ended in {type(error).__name__}"))
            self._log.exception("judging failed", submission=submission.id)
        is_first = is_in_doubt and runners is self._quick  # the second look composes what both saw
        found = seen if is_first else composed(seen, self._rules.composites)
        if not is_first:
            self._learn(submission, found)
        decision = decide(found, failures, self._rule_set, round((perf_counter() - started) * 1e6))
        return replace(decision, checking=True) if is_first else decision

    async def _look(
        self, submission: Submission, runners: Sequence[_Runner], seen: list[Seen], failures: list[Failure]
    ) -> bool:
        """Whether slow plugins should look too: never because of what others wrote, since the member may hear what they see."""
        if len(submission.text) > LONGEST_TEXT:
            reason = f"{len(submission.text)} characters, at most {LONGEST_TEXT} are checked"
            seen.append(self._of_core(Signal("core.size", reason=reason)))
            return False
        trust = self._trust(submission)
        incoming = Incoming(
            Text(submission.text, self._tables),
            self._facts(submission.member, trust),
            submission.channel,
            submission.at,
            submission.reply_to,
            submission.attachments,
        )
        learned = self.learned(submission.community)
        for runner in runners:
            answer = await self._run(runner, incoming, learned, seen, failures)
            self._places.trace.note(submission, runner.label, answer)
        if runners is self._quick and seen and trust.lightly:
            seen.append(self._of_core(Signal("core.trusted", factor=trust.value, reason=trust.why)))
        if runners is self._quick:
            self._look_out_for_raids(submission, trust, seen)
        own = score_of(composed([each for each in seen if not each.across], self._rules.composites), self._rules)
        return bool(self._slow) and self._rules.flag <= own < self._rules.reject

    def _look_out_for_raids(self, submission: Submission, trust: Trust, seen: list[Seen]) -> None:
        """In raid mode a person looks at whatever content plugins saw of strangers; nobody is ever told of it.

        How many members behave alike switches it on; what is across for another reason, as a budget, does not.
        """
        if any(each.across and self._is_of("behaviour", each) for each in seen):
            self.raids.notice(submission.community, submission.member.id)
        is_stranger = not trust.lightly and submission.member.approved < self._rules.trust.first
        raid = self.raids.of(submission.community)
        if raid is None or not is_stranger or not any(self._is_of("content", each) for each in seen):
            return
        signal = Signal("core.raid", reason=f"raid mode since {raid.began_at:%H:%M} UTC, and a stranger")
        seen.append(replace(self._of_core(signal), across=True))

    def _is_of(self, stage: Stage, seen: Seen) -> bool:
        """Whether it weighs something and comes from a plugin of that stage."""
        return seen.weight > 0 and seen.plugin != CORE and self._labels[seen.plugin].stage == stage

    def _facts(self, member: MemberFacts, trust: Trust) -> MemberFacts:
        """As plugins see them. A copy costs as much as a plugin, so it is made only where something differs."""
        headroom = self._headroom(member.id).value
        if member.trusted == trust.lightly and member.headroom == headroom:
            return member
        return replace(member, trusted=trust.lightly, headroom=headroom)

    def _headroom(self, member: str) -> Headroom:
        found = self.memory.read((CORE, member), HEADROOM)
        return found[0] if found is not None and isinstance(found[0], Headroom) else Headroom()

    def _learn(self, submission: Submission, seen: Sequence[Seen]) -> None:
        """What the message means for its member's headroom: by its own evidence alone."""
        member, rules = submission.member.id, self._rules
        score = score_of([each for each in seen if not each.across], rules)
        now = self._clock.monotonic()
        had = self._headroom(member)
        left = after(had, score, (rules.flag, rules.hold), now, rules.headroom)
        if left is not had:
            self.memory.write((CORE, member), HEADROOM, left, now + KEEPS_HEADROOM_S)

    def _trust(self, submission: Submission) -> Trust:
        member = submission.member
        trust = self.trust(Past(member.approved, member.joined_at, member.known), submission.at)
        return replace(trust, value=1.0, lightly=True) if member.trusted else trust

    async def _run(
        self, runner: _Runner, incoming: Incoming, learned: Learned | None, seen: list[Seen], failures: list[Failure]
    ) -> Answer | None:
        label = runner.label
        started = perf_counter()
        answer: Answer | None = await runner.place.judge(incoming, learned)
        if answer is None:
            return None
        answer.seconds = perf_counter() - started
        runner.latency.add(answer.seconds)
        self.took(label.name, answer.seconds)
        runner.runs += 1
        runner.hits += bool(answer.signals)
        for signal in answer.signals:
            weight = runner.weights[signal.name] * signal.factor
            told = label.told.get(signal.name, {})
            of_plugin = (label.across_members, told, label.statistical, label.evidence)
            seen.append(Seen(signal, label.name, label.version, weight, *of_plugin))
        if answer.why is not None:
            failures.append(Failure(label.name, answer.why, label.on_error, label.across_members or answer.across))
            self._complain(runner, answer.why)
        return answer

    def _failure(self, name: str, why: str) -> Failure:
        """One of the first look; what its silence means is told by its class."""
        label = self._labels.get(name)
        return Failure(name, why) if label is None else Failure(name, why, label.on_error, label.across_members)

    def _of_core(self, signal: Signal) -> Seen:
        weight = self._rules.weights.get(signal.name, CORE_SIGNALS[signal.name])
        return Seen(signal, CORE, "1", weight * signal.factor, told=CORE_TOLD.get(signal.name, {}))

    def _complain(self, runner: _Runner, why: str) -> None:
        """Log the first failures of a plugin: one that always fails must not fill the disk."""
        runner.errors += 1
        if runner.errors & (runner.errors - 1) == 0:
            self._log.error("plugin failed", plugin=runner.label.name, why=why, times=runner.errors)


def _label(plugin: Plugin[Any] | Foreign) -> Label:
    return plugin.label if isinstance(plugin, Foreign) else Label.of(plugin)


def _why_there(plugin: Plugin[Any] | Foreign) -> str:
    return plugin.reason if isinstance(plugin, Foreign) else ""


def _named(plugin: Plugin[Any] | Foreign) -> tuple[str, str, str]:
    """Where it runs changes nothing about what it decides."""
    if isinstance(plugin, Foreign):
        return plugin.label.name, plugin.label.version, plugin.checked
    return plugin.name, plugin.version, plugin.options.model_dump_json()


def _weights(label: Label, rules: Rules) -> dict[str, float]:
    """Negative weights are the core's alone: a plugin cannot talk a message free."""
    return {name: max(0.0, rules.weights.get(name, weight)) for name, weight in label.signals.items()}


def _state(runner: _Runner) -> PluginState:
    label, place = runner.label, runner.place
    return PluginState(
        label.name, label.version, label.stage, "worker" if isinstance(place, Process) else "inline", dict(runner.weights),
        runner.runs, runner.hits, runner.errors, runner.latency.mean_us, place.note or runner.why_there, place.state,
        place.restarts, place.breaker, runner.latency.within_us(0.99), label.deadline_ms, runner.options,
    )  # fmt: skip
