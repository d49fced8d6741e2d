"""For authors of plugins: `check_plugin` proves that a plugin keeps its word, `moderate` shows what it sees in a text.

SHOUTING = plugin_in(Path("my-plugins/shouting.py"))

def test_shouting_keeps_its_word():
    check_plugin(SHOUTING)

def test_shouting_sees_capitals(moderate):  # the same as a fixture, see relay.testing.fixtures
    assert names(moderate(SHOUTING, "WO BLEIBT MEIN PAKET")) == {"shouting.capitals"}
"""

import asyncio
import random
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from relay.configuration import shipped
from relay.core.notice import LANGUAGES
from relay.core.text import Tables
from relay.core.verdict import Decision, MemberFacts, Rules, Signal, Submission
from relay.lexicon import load_tables
from relay.loader import classes_of, label_faults
from relay.pipeline.pipeline import LONGEST_TEXT, Pipeline, Places
from relay.pipeline.source import foreign, travelling
from relay.plugin import Plugin
from relay.testing.golden import Golden, TextsError, beside, read

TRIES = 3  # a machine that was busy elsewhere gets another chance before a plugin is called slow
STARTS_WITHIN = 20.0  # seconds for a worker, on a machine that is busy elsewhere
RANDOM_TEXTS = 100
NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
_ALPHABETS = (
    (0x20, 0x7F), (0x00, 0x20), (0xC0, 0x250), (0x300, 0x370), (0x370, 0x530), (0x590, 0x700), (0x2000, 0x2070),
    (0x3040, 0x30A0), (0xD800, 0xE000), (0xFE00, 0xFE10), (0x1F300, 0x1FB00), (0xE0000, 0xE0080),
)  # fmt: skip


class PluginFaultError(AssertionError):
    """What a plugin does not keep of its word; one line for each fault."""


class StillClock:
    """A clock that moves only when told."""

    __slots__ = ("_now",)

    def __init__(self, now: datetime = NOON) -> None:
        self._now = now

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._now.timestamp()

    def advance(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)


def submission(text: str, member: str = "m1", *, trusted: bool = False, at: datetime = NOON) -> Submission:
    """A message as a member's answer to a post."""
    facts = MemberFacts(member, NOON - timedelta(days=30), approved=100 if trusted else 0, trusted=trusted)
    return Submission("s1", "test", facts, "web", text, at, "post")


def moderate(plugin: type[Plugin[Any]], *texts: str, **options: object) -> list[Signal]:
    """Judge texts of one member one after another, at one moment, and give the signals of the last.

    `http`, no option, answers what the plugin asks (relay.testing.services.Canned); `learned`, neither, is the model in use.
    Call it where no event loop runs; raise PluginFaultError when the plugin fails.
    """
    decisions = asyncio.run(_judge(plugin, texts, options))
    if decisions[-1].failures:
        raise PluginFaultError("; ".join(why for _, why in decisions[-1].failures))
    return [seen.signal for seen in decisions[-1].signals if seen.plugin == plugin.name]


def plugin_in(file: Path) -> type[Plugin[Any]]:
    """Give the one plugin of a file. Raises PluginError, and ValueError when there are several."""
    (found,) = classes_of(file)
    return found


def names(signals: Sequence[Signal]) -> set[str]:
    return {signal.name for signal in signals}


def check_plugin(plugin: type[Plugin[Any]], **options: object) -> None:
    """Raise PluginFaultError naming every fault.

    `http`, no option, answers what the plugin asks (relay.testing.services.Canned).

    Looked at: the label; a description for the plugin and for each option; in a shipped one, what a rejected member is told of
    each signal; options that come back from JSON, as a worker gets them; the examples, each alone, here and in a worker; the
    golden texts beside its file, where there are any; a text of the greatest length within the deadline; random Unicode. Call
    it where no event loop runs.
    """
    faults = [f"{key}: {what}" for key, what in label_faults(plugin)]
    if not faults:
        faults += _undocumented(plugin)
        faults += _untold(plugin)
        faults += _in_worker(plugin, options)
        faults += unkept_examples(plugin, options)
        faults += _unkept_texts(plugin, options)
        faults += _long(plugin, options)
        faults += _random(plugin, options)
    if faults:
        raise PluginFaultError("\n".join(faults))


