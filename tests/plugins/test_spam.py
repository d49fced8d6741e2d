"""The plugin `spam`: silent without a model, surer with certainty, never past a silent hold, and never told to anybody."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest

from relay.core.additive import words_of
from relay.core.model import Content, Learned, learned_from
from relay.core.text import Tables
from relay.core.verdict import Action, Rules
from relay.pipeline.pipeline import Pipeline, Places
from relay.plugin import Context, Incoming, NoOptions, Plugin, Signal
from relay.testing.moderation import StillClock, moderate, submission

Shipped = Callable[[str], type[Plugin[Any]]]
ADVERT = "gewinne jetzt viel geld"
QUESTION = "wann kommt der bus?"
BETWEEN = "wann kommt das geld?"


def lessons() -> Iterator[tuple[int, bool, Sequence[str]]]:
    for n in range(60):
        yield n % 12, True, words_of(f"gewinne jetzt geld mit nummer {n}")
        yield n % 12, False, words_of(f"wann kommt der bus am montag um {n}")


def content() -> Content:
    made = learned_from(list(lessons()))
    assert made is not None
    return made.content


MODEL = Learned(7, content())


def test_without_a_model_it_says_nothing(shipped: Shipped) -> None:
    assert moderate(shipped("spam"), ADVERT) == []


def test_it_names_the_model_and_quotes_nothing(shipped: Shipped) -> None:
    (signal,) = moderate(shipped("spam"), ADVERT, learned=MODEL)

    assert signal.reason.startswith("model 7 finds it like what staff rejected, certainty ")
    assert not any(word in signal.reason for word in words_of(ADVERT))
    assert moderate(shipped("spam"), QUESTION, learned=MODEL) == []
    assert moderate(shipped("spam"), "Hallo", learned=MODEL) == []


def test_its_weight_grows_with_certainty_and_holds_at_the_threshold(shipped: Shipped) -> None:
    def factor(threshold: float) -> float:
        (signal,) = moderate(shipped("spam"), ADVERT, learned=mild, threshold=threshold)
        return signal.factor

    mild = Learned(1, replace(content(), slope=0.6))
    certain = mild.certainty(ADVERT) or 0

    assert 0.55 < certain < 0.95
    assert factor(certain) == pytest.approx(5 / 6)
    assert 0 < factor(certain + 0.04) < 5 / 6 < factor(certain - 0.04) < 1


async def test_it_holds_in_silence_and_never_more(shipped: Shipped) -> None:
    plugin = shipped("spam")
    rules = Rules(flag=0.1, hold=0.2, reject=0.3)
    places = Places(learned={"test": MODEL}.get)
    pipeline = Pipeline([plugin(plugin.options_type())], rules, Tables(), StillClock(), places)

    decision = await pipeline.judge(submission(ADVERT))
    elsewhere = await pipeline.judge(replace(submission(ADVERT), community="other"))

    assert (decision.action, decision.by_itself, decision.silent) == (Action.HOLD, Action.ALLOW, True)
    assert plugin.told == {}
    assert elsewhere.action is Action.ALLOW


async def test_a_plugin_that_does_not_say_that_it_looks_across_members_gets_no_model() -> None:
    class Curious(Plugin[NoOptions]):
        name, version, signals = "curious", "1", {"curious.seen": 1.0}

        async def check(self, incoming: Incoming, context: Context) -> Any:  # noqa: ANN401 - as plugins are written
            if context.learned is not None:
                yield Signal("curious.seen", reason=incoming.channel)

    pipeline = Pipeline([Curious(NoOptions())], Rules(), Tables(), StillClock(), Places(learned={"test": MODEL}.get))

    assert (await pipeline.judge(submission(ADVERT))).signals == ()
