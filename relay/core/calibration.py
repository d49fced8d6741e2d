"""Calibration: from which certainty on a model may speak, worked out on an operator's own messages."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

STEPS = (0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.92, 0.94, 0.95, 0.96, 0.97, 0.98, 0.99, 0.995, 0.999)
LEAST, MOST = 0.501, 0.999  # what a threshold can be
ALARMS = 5  # false alarms that are to be expected before their share says much


@dataclass(frozen=True, slots=True)
class One:
    """How certain the model is of one message, and whether it was offence; None while nobody has said, which counts as no."""

    certainty: float
    is_offence: bool | None = None


@dataclass(frozen=True, slots=True)
class Point:
    """What a threshold would do: shares of all, of the clean ones, and of offence; None where there is none of these."""

    threshold: float
    flagged: float
    false_alarms: float | None
    recall: float | None


def point(messages: Sequence[One], threshold: float) -> Point:
    clean = [one.certainty for one in messages if not one.is_offence]
    found = [one.certainty for one in messages if one.is_offence]
    return Point(
        threshold,
        _share([one.certainty for one in messages], threshold) or 0.0,
        _share(clean, threshold),
        _share(found, threshold),
    )


def curve(messages: Sequence[One]) -> list[Point]:
    return [point(messages, threshold) for threshold in STEPS]


def proposal(messages: Sequence[One], rate: float) -> float | None:
    """The lowest threshold, in thousandths, that suspects at most `rate` of the clean messages.

    None when even the highest one suspects more, or when there are no clean messages.
    """
    clean = sorted((one.certainty for one in messages if not one.is_offence), reverse=True)
    if not clean:
        return None
    allowed = int(len(clean) * rate + 1e-9)
    if allowed >= len(clean):
        return LEAST
    threshold = max(LEAST, (math.floor(clean[allowed] * 1000) + 1) / 1000)
    return threshold if threshold <= MOST else None


def enough(rate: float) -> int:
    """How many clean messages it takes until the share of false alarms says something."""
    return math.ceil(ALARMS / rate)


def _share(certainties: Sequence[float], threshold: float) -> float | None:
    return sum(one >= threshold for one in certainties) / len(certainties) if certainties else None