@cache
def _tables() -> Tables:
    """Read once for all the texts of a test run: they never change."""
    return load_tables()


async def _judge(
    plugin: type[Plugin[Any]], texts: Sequence[str], options: dict[str, object], tables: Tables | None = None
) -> list[Decision]:
    own, places = _split(options)
    built = plugin(plugin.options_type.model_validate(own))
    pipeline = Pipeline([built], _rules(plugin), tables or _tables(), StillClock(), places)
    decisions = [await pipeline.judge(submission(text)) for text in texts]
    await pipeline.close()
    return decisions


def _split(options: dict[str, object]) -> tuple[dict[str, object], Places]:
    """The plugin's own options, and what is around it."""
    http: Any = options.get("http")
    learned: Any = options.get("learned")
    own = {name: value for name, value in options.items() if name not in {"http", "learned"}}
    return own, Places(outbound=http, learned=lambda _community: learned)


def _rules(plugin: type[Plugin[Any]]) -> Rules:
    """A slow plugin is asked about everything."""
    return Rules(flag=0.0) if plugin.stage == "slow" else Rules()


def _undocumented(plugin: type[Plugin[Any]]) -> Iterator[str]:
    if not plugin.__doc__:
        yield "the class has no docstring: say in a sentence what it looks for"
    for name, field in plugin.options_type.model_fields.items():
        if not field.description:
            yield f"option {name}: no description: Field(..., description=...)"
    if not plugin.examples:
        yield "examples: none: give at least one text with the signals that it must give"


def _untold(plugin: type[Plugin[Any]]) -> Iterator[str]:
    """What is shipped speaks to members in every language; evidence across members is never told."""
    file = getattr(sys.modules.get(plugin.__module__), "__file__", None)
    is_shipped = file is not None and Path(file).parent == shipped("plugins").resolve()
    for signal in plugin.signals:
        if is_shipped and not plugin.across_members and signal not in plugin.told:
            yield f"told: nothing for {signal}: say in {' and '.join(LANGUAGES)} what a rejected member reads"


def _in_worker(plugin: type[Plugin[Any]], options: dict[str, object]) -> Iterator[str]:
    """What differs where it is not shipped: options travel there as JSON, and its file is loaded alone."""
    own, places = _split(options)
    built = plugin.options_type.model_validate(own)
    try:
        same = plugin.options_type.model_validate(travelling(built)) == built
    except ValueError as error:
        yield f"options: do not come back from JSON, as which a worker gets them: {error}"
        return
    if not same:
        yield "options: come back from JSON as others, and a worker gets them so"
    elif "<locals>" not in plugin.__qualname__:
        yield from asyncio.run(_examples_in_worker(plugin, built, places))


async def _examples_in_worker(plugin: type[Plugin[Any]], options: BaseModel, places: Places) -> list[str]:
    pipeline = Pipeline([foreign(plugin(options), "is tested")], _rules(plugin), load_tables(), StillClock(), places)
    try:
        await pipeline.open()
        for text, wanted in plugin.examples or [("", set())]:
            decision = await _judged_there(pipeline, text)
            given = {seen.signal.name for seen in decision.signals}
            if decision.failures:
                return [f"in a worker: {pipeline.describe()[0].note or decision.failures[0][1]}"]
            if plugin.examples and given != wanted:
                return [f"in a worker: example {text!r}: gives {sorted(given)}, and {sorted(wanted)} is written"]
        return []
    finally:
        await pipeline.close()


