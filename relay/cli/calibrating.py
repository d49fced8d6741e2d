"""`relay moderation calibrate`: from which certainty on `offence` should speak, by an operator's own messages."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import IO, Any

import click
from pydantic import BaseModel, ValidationError

from relay.cli.screen import Screen
from relay.cli.shape import Command, Exit, Failure
from relay.configuration import shipped
from relay.core.calibration import One, curve, enough, point, proposal
from relay.core.text import fold
from relay.core.weights import LANGUAGES, Weights, WeightsError
from relay.lexicon import load_tables
from relay.wording import in_words

OFFENCE = ("offence", "rejected")
CLEAN = ("other", "delivered")
NAMES = {"de": "German", "en": "English"}


class _Line(BaseModel):
    text: str
    label: str | None = None
    language: str | None = None


@click.command(
    "calibrate",
    cls=Command,
    examples=[
        "relay moderation calibrate messages.jsonl",
        "relay moderation calibrate --false-alarms 0.002 messages.jsonl",
        "relay moderation calibrate --json messages.jsonl | jq .proposal",
    ],
)
@click.option(
    "--false-alarms",
    "rate",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    default=0.01,
    show_default=True,
    help="share of clean messages that may get a mark",
)
@click.option("--json", "as_json", is_flag=True, help="JSON, one object a line")
@click.argument("file", type=click.File("rb"), default="-")
def calibrate(file: IO[bytes], rate: float, *, as_json: bool) -> None:
    """Show what thresholds of the plugin `offence` would do to your own messages, and propose some.

    FILE holds JSON lines {"text", "label"?, "language"?}. The label is offence or rejected, other or delivered; without labels
    all messages count as clean, which asks for a threshold that is rather too high. The thresholds of one audience do not fit
    another: take some hundred messages of your own. What is written can stand in the configuration as it is, the curve in
    comments. FILE is - for standard input; nothing of it is kept.
    """
    messages = _judged(file)
    if not any(messages.values()):
        raise Failure("There is no message in a language that the plugin knows: give JSON lines with a text.", Exit.USAGE)
    found = [_of_language(language, ones, rate) for language, ones in messages.items() if ones]
    if as_json:
        Screen(as_json=True).many(found, (), "")
        return
    for one in found:
        click.echo("\n".join(_shown(one, rate)))
    click.echo("\n".join(_table(found)))


def _judged(lines: Iterable[bytes]) -> dict[str, list[One]]:
    path, tables = shipped("plugins") / "offence.weights", load_tables()
    try:
        weights = Weights.read(path.read_bytes(), str(path))
    except (OSError, WeightsError) as error:
        raise Failure(str(error)) from None
    messages: dict[str, list[One]] = {language: [] for language in LANGUAGES}
    for line, is_offence in _read(lines):
        judged = weights.judge(fold(line.text, tables), line.language)
        if judged is not None:
            messages[judged.language].append(One(judged.certainty, is_offence))
    return messages


def _read(lines: Iterable[bytes]) -> Iterator[tuple[_Line, bool | None]]:
    for number, raw in enumerate(lines, 1):
        if not raw.strip():
            continue
        try:
            line = _Line.model_validate_json(raw)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = "".join(f"{name}: " for name in first["loc"][:1])
            raise Failure(f"line {number}: {where}{in_words(first, table='an object')}", Exit.USAGE) from None
        yield line, _is_offence(line.label, number)


def _is_offence(label: str | None, number: int) -> bool | None:
    if label is None or label in OFFENCE or label in CLEAN:
        return None if label is None else label in OFFENCE
    known = ", ".join((*OFFENCE, *CLEAN))
    raise Failure(f"line {number}: label: {label!r} is unknown; there are: {known}", Exit.USAGE)


def _of_language(language: str, messages: list[One], rate: float) -> dict[str, Any]:
    threshold = proposal(messages, rate)
    clean = sum(not one.is_offence for one in messages)
    return {
        "language": language,
        "messages": len(messages),
        "labelled": sum(one.is_offence is not None for one in messages),
        "offence": sum(one.is_offence is True for one in messages),
        "is_enough": clean >= enough(rate),
        "curve": [_rounded(asdict(each)) for each in curve(messages)],
        "option": f"threshold_{language}",
        "proposal": None if threshold is None else _rounded(asdict(point(messages, threshold))),
    }


def _rounded(figures: Mapping[str, float | None]) -> dict[str, float | None]:
    return {name: None if value is None else round(value, 4) for name, value in figures.items()}


def _shown(found: Mapping[str, Any], rate: float) -> Iterator[str]:
    """The curve of a language, in comments."""
    labels = f"{found['labelled']} with a label, {found['offence']} of them offence" if found["labelled"] else "without labels"
    yield f"# {NAMES[found['language']]}: {found['messages']} messages, {labels}"
    if not found["labelled"]:
        yield "# Nobody has said which of them are offence, so each mark counts as a false alarm."
    if not found["is_enough"]:
        yield f"# These are few: it takes {enough(rate)} clean messages to say something about a share of {rate:.3g}."
    yield "# threshold   marks of all   of the clean   of offence"
    for row in found["curve"]:
        shares = (_share(row["flagged"]), _share(row["false_alarms"]), _share(row["recall"]))
        yield "# {:<9g} {:>14} {:>14} {:>12}".format(row["threshold"], *shares).rstrip()
    yield ""


def _table(found: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """For the configuration; what cannot be proposed stands in it as a comment."""
    yield "# As soon as one plugin has a table, only those with one run: name [plugins.words] and the others beside it."
    yield "[plugins.offence]"
    for one in found:
        if one["proposal"] is None:
            yield f"# {one['option']}: even the highest threshold marks more than that; leave the language out"
            continue
        recall = one["proposal"]["recall"]
        finds = "" if recall is None else f", finds {_share(recall)} of the offence"
        alarms = _share(one["proposal"]["false_alarms"])
        yield f"{one['option']} = {one['proposal']['threshold']:g}  # marks {alarms} of the clean messages{finds}"


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.1%}"
