"""Offence: what the additive model is worth when its settings, too, are chosen without the texts that it is measured on.

    python -m benchmarks.offence FILE [FOLDS]

Nested cross-validation. FILE holds JSON lines {"text", "label"} with the labels offence and other, all in one language. It is
cut into FOLDS parts (5). For each, the settings are chosen by cross-validation within the others alone, a model learns from
all of these with what was chosen, and the part is judged. Beside it stand the shipped settings over the same parts, and the
floor that calls every text harmless. It takes some hundred trainings, a quarter of an hour of a processor for 5,000 texts, and
prints a row for each part, a table and one JSON line.
"""

import json
import random
import statistics
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path

from relay.cli.training import SEED, SHAPE, read
from relay.core.additive import Shape
from relay.core.learning import Sample, Tuning, folds_of, macro_f1, sample, unseen
from relay.lexicon import load_tables

FOLDS = 5
INNER = 3  # parts within which settings are chosen
PIECES = ((2, 4), (3, 5), (3, 6))
SHARED = (0.25, 1.0)
SLACK = (0.1, 0.3, 1.0)
Pairs = list[tuple[float, bool]]


@dataclass(frozen=True, slots=True)
class Choice:
    """One setting of everything that is chosen."""

    shape: Shape
    tuning: Tuning

    def __str__(self) -> str:
        pairs = "with pairs" if self.shape.pairs else "alone"
        pieces = f"{self.shape.shortest} to {self.shape.longest} letters {pairs}"
        return f"{pieces}, shared {self.tuning.shared:g}, slack {self.tuning.slack:g}"


SHIPPED = Choice(SHAPE, Tuning())


def main(arguments: list[str]) -> None:
    if len(arguments) not in {1, 2} or arguments[0].startswith("-"):
        sys.exit(__doc__)
    folds = int(arguments[1]) if arguments[1:] else FOLDS
    data = read(Path(arguments[0]), load_tables())
    samples = {
        shape: [sample(words, shape, is_so=label) for words, label in zip(data.words, data.labels, strict=True)]
        for shape in {choice.shape for choice in choices()}
    }
    parts = folds_of(len(data.labels), folds, random.Random(SEED))
    nested: list[Pairs] = []
    for part in parts:
        chosen, pairs = judged(samples, part)
        nested.append(pairs)
        print(f"part {len(nested)}: {macro_f1(pairs):.3f}, chosen: {chosen}", flush=True)
    results = {
        "settings chosen without the part": nested,
        "shipped settings": list(unseen(samples[SHAPE], SHAPE, parts, SHIPPED.tuning)),
        "floor: all are harmless": [[(-1.0, is_so) for _, is_so in part] for part in nested],
    }
    show(len(data.labels), results)


def show(texts: int, results: dict[str, list[Pairs]]) -> None:
    print(f"\n{texts} texts, {len(choices())} settings\n\n{'':36}{'macro-F1':>10}{'least':>8}{'most':>8}{'spread':>8}")
    figures = {}
    for name, parts in results.items():
        by_part = [macro_f1(part) for part in parts]
        whole = macro_f1([pair for part in parts for pair in part])
        figures[name] = {"macro_f1": round(whole, 4), "by_part": [round(value, 4) for value in by_part]}
        print(f"{name:36}{whole:>10.3f}{min(by_part):>8.3f}{max(by_part):>8.3f}{statistics.stdev(by_part):>8.3f}")
    print(json.dumps({"benchmark": "offence", "texts": texts, "shipped": asdict(SHIPPED), "results": figures}))


def choices() -> list[Choice]:
    """Every setting that is tried, the shipped ones among them."""
    shapes = [Shape(least, most, SHAPE.bits, pairs) for (least, most), pairs in product(PIECES, (True, False))]
    return [Choice(shape, Tuning(*tuning)) for shape, tuning in product(shapes, product(SHARED, SLACK))]


def judged(samples: dict[Shape, list[Sample]], part: Sequence[int]) -> tuple[Choice, Pairs]:
    """What is chosen without `part`, and what a model that learned with it makes of `part`."""
    held_out = set(part)
    others = [number for number in range(len(samples[SHAPE])) if number not in held_out]
    inner = folds_of(len(others), INNER, random.Random(SEED))
    best = max(choices(), key=lambda choice: within([samples[choice.shape][number] for number in others], choice, inner))
    (pairs,) = unseen(samples[best.shape], best.shape, [part], best.tuning)
    return best, pairs


def within(samples: list[Sample], choice: Choice, folds: Sequence[Sequence[int]]) -> float:
    pairs: Iterator[Pairs] = unseen(samples, choice.shape, folds, choice.tuning)
    return macro_f1([pair for fold in pairs for pair in fold])


if __name__ == "__main__":
    main(sys.argv[1:])
