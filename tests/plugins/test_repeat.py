"""The plugin `repeat`: copies of a member's own last texts."""

from collections.abc import Callable
from typing import Any

import pytest

from relay.core.text import Tables
from relay.core.verdict import Action, Rules
from relay.pipeline.pipeline import Pipeline
from relay.plugin import Plugin
from relay.testing.moderation import StillClock, moderate, submission

Shipped = Callable[[str], type[Plugin[Any]]]
TEXT = "Besucht jetzt meinen Laden, dort gibt es alles günstiger!"


@pytest.mark.parametrize("copy", [TEXT, TEXT.upper(), TEXT + " Nr 2", TEXT.replace("alles", "vieles"), TEXT.replace("e", "е")])
def test_a_copy_with_small_changes_is_a_copy(copy: str, shipped: Shipped) -> None:
    (signal,) = moderate(shipped("repeat"), TEXT, copy)

    assert signal.reason == "nearly the same as 1 of the member's last 1 texts"


def test_another_text_is_none(shipped: Shipped) -> None:
    assert moderate(shipped("repeat"), TEXT, "Wann habt ihr am Samstag geöffnet, und gibt es Parkplätze?") == []


def test_short_texts_may_be_repeated(shipped: Shipped) -> None:
    assert moderate(shipped("repeat"), *["Danke schön!"] * 5) == []


async def test_copies_are_flagged_then_held(shipped: Shipped) -> None:
    pipeline = pipeline_of(shipped("repeat"), StillClock())

    given = [(await pipeline.judge(submission(TEXT))).action for _ in range(4)]

    assert given == [Action.ALLOW, Action.ALLOW, Action.FLAG, Action.HOLD]


async def test_another_members_text_is_no_copy(shipped: Shipped) -> None:
    pipeline = pipeline_of(shipped("repeat"), StillClock())
    await pipeline.judge(submission(TEXT, "first"))

    decision = await pipeline.judge(submission(TEXT, "second"))

    assert decision.signals == ()


async def test_a_text_is_forgotten_with_time(shipped: Shipped) -> None:
    clock = StillClock()
    pipeline = pipeline_of(shipped("repeat"), clock)
    await pipeline.judge(submission(TEXT))

    clock.advance(3601)

    assert (await pipeline.judge(submission(TEXT))).signals == ()


def pipeline_of(plugin: type[Plugin[Any]], clock: StillClock) -> Pipeline:
    return Pipeline([plugin(plugin.options_type())], Rules(), Tables(), clock)
