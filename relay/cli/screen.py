"""What a command shows: data on standard output, for people or as JSON; talk on standard error."""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import click

from relay.cli.shape import Exit, Failure

Thing = Mapping[str, Any]

# A member's text must not steer the terminal that it is shown on: controls and marks that turn the direction are taken out.
_STEERING = (*range(0x20), *range(0x7F, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x2028, 0x2029)
_TO_SPACE = dict.fromkeys(_STEERING, " ")
_TO_ESCAPE = {code: f"\\u{code:04x}" for code in _STEERING if code >= 0x7F}  # noqa: PLR2004  json.dumps does those below


class Screen:
    """One command's output."""

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json

    def one(self, thing: Thing) -> None:
        """One thing: a JSON object, or a line for each of its values."""
        if self.as_json:
            click.echo(as_line(thing))
            return
        flat = list(_flat(thing))
        width = max((len(name) for name, _ in flat), default=0)
        for name, value in flat:
            click.echo(f"{click.style(name.ljust(width), dim=True)}  {shown(value)}")

    def many(self, things: Iterable[Thing], columns: Sequence[str], none: str) -> None:
        """A list: a JSON object a line; else a table of the dotted columns, in a pipe tab-separated and without a head."""
        if self.as_json:
            for thing in things:
                click.echo(as_line(thing))
            return
        rows = [[shown(_at(thing, column)) for column in columns] for thing in things]
        if not rows:
            self.say(none)
        elif sys.stdout.isatty():
            _table([[column.rpartition(".")[2].replace("_", " ") for column in columns], *rows])
        else:
            for row in rows:
                click.echo("\t".join(row))

    def say(self, text: str) -> None:
        """Talk; scripts that read the data never see it."""
        click.echo(text, err=True)

    def confirm(self, question: str, *, yes: bool) -> None:
        """Ask before something that cannot be taken back. Raises Failure when nobody can be asked, Abort on a no."""
        if yes:
            return
        if not (sys.stdin.isatty() and sys.stderr.isatty()):
            raise Failure(f"{question} Nobody can be asked here: add --yes to do it.", Exit.USAGE)
        click.confirm(question, abort=True, err=True)


def as_line(thing: object) -> str:
    """JSON on one line, in which nothing can steer a terminal."""
    return json.dumps(thing, ensure_ascii=False, separators=(", ", ": ")).translate(_TO_ESCAPE)


def shown(value: object) -> str:
    """A value for people: nothing for null, one line for any text."""
    if value is None or value in ([], {}):
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(shown(one) for one in value)
    text = json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else str(value)
    return text.translate(_TO_SPACE)


def _at(thing: Thing, column: str) -> object:
    value: Any = thing
    for name in column.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _flat(thing: Thing, before: str = "") -> Iterable[tuple[str, object]]:
    for name, value in thing.items():
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{before}{name}.")
        else:
            yield f"{before}{name}", value


def _table(rows: Sequence[Sequence[str]]) -> None:
    """Columns in line; the last one may be as long as it likes."""
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    for number, row in enumerate(rows):
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        click.echo(click.style(line, bold=True) if number == 0 else line)
