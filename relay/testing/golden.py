"""Golden texts: many texts and the signals that a plugin shall give for each, as JSON lines in NAME.texts.jsonl beside it.

A line is {"text": "...", "signals": ["shouting.capitals"]}; other keys, such as a note, are kept. A line without `signals`
waits for `relay plugin test --update`, which writes what the plugin gives and shows what that changes.
"""

import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from relay.plugin import Plugin

TEXTS = ".texts.jsonl"


class TextsError(ValueError):
    """A line that cannot be read; the message names file, line and what to do."""


@dataclass(frozen=True, slots=True)
class Golden:
    """One line; `signals` is None while nobody has said them, `rest` what else stands there."""

    text: str
    signals: frozenset[str] | None
    line: int
    rest: tuple[tuple[str, Any], ...] = ()

    def says(self, signals: Iterable[str]) -> "Golden":
        return replace(self, signals=frozenset(signals))


def beside(plugin: type[Plugin[Any]]) -> Path | None:
    """Where the texts of this plugin are kept, whether or not there are any; None for a class without a file of its own."""
    file = getattr(sys.modules.get(plugin.__module__), "__file__", None)
    return Path(file).with_name(plugin.name + TEXTS) if file else None


def read(path: Path) -> list[Golden]:
    """All lines but empty ones. Raises TextsError, OSError."""
    lines = path.read_bytes().split(b"\n")
    return [_golden(raw, f"{path.name}:{number}", number) for number, raw in enumerate(lines, 1) if raw.strip()]


def write(path: Path, lines: Sequence[Golden]) -> None:
    """All at once, or nothing."""
    text = "".join(_line(each) + "\n" for each in lines)
    new = path.with_name(path.name + ".new")
    new.write_text(text, encoding="utf-8")
    new.replace(path)


def _line(each: Golden) -> str:
    said = {} if each.signals is None else {"signals": sorted(each.signals)}
    return json.dumps({"text": each.text, **said, **dict(each.rest)}, ensure_ascii=False)


def _golden(raw: bytes, where: str, number: int) -> Golden:
    said: Any
    try:
        said = json.loads(raw)
    except ValueError:
        said = None
    match said:
        case {"text": str(text), **rest}:
            signals = rest.pop("signals", None)
        case _:
            raise TextsError(f'{where}: is no line like {{"text": "...", "signals": ["name.what"]}}')
    if not text.isascii() and text.encode("utf-8", "replace").decode() != text:
        raise TextsError(f"{where}: text: holds half of a character, which no message can")
    if signals is not None and not (isinstance(signals, list) and all(isinstance(one, str) for one in signals)):
        raise TextsError(f'{where}: signals: write them as a list, such as ["name.what"], and [] for none')
    return Golden(
        text, None if signals is None else frozenset(signals), number, tuple((str(key), value) for key, value in rest.items())
    )
