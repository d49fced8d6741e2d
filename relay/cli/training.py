"""`relay moderation train-offence`: makes the weights of the plugin `offence` from labelled texts, the same file each time."""

import hashlib
import html
import json
import random
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click

from relay.cli.screen import Screen
from relay.cli.shape import Command, Exit, Failure
from relay.core.additive import Shape, words_of
from relay.core.learning import Figures, Sample, figures, folds_of, learn, sample, unseen
from relay.core.text import Tables, fold
from relay.core.weights import FOR_LANGUAGE, LANGUAGES, TONGUE, packed
from relay.lexicon import load_tables

SHAPE = Shape(shortest=3, longest=5, bits=20)
TONGUE_SHAPE = Shape(shortest=2, longest=3, bits=16, pairs=False)
SEED = 0
MADE_BY = "relay moderation train-offence FOLDER plugins/offence.weights"
LABELS = {"offence": True, "other": False}
UNKNOWN = ("not known to this relay", "ask who gave the file")
SOURCES = {
    "aaec41da1bde9ad97c51c4000b64f8d3566bc8dc3ed6a247dfd6b6a2325079b3": (
        "GermEval 2018 shared task on the identification of offensive language, training part (Wiegand, Siegel, Ruppenhofer)",
        "CC BY 4.0, https://creativecommons.org/licenses/by/4.0/",
    ),
    "2af62b580cac38ebc2e2c1cc12c60766294ff7308fe6885f4618238c7d819ea5": (
        "Automated Hate Speech Detection and the Problem of Offensive Language (Davidson, Warmsley, Macy, Weber 2017)",
        "MIT, Copyright (c) 2017 Tom Davidson",
    ),
}
"""(where from, licence) of files that are known, by their SHA-256."""


@dataclass(frozen=True, slots=True)
class Data:
    """One file, read."""

    about: Mapping[str, Any]
    words: list[list[str]]
    labels: list[bool]


@click.command(
    "train-offence",
    cls=Command,
    examples=[
        "relay moderation train-offence data plugins/offence.weights",
        "relay moderation train-offence data /var/tmp/own.weights --json | jq .macro_f1",
    ],
)
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.argument("out", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--folds", type=click.IntRange(2, 20), default=5, show_default=True, help="parts for cross-validation")
@click.option("--json", "as_json", is_flag=True, help="JSON, one object a line")
def train_offence(folder: Path, out: Path, folds: int, *, as_json: bool) -> None:
    """Make the weights of the plugin `offence`, and say what they are worth.

    FOLDER holds offence-de.jsonl and offence-en.jsonl, JSON lines {"text", "label"} with the labels offence and other. It takes
    some minutes and one processor. The figures are those of cross-validation: each part is judged by a model that has
    learned from the others alone. The same texts give the same file.
    """
    screen = Screen(as_json=as_json)
    tables = load_tables()
    data = {language: read(folder / f"offence-{language}.jsonl", tables) for language in LANGUAGES}
    models, rows = {}, []
    for name, samples, shape in _tasks(data):
        screen.say(f"{name}: {len(samples)} texts")
        seen = _validated(samples, shape, folds, screen)
        models[name] = learn(samples, shape, SEED, seen.slope)
        rows.append({"model": name, **_rounded(seen)})
    about = {"made_by": MADE_BY, "data": [each.about for each in data.values()], "cross_validation": rows}
    out.write_bytes(packed(about, models))
    screen.many(
        rows,
        ("model", "texts", "macro_f1", "recall", "false_alarms", "recall_at_one", "certainty_at_one"),
        "There is nothing to learn from.",
    )
    screen.say(f"{out} is written.")


def _tasks(data: Mapping[str, Data]) -> Iterator[tuple[str, list[Sample], Shape]]:
    """(name, samples, shape) of each model."""
    for language, texts in data.items():
        pairs = zip(texts.words, texts.labels, strict=True)
        yield language, [sample(words, SHAPE, is_so=label) for words, label in pairs], SHAPE
    german, english = (data[language].words for language in LANGUAGES)
    many = min(len(german), len(english))
    chance = random.Random(SEED)  # noqa: S311 - repeatable, no secret
    both = [(words, True) for words in chance.sample(german, many)] + [(words, False) for words in chance.sample(english, many)]
    yield TONGUE, [sample(words[:FOR_LANGUAGE], TONGUE_SHAPE, is_so=label) for words, label in both], TONGUE_SHAPE


def _validated(samples: list[Sample], shape: Shape, folds: int, screen: Screen) -> Figures:
    parts = folds_of(len(samples), folds, random.Random(SEED))  # noqa: S311 - repeatable, no secret
    held_out = []
    try:
        for number, part in enumerate(unseen(samples, shape, parts), 1):
            held_out.append(part)
            screen.say(f"  part {number} of {folds}")
    except ValueError as error:
        raise Failure(f"{error}: give more of both labels, or fewer --folds.", Exit.USAGE) from None
    return figures(held_out)


def read(path: Path, tables: Tables) -> Data:
    """Labelled texts of one language. Raises Failure, which says what is wrong with the file and in which line."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise Failure(f'{path}: {error.strerror}. It should hold JSON lines {{"text", "label"}}.', Exit.USAGE) from None
    words, labels = [], []
    for number, line in enumerate(raw.splitlines(), 1):
        match _object(line):
            case {"text": str(text), "label": "offence" | "other" as label}:
                words.append(words_of(fold(html.unescape(text), tables)))
                labels.append(LABELS[label])
            case _:
                why = 'a JSON object with a "text" and the "label" offence or other was expected'
                raise Failure(f"{path}: line {number}: {why}.", Exit.USAGE)
    if set(labels) != set(LABELS.values()):
        raise Failure(f"{path}: texts of both labels, offence and other, are needed.", Exit.USAGE)
    digest = hashlib.sha256(raw).hexdigest()
    source, licence = SOURCES.get(digest, UNKNOWN)
    about = {"file": path.name, "texts": len(words), "from": source, "licence": licence, "sha256": digest}
    return Data(about, words, labels)


def _object(line: bytes) -> object:
    try:
        return json.loads(line)
    except ValueError:
        return None


def _rounded(seen: Figures) -> dict[str, Any]:
    by_fold = [round(value, 4) for value in seen.by_fold]
    return {**{name: round(value, 4) for name, value in asdict(seen).items() if name != "by_fold"}, "by_fold": by_fold}