async def _judged_there(pipeline: Pipeline, text: str) -> Decision:
    decision = await pipeline.judge(submission(text))
    for attempt in range(TRIES):
        if decision.failures:
            await started(pipeline)
            decision = await pipeline.judge(submission(text, member=f"m1 {attempt}"))
    return decision


async def started(pipeline: Pipeline) -> None:
    """Until its worker runs, or has failed in the time that it had."""
    with suppress(TimeoutError):
        async with asyncio.timeout(STARTS_WITHIN):
            while pipeline.describe()[0].state == "starting":  # noqa: ASYNC110 - a process has no event
                await asyncio.sleep(0.01)


def unkept_examples(plugin: type[Plugin[Any]], options: dict[str, object]) -> Iterator[str]:
    """What the plugin gives otherwise than its own examples say; call it where no event loop runs."""
    tables = load_tables()
    for text, wanted in plugin.examples:
        (decision,) = asyncio.run(_judge(plugin, [text], options, tables))
        given = {seen.signal.name for seen in decision.signals}
        for _, why in decision.failures:
            yield f"example {text!r}: {why}"
        if given != wanted:
            yield f"example {text!r}: gives {sorted(given)}, and {sorted(wanted)} is written"


def _unkept_texts(plugin: type[Plugin[Any]], options: dict[str, object]) -> Iterator[str]:
    """What it gives otherwise than its golden texts say."""
    path = beside(plugin)
    if path is None or not path.exists():
        return
    try:
        lines = read(path)
    except TextsError as error:
        yield str(error)
        return
    for line, (given, why) in zip(lines, seen_in(plugin, lines, options), strict=True):
        where = f"{path.name}:{line.line}: {line.text!r}"
        if why:
            yield f"{where}: {why}"
        elif line.signals is None:
            yield f"{where}: gives {sorted(given)}, and nothing is written: relay plugin test --update writes it"
        elif given != line.signals:
            yield f"{where}: gives {sorted(given)}, and {sorted(line.signals)} is written"


def seen_in(
    plugin: type[Plugin[Any]], lines: Sequence[Golden], options: dict[str, object]
) -> Iterator[tuple[frozenset[str], str]]:
    """Names of the signals that it gives for each text alone, and why it failed; call it where no event loop runs."""
    tables = load_tables()
    for line in lines:
        (decision,) = asyncio.run(_judge(plugin, [line.text], options, tables))
        given = frozenset(seen.signal.name for seen in decision.signals if seen.plugin == plugin.name)
        yield given, "; ".join(why for _, why in decision.failures)


def _long(plugin: type[Plugin[Any]], options: dict[str, object]) -> Iterator[str]:
    tables = load_tables()
    for pattern in ("lang ", "a", "a b ", "a.", "1@", "ä", "A\u0301", "\U0001f600", "www.example.com "):
        text = (pattern * LONGEST_TEXT)[:LONGEST_TEXT]
        whys = []
        for _ in range(TRIES):
            (decision,) = asyncio.run(_judge(plugin, [text], options, tables))
            whys = [why for _, why in decision.failures]
            if not whys:
                break
        for why in whys:
            yield f"{LONGEST_TEXT} characters of {pattern!r}: {why}"


def _random(plugin: type[Plugin[Any]], options: dict[str, object]) -> Iterator[str]:
    texts = ["", *random_texts(random.Random(plugin.name))]  # noqa: S311 - repeatable, no secret
    for text, decision in zip(texts, asyncio.run(_judge(plugin, texts, options)), strict=True):
        for _, why in decision.failures:
            yield f"{text!r}: {why}"
            return


def random_texts(source: random.Random, count: int = RANDOM_TEXTS) -> Iterator[str]:
    """Give texts over many scripts, with NUL, lone surrogates, combining marks and invisible characters."""
    for _ in range(count):
        ranges = source.choices(_ALPHABETS, k=source.randint(1, 4))
        yield "".join(chr(source.randrange(*source.choice(ranges))) for _ in range(source.randint(1, 300)))
