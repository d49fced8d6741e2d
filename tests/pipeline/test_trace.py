"""The trace of plugins: a line for each check, with ids and figures, and without a byte of what was written."""

import json
from collections.abc import AsyncIterator
from random import Random
from typing import ClassVar

import pytest
from pydantic import ValidationError
from structlog.testing import capture_logs

from relay.compose.moderation import build_pipeline
from relay.configuration import Settings
from relay.core.text import Tables
from relay.core.verdict import Rules
from relay.observe import LogSettings
from relay.pipeline.pipeline import Pipeline, Places
from relay.pipeline.trace import Trace
from relay.plugin import Context, Incoming, NoOptions, Plugin, Signal
from relay.testing.moderation import StillClock, submission


class Quoting(Plugin[NoOptions]):
    """Quotes the message wherever it can."""

    name, version, api = "quoting", "2.1", 1
    signals: ClassVar = {"quoting.all": 1.0}

    def wants(self, incoming: Incoming) -> bool:
        return incoming.text.raw != "dull"

    async def check(self, incoming: Incoming, context: Context) -> AsyncIterator[Signal]:
        if "fail" in incoming.text.tokens:
            raise ValueError(incoming.text.raw)
        if "clean" not in incoming.text.tokens:
            yield Signal("quoting.all", factor=0.4567, reason=f"says {incoming.text.raw}", start=3, end=7)


class Other(Quoting):
    name = "other"
    signals: ClassVar = {"other.all": 1.0}

    async def check(self, incoming: Incoming, context: Context) -> AsyncIterator[Signal]:
        return
        yield


async def traced(said: str, *texts: str) -> list[dict[str, object]]:
    """What stands in the log after these texts of one member, with the times taken out."""
    plugins = [kind(NoOptions()) for kind in (Quoting, Other)]
    pipeline = Pipeline(plugins, Rules(), Tables(), StillClock(), Places(trace=Trace(said)))
    with capture_logs() as lines:
        for text in texts:
            await pipeline.judge(submission(text))
    await pipeline.close()
    found = [dict(line) for line in lines if line["event"] == "plugin looked"]
    assert all(int(str(line.pop("us"))) >= 0 for line in found)
    return found


async def test_a_line_says_what_a_plugin_made_of_a_message() -> None:
    (line,) = await traced("quoting", "something")

    assert len(str(line.pop("digest"))) == 12
    assert line == {
        "event": "plugin looked",
        "log_level": "info",
        "plugin": "quoting",
        "version": "2.1",
        "submission": "s1",
        "outcome": "saw",
        "why": None,
        "signals": [{"signal": "quoting.all", "factor": 0.46, "start": 3, "end": 7, "hard": False}],
    }


async def test_every_outcome_has_its_word() -> None:
    lines = await traced("quoting", "something", "clean", "dull", "fail")

    assert [line["outcome"] for line in lines] == ["saw", "clean", "unwanted", "failed"]
    assert str(lines[3]["why"]).startswith("raised ValueError at test_trace.py, line ")


@pytest.mark.parametrize(
    ("said", "plugins"),
    [("", set()), ("1", {"quoting", "other"}), ("other", {"other"}), ("other, quoting", {"quoting", "other"}), ("x", set())],
)
async def test_those_are_traced_that_were_named(said: str, plugins: set[str]) -> None:
    assert {line["plugin"] for line in await traced(said, "something")} == plugins


async def test_no_line_holds_a_word_of_any_text(seed: int) -> None:
    marks = [f"{Random(seed + n).getrandbits(128):032x}" for n in range(4)]
    texts = [marks[0], f"clean {marks[1]}", f"fail {marks[2]}", f"\ud800 {marks[3]}"]

    log = json.dumps(await traced("1", *texts))

    assert log.count('"plugin looked"') == 2 * len(texts), "the log is the one that is looked at"
    assert [mark for mark in marks if mark in log or mark[:8] in log] == []


async def test_equal_texts_show_as_equal_and_nobody_finds_out_which_by_trying() -> None:
    first, again, other = [line["digest"] for line in await traced("other", "yes", "yes", "no")]
    (elsewhere,) = [line["digest"] for line in await traced("other", "yes")]

    assert first == again
    assert len({first, other, elsewhere}) == 3, "the key is drawn anew for each process"


@pytest.mark.parametrize("said", ["Words", "1,words", "words,", "words flood", "0"])
def test_what_names_no_plugin_is_refused_with_what_would_do(said: str) -> None:
    with pytest.raises(ValidationError, match="should be 1 for all plugins, or names of plugins with commas between"):
        LogSettings(trace_plugins=said)


async def test_a_name_that_is_not_switched_on_is_said_at_the_start() -> None:
    with capture_logs() as lines:
        pipeline = build_pipeline(Settings(log=LogSettings(trace_plugins="words, wrods")))
        await pipeline.close()

    assert [(line["event"], line["plugin"]) for line in lines] == [("plugin to be traced is not switched on", "wrods")]
