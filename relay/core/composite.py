"""Composites: signals that mean something else together than each by itself, as configured.

A composite makes no new kind of evidence: it rests on the kinds of its parts, and on models alone it is a guess as they are.
What lies with other members can add a composite that holds silently; it never makes one, or takes one away, of those that the
member's own message brings about.
"""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace

from relay.core.verdict import COMPOSITE, Composite, Seen, Signal


def composed(seen: Sequence[Seen], composites: Sequence[Composite]) -> Sequence[Seen]:
    """What was seen, and the composites that hold; a part that is replaced stays, with no weight."""
    if not composites or not seen:
        return seen
    own = [each for each in seen if not each.across]
    made = [found for each in composites if (found := _made(each, own)) is not None]
    replaced = _replaced(composites, made)
    shown = [_without_weight(each) if not each.across and each.signal.name in replaced else each for each in seen]
    if len(own) < len(seen):
        there = {each.signal.name for each in made}
        more = [_across(_made(each, seen)) for each in composites if each.signal not in there]
        silent = [found for found in more if found is not None]
        replaced = _replaced(composites, silent)
        shown = [_without_weight(each) if each.across and each.signal.name in replaced else each for each in shown]
        made += silent
    return [*shown, *made]


def _made(composite: Composite, seen: Sequence[Seen]) -> Seen | None:
    names = composite.parts({each.signal.name for each in seen})
    if not names:
        return None
    parts = [each for each in seen if each.signal.name in names]
    reason = composite.reason or f"together: {', '.join(sorted(names))}"
    kinds = tuple(dict.fromkeys(kind for each in parts for kind in each.kinds))
    is_guess = all(each.statistical for each in parts)
    return Seen(
        Signal(composite.signal, reason=reason), COMPOSITE, "1", composite.weight,
        told=composite.told, statistical=is_guess, rests_on=kinds,
    )  # fmt: skip


def _across(found: Seen | None) -> Seen | None:
    return found and replace(found, across=True)


def _replaced(composites: Sequence[Composite], made: Sequence[Seen]) -> AbstractSet[str]:
    there = {each.signal.name for each in made}
    return {name for each in composites if each.instead and each.signal in there for name in (*each.all_of, *each.any_of)}


def _without_weight(seen: Seen) -> Seen:
    """What is certain, and what speaks for the member, is never replaced."""
    return seen if seen.is_certain or seen.weight <= 0 else replace(seen, weight=0.0)
