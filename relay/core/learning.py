"""Learning: an additive model from labelled texts, the same one each time, and what it is worth on texts it has not seen.

The weights are those of a linear support vector machine with squared hinge loss, found by dual coordinate descent (Hsieh et
al. 2008), in which every feature is scaled by how differently the classes use it (Wang and Manning 2012) and how rare it is.
Both classes weigh alike, so that a margin of 0 is the balanced point whatever their shares are.
"""

import math
import random
from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add

from relay.core.additive import Additive, Shape, length_of, logistic, spelled

RARE = 2  # texts that must hold a feature before it counts
PASSES = 30  # over all texts at most; about a third of them are needed
SETTLED = 0.1  # the largest step of a pass at which it ends
SIDE = 127  # the largest number of the table
CLOSE = 1e-9  # steps of the slope at which it is found
FLATTEST, STEEPEST = 0.01, 100.0  # slopes; classes that a model tells apart without a fault would make it endless
ONE_IN = 100  # false alarms that are reported are one in so many
STRONGEST = 0.9995  # share of the weights that fit in the table; those beyond are cut to its largest number


@dataclass(frozen=True, slots=True)
class Tuning:
    """What is chosen for a kind of texts.

    `shared` is what a feature counts that both classes use alike, beside how differently they use it; `slack` is how much a
    text on the wrong side costs.
    """

    shared: float = 0.25
    slack: float = 0.3


@dataclass(frozen=True, slots=True)
class Sample:
    """One labelled text: the places of all its features, by what their sum is divided, and whether it is of the class."""

    places: "array[int]"
    length: float
    is_so: bool


def sample(words: Sequence[str], shape: Shape, *, is_so: bool) -> Sample:
    distinct = dict.fromkeys(words)
    places = array("I", sorted(shape.of_pairs(map(spelled, words))) if shape.pairs else ())
    for word in distinct:
        places.extend(shape.of_word(word))
    return Sample(places, length_of(len(distinct)), is_so)


@dataclass(slots=True)
class _Row:
    numbers: list[int]  # of its features among those that count
    scale: float  # one divided by the length of the text
    sign: int
    square: float  # of its length as a vector, on average 1 for all, and 1 for the constant feature: one slack fits all
    slack: float
    alpha: float = 0.0


def learn(samples: Sequence[Sample], shape: Shape, seed: int = 0, slope: float = 1.0, tuning: Tuning = Tuning()) -> Additive:
    """Raise ValueError when there are no texts of one of the classes."""
    many = Counter(each.is_so for each in samples)
    if len(many) != len((True, False)):
        raise ValueError("learning takes texts of both classes")
    squares = _squares(samples, many, tuning.shared)
    numbers = {place: number for number, place in enumerate(squares)}
    rows = [_row(each, squares, numbers, tuning.slack * len(samples) / (2 * many[each.is_so])) for each in samples]
    mean = sum(row.square for row in rows) / len(rows) or 1.0
    for row in rows:
        row.square = row.square / mean + 1
    scaled = [square / mean for square in squares.values()]
    weights, bias = _descend(rows, scaled, random.Random(seed))  # noqa: S311 - repeatable, no secret
    return _small(dict(zip(numbers, weights, strict=True)), shape, bias, slope)


def _squares(samples: Sequence[Sample], many: Counter[bool], shared: float) -> dict[int, float]:
    """The square of each feature's scale, by its place; without those that are too rare."""
    counts: dict[bool, Counter[int]] = {True: Counter(), False: Counter()}
    for each in samples:
        counts[each.is_so].update(set(each.places))
    used = sorted(counts[True].keys() | counts[False].keys())
    shift = math.log((counts[False].total() + len(used)) / (counts[True].total() + len(used)))
    texts, squares = sum(many.values()), {}
    for place in used:
        yes, no = counts[True][place], counts[False][place]
        if yes + no >= RARE:
            rarity = math.log((1 + texts) / (1 + yes + no)) + 1
            ratio = math.log((yes + 1) / (no + 1)) + shift
            squares[place] = (rarity * (shared + abs(ratio))) ** 2
    return squares


def _row(each: Sample, squares: dict[int, float], numbers: dict[int, int], slack: float) -> _Row:
    places = [place for place in each.places if place in squares]
    square = 0.0
    for place, times in Counter(places).items():
        square += times * times * squares[place]
    square /= each.length * each.length
    return _Row([numbers[place] for place in places], 1 / each.length, 1 if each.is_so else -1, square, slack)


