"""A plugin tried on texts: what it sees in each by itself, and what would be decided with the shipped ones beside it.

Each text is judged as the first message of another member, here and not in a worker, with the relay's own weights and
thresholds.
"""

import asyncio
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from pydantic import BaseModel, ValidationError

from relay.configuration import Settings, shipped
from relay.core.verdict import Decision, Rules
from relay.lexicon import load_tables
from relay.loader import Available, Catalogue, Outside, build, catalogue
from relay.pipeline.pipeline import Pipeline
from relay.plugin import Plugin
from relay.testing.moderation import StillClock, started, submission
from relay.wording import in_words


@dataclass(frozen=True, slots=True)
class Tried:
    """One text; `alone` is what the plugin makes of it by itself, `together` what all make of it."""

    text: str
    plugin: str
    alone: Decision
    together: Decision

    @property
    def failure(self) -> str:
        """Why the plugin failed, empty when it did not."""
        return "; ".join(why for _, why in self.alone.failures)

    def as_thing(self) -> dict[str, object]:
        """For JSON."""
        seen = [
            {
                "name": each.signal.name,
                "weight": round(each.weight, 4),
                "factor": each.signal.factor,
                "reason": each.signal.reason,
                "start": each.signal.start,
                "end": each.signal.end,
                "hard": each.signal.hard,
            }
            for each in self.alone.signals
        ]
        return {
            "text": self.text,
            "plugin": self.plugin,
            "signals": seen,
            "failure": self.failure or None,
            "us": self.alone.took_us,
            "alone": _decided(self.alone),
            "together": _decided(self.together),
        }


def _decided(decision: Decision) -> dict[str, object]:
    return {
        "action": decision.action.value,
        "score": round(decision.score, 4),
        "signals": [each.signal.name for each in decision.signals],
        "failures": [name for name, _ in decision.failures],
    }


class _Line(BaseModel):
    """Other fields of a line are let be."""

    text: str


class LineError(ValueError):
    """A line that is no JSON object with a text; the message names its number."""


def texts_in(lines: Iterable[bytes]) -> Iterator[str]:
    """The texts of JSON lines {"text"}. Raises LineError."""
    for number, raw in enumerate(lines, 1):
        if raw.strip():
            try:
                yield _Line.model_validate_json(raw).text
            except ValidationError as error:
                first = error.errors(include_url=False, include_input=False)[0]
                where = "".join(f"{part}: " for part in first["loc"])
                raise LineError(f"line {number}: {where}{in_words(first, table='an object')}") from None


def tried(
    plugin: type[Plugin[Any]], texts: Iterable[str], options: Mapping[str, Any] = MappingProxyType({})
) -> Iterator[Tried]:
    """Try one after another; call it where no event loop runs. Raises PluginError for options that it does not take."""
    tables, clock = load_tables(), StillClock()
    alone = Pipeline([_built(plugin, options)], Rules(), tables, clock)
    together = Pipeline([*_others(plugin), _built(plugin, options)], Rules(), tables, clock)
    with asyncio.Runner() as runner:
        try:
            for pipeline in (alone, together):
                runner.run(_warm(pipeline))
            for number, text in enumerate(texts):
                one = submission(text, f"m{number}")
                yield Tried(text, plugin.name, runner.run(alone.judge(one)), runner.run(together.judge(one)))
        finally:
            for pipeline in (alone, together):
                runner.run(pipeline.close())


def _built(plugin: type[Plugin[Any]], options: Mapping[str, Any]) -> Plugin[Any]:
    this = Available(plugin.name, plugin.version, plugin.name, "", plugin.signals, {}, plugin)
    return build(Catalogue({plugin.name: this}), plugin.name, options)


def _others(plugin: type[Plugin[Any]]) -> list[Plugin[Any]]:
    """The shipped ones that are on when nobody says otherwise, but for one of the same name."""
    known = catalogue([shipped("plugins")], Outside([], _nobody))
    return [build(known, name, options) for name, options in Settings().plugins.items() if name != plugin.name]


def _nobody(_question: Mapping[str, Any]) -> Mapping[str, Any]:
    raise OSError("is not asked")


async def _warm(pipeline: Pipeline) -> None:
    """The first message of all pays for what is made once."""
    await pipeline.open()
    await started(pipeline)
    await pipeline.judge(submission("", "nobody"))


def option(said: str) -> tuple[str, object]:
    """(key, value) of `key=value`, where the value is TOML, or else text. Raises ValueError."""
    key, sign, value = said.partition("=")
    if not sign or not key.strip():
        raise ValueError(f"{said!r} is no option: write key=value, such as max_share=0.7")
    return key.strip(), _value(value.strip())


def _value(text: str) -> object:
    try:
        found = tomllib.loads(f"value = {text}")
    except tomllib.TOMLDecodeError:
        return text
    return found["value"] if len(found) == 1 else text
