"""Verdicts: what is judged, what plugins saw in it, and the one decision made of that.

Plugins give signals, never actions. A decision is a value: it names the rules, the versions and the weights it was made with,
so that it can be explained and made again. It holds no text of the member, only reasons and places.
"""

import hashlib
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal

from relay.core.headroom import HeadroomRules
from relay.core.raid import RaidRules
from relay.core.trust import TrustRules

OnError = Literal["hold", "flag", "pass"]

CORE = "core"  # the source of the relay's own signals
COMPOSITE = "composite"  # the source of those that the configuration puts together
CORE_SIGNALS = {
    "core.size": 5.0,
    "core.trusted": -1.0,
    "core.raid": 5.0,
}  # held by itself; one insult of a trusted member stays below a flag; held in silence
CORE_TOLD = {
    "core.size": {"en": "it is too large to be checked", "de": "sie ist zu groß, um geprüft zu werden"},
    "core.trusted": {"en": "a trusted member wrote it", "de": "sie ist von einem Mitglied, dem wir vertrauen"},
}
KINDS_TO_REJECT = 2  # one source of evidence alone is wrong too often to take a message away from staff
WORDING = "wording"  # the kind of all that weighs words, lists and models: the same insult makes each of them speak


class Action(StrEnum):
    """What becomes of a message, mildest first."""

    ALLOW = "allow"
    FLAG = "flag"
    NUDGE = "nudge"
    HOLD = "hold"
    REJECT = "reject"
    DISCARD = "discard"

    @property
    def severity(self) -> int:
        """Its place in the order from allow (0) to discard (5)."""
        return _ORDER[self]


_ORDER = {action: place for place, action in enumerate(Action)}


@dataclass(frozen=True, slots=True)
class Signal:
    """What a plugin saw.

    `factor` grades it from 0 to 1; `reason` is one sentence for staff that never quotes the message; `start` and `end` give the
    place in the raw text. A `hard` signal is certain by itself: it may reject without a second kind of evidence.
    """

    name: str
    factor: float = 1.0
    reason: str = ""
    start: int | None = None
    end: int | None = None
    hard: bool = False


@dataclass(frozen=True, slots=True)
class Seen:
    """A signal with its source.

    `weight` is the effective one, factor included; `across` says it rests on other members too; `told` is what a rejected
    member reads of it, by language; `statistical` says that a model guessed it. `evidence` is the kind that the plugin names,
    empty for its own; `rests_on` are the kinds beneath a composite.
    """

    signal: Signal
    plugin: str
    version: str
    weight: float
    across: bool = False
    told: Mapping[str, str] = field(default_factory=dict)
    statistical: bool = False
    evidence: str = ""
    rests_on: Sequence[str] = ()

    @property
    def kinds(self) -> Sequence[str]:
        """What counts as one kind of evidence: a plugin, or all that look at the same thing. A composite is none of its own."""
        return self.rests_on or (WORDING if self.statistical else self.evidence or self.plugin,)

    @property
    def is_certain(self) -> bool:
        """Whether it may reject alone: a guess never may."""
        return self.signal.hard and not self.statistical


@dataclass(frozen=True, slots=True)
class Failure:
    """A plugin that gave no usable answer, and what its silence means."""

    plugin: str
    why: str
    on_error: OnError = "hold"
    across: bool = False


@dataclass(frozen=True, slots=True)
class MemberFacts:
    """What judging may know of a member: `approved` counts messages, not too short, that staff or the relay let through.

    `known` says that the company keeps attributes of them. `trusted` is worked out of these and the time, unless given.
    `headroom` says how fast they may write, 1 being the rule.
    """

    id: str
    joined_at: datetime
    approved: int = 0
    trusted: bool = False
    known: bool = False
    headroom: float = 1.0


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that came with a message; `media_type` is the sniffed one, `digest` the SHA-256 of its bytes in hex."""

    name: str
    media_type: str
    size: int
    digest: str = ""


@dataclass(frozen=True, slots=True)
class Submission:
    """One message on its way to staff; `community` is the slug."""

    id: str
    community: str
    member: MemberFacts
    channel: str
    text: str
    at: datetime
    reply_to: Literal["post", "message"] | None = None
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True, slots=True)
class Composite:
    """Signals that give another one together: all of `all_of`, at least one of `any_of`, none of `none_of`.

    `instead` takes the weight of its parts away; `told` is what a rejected member reads of it, by language.
    """

    name: str
    weight: float
    all_of: tuple[str, ...] = ()
    any_of: tuple[str, ...] = ()
    none_of: tuple[str, ...] = ()
    instead: bool = False
    reason: str = ""
    told: Mapping[str, str] = field(default_factory=dict)

    @property
    def signal(self) -> str:
        """The name of the signal that it gives."""
        return f"{COMPOSITE}.{self.name}"

    @property
    def signals(self) -> tuple[str, ...]:
        """Every signal that it names."""
        return (*self.all_of, *self.any_of, *self.none_of)

    def parts(self, names: AbstractSet[str]) -> AbstractSet[str]:
        """Those among `names` that make it hold; empty when it does not."""
        some = names & set(self.any_of)
        if names & set(self.none_of) or (self.any_of and not some) or not names >= set(self.all_of):
            return frozenset()
        return {*self.all_of, *some}


@dataclass(frozen=True, slots=True)
class Rules:
    """Thresholds on the score, and weights that replace those of the plugins; `nudge` and `discard` are off while None.

    `most_statistical` is what all statistical signals of a message add to its score at most.
    """

    flag: float = 2.5
    hold: float = 5.0
    reject: float = 8.0
    nudge: float | None = None
    discard: float | None = None
    weights: Mapping[str, float] = field(default_factory=dict)
    most_statistical: float = 6.0
    composites: tuple[Composite, ...] = ()
    trust: TrustRules = field(default_factory=TrustRules)
    headroom: HeadroomRules = field(default_factory=HeadroomRules)
    raid: RaidRules = field(default_factory=RaidRules)

    @property
    def thresholds(self) -> dict[str, float]:
        """The switched-on thresholds by action, as a decision records them."""
        named = {
            "flag": self.flag,
            "nudge": self.nudge,
            "hold": self.hold,
            "reject": self.reject,
            "discard": self.discard,
        }
        return {action: limit for action, limit in named.items() if limit is not None}


@dataclass(frozen=True, slots=True)
class Decision:
    """What the relay made of all signals.

    `own` is what the member's own message alone brings about; None stands for `action`. `failures` are (plugin, why).
    `rule_set` is the digest of rules, plugin versions and options; `checking` says that slow plugins have yet to look.
    """

    action: Action
    score: float
    signals: tuple[Seen, ...] = ()
    failures: tuple[tuple[str, str], ...] = ()
    rule_set: str = ""
    thresholds: Mapping[str, float] = field(default_factory=dict)
    took_us: int = 0
    automated: bool = True
    own: Action | None = None
    checking: bool = False

    @property
    def by_itself(self) -> Action:
        """What it would be if nobody else had written anything."""
        return self.own or self.action

    @property
    def silent(self) -> bool:
        """Whether evidence across members made it stricter than the member's own message: then the member is told nothing."""
        return self.by_itself is not self.action


