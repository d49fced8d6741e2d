"""The comparison of two views, how many programs are tried, and what a difference looks like."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest

from hypothesis import HealthCheck, Phase, settings

from tests.proof.acts import Program


class InterferenceError(AssertionError):
    """LOW's view depends on HIGH."""


@dataclass(frozen=True, slots=True)
class Views:
    """What LOW saw of one program in either world, and which acts of anybody broke."""

    with_high: Sequence[str]
    without: Sequence[str]
    broken: Sequence[str]


def compare(program: Program, views: Views) -> None:
    """Raises InterferenceError at the first difference, AssertionError where an act broke."""
    with_high = views.with_high
    for number, (seen, expected) in enumerate(zip_longest(with_high, views.without, fillvalue="(nothing)")):
        if seen != expected:
            shown = "\n".join(f"    {line}" for line in with_high[max(0, number - 3) : number])
            raise InterferenceError(
                f"LOW's view depends on HIGH\n{program}\nLOW saw, before the difference:\n{shown}\n"
                f"with HIGH:    {seen}\nwithout HIGH: {expected}"
            )
    assert list(views.broken) == [], program


def effort(examples: int) -> settings:
    """So many programs; RELAY_EXAMPLES takes fewer, and then a difference is shown as it was found."""
    fewer = os.environ.get("RELAY_EXAMPLES")
    return settings(
        max_examples=int(fewer) if fewer else examples,
        phases=(Phase.generate,) if fewer else (Phase.explicit, Phase.generate, Phase.shrink),
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        print_blob=True,
    )
