"""Every figure that moderation goes by, in one list: weights, thresholds, caps, composites, trust, headroom, raid mode."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from pydantic import BaseModel

from relay.configuration import ModerationSettings
from relay.core.label import Label
from relay.core.trust import SHORTEST
from relay.core.verdict import COMPOSITE, CORE, CORE_SIGNALS, KINDS_TO_REJECT, Composite

Figure = float | int
_CORE_MEANS: Final[Mapping[str, str]] = {
    "core.size": "the text is too long for plugins",
    "core.trusted": "a member whom their own past speaks for; graded by their trust",
    "core.raid": "raid mode is on, and a content plugin saw something in a stranger's message; rests on other members",
}
_THRESHOLDS: Final = ("flag", "hold", "reject")
_TABLES: Final = ("trust", "headroom", "raid", "ladder")


@dataclass(frozen=True, slots=True)
class Rule:
    """One figure. `default` is what holds where nothing is set, null where there is none; `given_by` is who gives the signal.

    kind: threshold, evidence, cap, signal, composite, trust, headroom, raid, ladder. `told`: what members read of a signal.
    """

    kind: str
    name: str
    value: Figure
    default: Figure | None
    given_by: str
    meaning: str
    told: Mapping[str, str] = field(default_factory=dict)


def listing(moderation: ModerationSettings, plugins: Iterable[tuple[Label, Mapping[str, float]]]) -> Sequence[Rule]:
    """All of them; `plugins` are those that run, each with the weights that hold."""
    return [
        *_set("threshold", moderation, "moderation.", _THRESHOLDS),
        Rule(
            "evidence",
            "kinds_to_reject",
            KINDS_TO_REJECT,
            None,
            CORE,
            "kinds of evidence that reject, as one certain signal does",
        ),
        Rule("evidence", "kinds_of_wording", 1, None, CORE, "what all that weighs words, lists and models, counts as"),
        *_set("cap", moderation, "moderation.", ("most_statistical",)),
        *_signals(moderation, plugins),
        *(_composite(each.value(name)) for name, each in moderation.composites.items()),
        *(rule for table in _TABLES for rule in _set(table, getattr(moderation, table), f"moderation.{table}.")),
        Rule("trust", "shortest", SHORTEST, None, CORE, "letters and digits of a message that earns trust"),
    ]


def _set(kind: str, table: BaseModel, prefix: str, names: Sequence[str] = ()) -> Iterator[Rule]:
    """What the configuration sets in a table, in its own words."""
    for name, each in type(table).model_fields.items():
        if not names or name in names:
            meaning = each.description or ""
            yield Rule(kind, f"{prefix}{name}", getattr(table, name), each.default, CORE, meaning)


def _signals(moderation: ModerationSettings, plugins: Iterable[tuple[Label, Mapping[str, float]]]) -> Iterator[Rule]:
    for name, default in CORE_SIGNALS.items():
        yield Rule("signal", name, moderation.weights.get(name, default), default, CORE, _CORE_MEANS[name])
    for label, weights in plugins:
        marks = [f"stage {label.stage}"]
        marks += ["statistical"] if label.statistical else []
        marks += [f"evidence {label.evidence}"] if label.evidence else []
        marks += ["rests on other members"] if label.across_members else []
        for name, default in label.signals.items():
            told = dict(label.told.get(name, {}))
            said = "; ".join([*([told["en"]] if told else []), *marks])
            yield Rule("signal", name, weights[name], default, f"{label.name} {label.version}", said, told)


def _composite(composite: Composite) -> Rule:
    parts = (("all of", composite.all_of), ("any of", composite.any_of), ("none of", composite.none_of))
    said = [f"{what} {', '.join(signals)}" for what, signals in parts if signals]
    said += ["instead of its parts"] if composite.instead else []
    return Rule("composite", composite.signal, composite.weight, None, COMPOSITE, "; ".join(said))
