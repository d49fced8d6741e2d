"""Label: what a plugin's class says of itself, and everything that can be wrong with it."""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from relay.core.notice import LANGUAGES
from relay.core.verdict import OnError

API = 1  # the version of the plugins' interface; a plugin that names another one is refused when it is loaded

Stage = Literal["behaviour", "content", "slow"]
Mode = Literal["inline", "worker"]
"""inline: in the relay's own process, for a few microseconds a message; such a check can be stopped at an await alone.
worker: in a process of its own, for some fifty microseconds; it is ended when it is late, and what it reaches is fenced."""

LABEL = (
    "name", "version", "api", "signals", "told", "stage", "mode", "deadline_ms", "on_error", "across_members",
    "reaches", "statistical", "evidence",
)  # fmt: skip
"""The class attributes that the relay goes by."""

LONGEST_DEADLINE_MS = 60_000  # a message waits for its plugins
RESERVED = ("core", "composite")  # whose signals are the relay's own
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_LONGEST_TOLD = 120  # characters: a phrase within a sentence that a member reads
_SIGNAL = re.compile(r"[a-z][a-z0-9_]*\.[a-z0-9_.]{1,60}")


@dataclass(frozen=True, slots=True)
class Label:
    """The class attributes of the same names."""

    name: str
    version: str
    signals: Mapping[str, float]
    told: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    stage: Stage = "content"
    deadline_ms: int = 50
    on_error: OnError = "hold"
    across_members: bool = False
    reaches: tuple[str, ...] = ()
    statistical: bool = False
    evidence: str = ""

    @classmethod
    def of(cls, plugin: Any) -> "Label":  # noqa: ANN401 - a class or its object: their type stands on a higher floor
        """Copied, as decisions keep it."""
        told = {signal: dict(texts) for signal, texts in plugin.told.items()}
        return cls(
            plugin.name, plugin.version, dict(plugin.signals), told,
            plugin.stage, plugin.deadline_ms, plugin.on_error, plugin.across_members, tuple(plugin.reaches), plugin.statistical,
            plugin.evidence,
        )  # fmt: skip


def faults(said: Mapping[str, Any], *, yields: bool) -> Iterator[tuple[str, str]]:
    """Give (attribute, what is wrong with it and what to do) for what a class says of itself, by attribute, of any type.

    `yields` says whether its `check` is an asynchronous generator.
    """
    yield from _name_faults(said.get("name"))
    if not isinstance(said.get("version"), str) or not said["version"]:
        yield "version", 'write the version as text, such as version = "1.0"'
    if said.get("api") != API:
        yield "api", f"the plugin speaks version {said.get('api')!r} of the interface, this relay speaks {API}"
    yield from _signal_faults(said.get("signals"), str(said.get("name")))
    yield from _told_faults(said.get("told"), said.get("signals"))
    for key, allowed in (("stage", get_args(Stage)), ("mode", get_args(Mode)), ("on_error", get_args(OnError))):
        if said.get(key) not in allowed:
            yield key, f"{said.get(key)!r} is none of {', '.join(allowed)}"
    if type(said.get("statistical")) is not bool:
        yield "statistical", "write True for a model that was trained or guesses, False for a rule that people can read"
    evidence = said.get("evidence", "")
    if not isinstance(evidence, str) or (evidence and not _NAME.fullmatch(evidence)):
        yield "evidence", 'name the kind in lower-case letters, such as evidence = "wording", or leave it out'
    deadline = said.get("deadline_ms")
    if type(deadline) is not int or not 0 < deadline <= LONGEST_DEADLINE_MS:
        yield "deadline_ms", f"write whole milliseconds above 0, at most {LONGEST_DEADLINE_MS}"
    reaches = said.get("reaches", ())
    if not isinstance(reaches, list | tuple) or not all(isinstance(option, str) for option in reaches):
        yield "reaches", 'name the options that hold the URLs it asks: reaches = ("url",)'
    if not yields:
        yield "check", "write it as `async def check(self, incoming, context)` that yields signals"


def _name_faults(name: object) -> Iterator[tuple[str, str]]:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        yield (
            "name",
            f"{name!r} is no plugin name: lower-case letters, digits and _, at most 40, beginning with a letter",
        )
    elif name in RESERVED:
        yield "name", f"{name!r} is the relay's own: take another name"


def _signal_faults(signals: object, name: str) -> Iterator[tuple[str, str]]:
    if not isinstance(signals, Mapping) or not signals:
        yield "signals", f'list every signal with its default weight: signals = {{"{name}.what": 1.0}}'
        return
    for signal, weight in signals.items():
        if not isinstance(signal, str) or not _SIGNAL.fullmatch(signal) or not signal.startswith(f"{name}."):
            yield "signals", f"{signal!r} must be {name!r}, a dot, and lower-case letters, digits, _ or dots"
        elif type(weight) not in {int, float} or not math.isfinite(weight) or weight < 0:
            yield (
                "signals",
                f"the weight of {signal!r} must be a number, 0 or more: negative weights are the relay's own",
            )


def _told_faults(told: object, signals: object) -> Iterator[tuple[str, str]]:
    if not isinstance(signals, Mapping):
        return
    if not isinstance(told, Mapping):
        yield "told", 'write it as {"NAME.what": {"en": "it holds an insult", "de": "sie enthält eine Beleidigung"}}'
        return
    for signal, texts in told.items():
        if signal not in signals:
            yield "told", f"{signal!r} is no signal of this plugin: there are {', '.join(map(str, signals))}"
        elif not isinstance(texts, Mapping) or set(texts) != set(LANGUAGES):
            yield "told", f"{signal!r} needs a phrase in each of {', '.join(LANGUAGES)}, or none at all"
        elif not all(is_phrase(text) for text in texts.values()):
            yield "told", f"{signal!r} needs phrases of one line, at most {_LONGEST_TOLD} characters, without a full stop"


def is_name(text: str) -> bool:
    """Whether a plugin may be called so."""
    return _NAME.fullmatch(text) is not None


def is_phrase(text: object) -> bool:
    """Whether it can stand behind "Reason:"."""
    return isinstance(text, str) and text.isprintable() and 0 < len(text.strip(" .")) == len(text) <= _LONGEST_TOLD