@dataclass(frozen=True, slots=True)
class RuleSet:
    """Rules together with the digest that names them in every decision."""

    rules: Rules
    digest: str


def rule_set(rules: Rules, plugins: Sequence[tuple[str, str, str]]) -> RuleSet:
    """Name `rules` and the (name, version, options as JSON) of `plugins` by one digest of 16 hex characters."""
    parts = (
        [(action, float(limit)) for action, limit in rules.thresholds.items()],
        sorted((name, float(weight)) for name, weight in rules.weights.items()),
        float(rules.most_statistical),
        sorted(rules.composites, key=lambda composite: composite.name),
        (rules.trust, rules.headroom, rules.raid),
        sorted(plugins),
    )
    return RuleSet(rules, hashlib.sha256(repr(parts).encode("utf-8", "backslashreplace")).hexdigest()[:16])


def decide(seen: Sequence[Seen], failures: Sequence[Failure], by: RuleSet, took_us: int = 0) -> Decision:
    """Make one decision.

    The score is the sum of effective weights; negative ones (from the core alone) never offset a hard signal. Reject needs two
    kinds of evidence (word lists and models together are one) or one hard signal that is no model's guess. A failure acts as
    its plugin asked, whatever the score. What the member's own message brings about stands as it is; evidence across members
    can only add a silent flag or a silent hold.
    """
    own = _action([s for s in seen if not s.across], [f for f in failures if not f.across], by.rules)
    action = own
    if own.severity < Action.NUDGE.severity:
        full = _action(seen, failures, by.rules)
        action = Action.HOLD if full.severity >= Action.NUDGE.severity and full is not own else full
    return Decision(
        action=action,
        score=score_of(seen, by.rules),
        signals=tuple(seen),
        failures=tuple((failure.plugin, failure.why) for failure in failures),
        rule_set=by.digest,
        thresholds=by.rules.thresholds,
        took_us=took_us,
        own=own,
    )


def score_of(seen: Sequence[Seen], rules: Rules) -> float:
    """Sum the effective weights, never below what the hard signals alone amount to, never below zero; guesses are capped."""
    total = 0.0
    hard = 0.0
    guessed = 0.0
    for each in seen:
        if each.statistical:
            guessed += each.weight
            continue
        total += each.weight
        if each.signal.hard:
            hard += each.weight
    total += min(guessed, rules.most_statistical)
    return round(max(total, hard, 0.0), 6)


def _action(seen: Sequence[Seen], failures: Sequence[Failure], rules: Rules) -> Action:
    if not seen and not failures:
        return Action.ALLOW
    action = _by_score(score_of(seen, rules), rules)
    if action.severity > Action.HOLD.severity and not _may_reject(seen):
        action = Action.HOLD
    for failure in failures:
        floor = _FLOORS[failure.on_error]
        if floor.severity > action.severity:
            action = floor
    return action


_FLOORS: Mapping[OnError, Action] = {"hold": Action.HOLD, "flag": Action.FLAG, "pass": Action.ALLOW}


def _by_score(score: float, rules: Rules) -> Action:
    reached = [Action(name) for name, limit in rules.thresholds.items() if score >= limit]
    return max(reached, key=lambda action: action.severity, default=Action.ALLOW)


def _may_reject(seen: Sequence[Seen]) -> bool:
    kinds = {kind for each in seen if each.weight > 0 for kind in each.kinds}
    return len(kinds) >= KINDS_TO_REJECT or any(each.is_certain and each.weight > 0 for each in seen)