def _descend(rows: list[_Row], squares: list[float], chance: random.Random) -> tuple[list[float], float]:
    """The weight of each feature, its scale included, and the bias."""
    weights, bias = [0.0] * len(squares), 0.0
    order, weight_of = list(rows), weights.__getitem__
    for _ in range(PASSES):
        chance.shuffle(order)
        largest = 0.0
        for row in order:
            total = reduce(add, map(weight_of, row.numbers), 0.0)  # sum() rounds otherwise since Python 3.12
            softness = 1 / (2 * row.slack)
            slope = row.sign * (total * row.scale + bias) - 1 + softness * row.alpha
            if row.alpha == 0 and slope >= 0:
                continue
            before, row.alpha = row.alpha, max(row.alpha - slope / (row.square + softness), 0.0)
            step = (row.alpha - before) * row.sign
            largest = max(largest, abs(slope))
            bias += step
            step *= row.scale
            for number in row.numbers:
                weights[number] += step * squares[number]
        if largest < SETTLED:
            break
    return weights, bias


def _small(weights: dict[int, float], shape: Shape, bias: float, slope: float) -> Additive:
    """With weights in whole numbers of one byte."""
    sizes = sorted(abs(weight) for weight in weights.values() if weight)
    unit = (sizes[int(len(sizes) * STRONGEST)] if sizes else 1.0) / SIDE
    table = array("b", bytes(1 << shape.bits))
    for place, weight in weights.items():
        table[place] = max(-SIDE, min(SIDE, round(weight / unit)))
    return Additive(shape, table.tobytes(), unit=unit, bias=bias, slope=slope)


def folds_of(count: int, folds: int, chance: random.Random) -> list[list[int]]:
    """Numbers of texts in `folds` parts."""
    numbers = list(range(count))
    chance.shuffle(numbers)
    return [numbers[len(numbers) * fold // folds : len(numbers) * (fold + 1) // folds] for fold in range(folds)]


def unseen(
    samples: Sequence[Sample], shape: Shape, folds: Sequence[Sequence[int]], tuning: Tuning = Tuning()
) -> Iterator[list[tuple[float, bool]]]:
    """For each fold (margin, whether it is so) of its texts, by a model that has learned from all the others."""
    for fold in folds:
        held_out = set(fold)
        model = learn([each for number, each in enumerate(samples) if number not in held_out], shape, tuning=tuning)
        yield [(_margin(model, samples[number]), samples[number].is_so) for number in fold]


def _margin(model: Additive, each: Sample) -> float:
    return sum(map(model.table.__getitem__, each.places)) * model.unit / each.length + model.bias


@dataclass(frozen=True, slots=True)
class Figures:
    """What models are worth on texts that they have not learned from. Shares are from 0 to 1.

    `recall` and `false_alarms` are those at the balanced point; `recall_at_one` is what is found where one in a hundred
    texts of the other class is suspected, which is at a certainty of `certainty_at_one`.
    """

    texts: int
    macro_f1: float
    by_fold: tuple[float, ...]
    recall: float
    false_alarms: float
    recall_at_one: float
    certainty_at_one: float
    slope: float


def figures(folds: Sequence[Sequence[tuple[float, bool]]]) -> Figures:
    """Of (margin, whether it is so) of every text, by the fold that it was held out in."""
    pairs = [pair for fold in folds for pair in fold]
    slope = slope_of(pairs)
    clean = sorted((margin for margin, is_so in pairs if not is_so), reverse=True)
    found = [margin for margin, is_so in pairs if is_so]
    limit = clean[len(clean) // ONE_IN]
    return Figures(
        texts=len(pairs),
        macro_f1=macro_f1(pairs),
        by_fold=tuple(macro_f1(fold) for fold in folds),
        recall=sum(margin > 0 for margin in found) / len(found),
        false_alarms=sum(margin > 0 for margin in clean) / len(clean),
        recall_at_one=sum(margin > limit for margin in found) / len(found),
        certainty_at_one=logistic(slope * limit),
        slope=slope,
    )


def macro_f1(pairs: Sequence[tuple[float, bool]]) -> float:
    """The mean of both classes' F1 at the balanced point."""
    right = Counter(is_so for margin, is_so in pairs if (margin > 0) is is_so)
    said, are = Counter(margin > 0 for margin, _ in pairs), Counter(is_so for _, is_so in pairs)
    return sum(2 * right[label] / (said[label] + are[label] or 1) for label in (True, False)) / 2


def slope_of(margins: Sequence[tuple[float, bool]]) -> float:
    """The slope of the logistic curve through the balanced point that fits the margins of unseen texts best."""
    many = Counter(is_so for _, is_so in margins)
    slope = 1.0
    for _ in range(50):
        first = second = 0.0
        for margin, is_so in margins:
            share = logistic(slope * margin)
            first += margin * (is_so - share) / many[is_so]
            second += margin * margin * share * (1 - share) / many[is_so]
        step = first / second if second else 0.0
        slope = min(max(slope + step, FLATTEST), STEEPEST)
        if abs(step) < CLOSE:
            break
    return slope
