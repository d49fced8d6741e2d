"""Signal names in a configuration: each has to be one that a plugin gives, or the relay itself."""

import math
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from difflib import get_close_matches

from relay.core.verdict import Composite

WEIGHTS = "moderation.weights"
COMPOSITES = "moderation.composites"


@dataclass(frozen=True, slots=True)
class Known:
    """Default weights by signal; of the `silent` plugins nobody knows which they give, so their signals pass unchecked."""

    defaults: Mapping[str, float]
    silent: AbstractSet[str] = frozenset()

    def unknown(self, signal: str) -> str | None:
        """What is wrong with the name; None when it may be used."""
        if signal in self.defaults or signal.partition(".")[0] in self.silent:
            return None
        near = get_close_matches(signal, self.defaults, 1)
        hint = f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(sorted(self.defaults))}"
        return f"no plugin has such a signal; {hint}"


def faults(weights: Mapping[str, float], composites: Sequence[Composite], known: Known) -> Iterator[tuple[str, str, str]]:
    """Give (table, key, what is wrong with it and what to do)."""
    for signal, weight in weights.items():
        if (what := known.unknown(signal)) is not None:
            yield WEIGHTS, signal, what
        elif not math.isfinite(weight) or weight < 0 <= known.defaults.get(signal, 0.0):
            yield WEIGHTS, signal, "the weight must be a number, 0 or more: 0 makes the signal count for nothing"
    for composite in composites:
        for key, signals in (("all_of", composite.all_of), ("any_of", composite.any_of), ("none_of", composite.none_of)):
            for what in filter(None, map(known.unknown, signals)):
                yield f"{COMPOSITES}.{composite.name}", key, what
