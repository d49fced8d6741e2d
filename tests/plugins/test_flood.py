"""The plugin `flood`: a token bucket for each member."""

from collections.abc import Callable
from typing import Any

from relay.core.text import Tables
from relay.core.verdict import Action, Rules
from relay.pipeline.pipeline import Pipeline
from relay.plugin import Plugin
from relay.testing.moderation import StillClock, submission

Shipped = Callable[[str], type[Plugin[Any]]]


def pipeline_of(plugin: type[Plugin[Any]], clock: StillClock, **options: object) -> Pipeline:
    return Pipeline([plugin(plugin.options_type.model_validate(options))], Rules(), Tables(), clock)


async def actions(pipeline: Pipeline, times: int, member: str = "m1") -> list[Action]:
    return [(await pipeline.judge(submission(f"{n}", member))).action for n in range(times)]


async def test_a_burst_is_fine_and_what_follows_is_flagged_then_held(shipped: Shipped) -> None:
    pipeline = pipeline_of(shipped("flood"), StillClock(), burst=3, per_minute=6)

    given = await actions(pipeline, 8)

    assert given[:4] == [Action.ALLOW] * 3 + [Action.FLAG]
    assert given[-1] is Action.HOLD


async def test_time_refills_the_bucket(shipped: Shipped) -> None:
    clock = StillClock()
    pipeline = pipeline_of(shipped("flood"), clock, burst=2, per_minute=6)
    await actions(pipeline, 3)

    clock.advance(60)

    assert await actions(pipeline, 1) == [Action.ALLOW]


async def test_a_bucket_belongs_to_one_member(shipped: Shipped) -> None:
    pipeline = pipeline_of(shipped("flood"), StillClock(), burst=1, per_minute=1)
    await actions(pipeline, 10, "loud")

    assert await actions(pipeline, 1, "quiet") == [Action.ALLOW]


async def test_a_clock_that_goes_back_takes_no_tokens(shipped: Shipped) -> None:
    clock = StillClock()
    pipeline = pipeline_of(shipped("flood"), clock, burst=5, per_minute=1)
    await actions(pipeline, 1)

    clock.advance(-3600)

    assert await actions(pipeline, 1) == [Action.ALLOW]


async def said_well(pipeline: Pipeline, clock: StillClock, member: str, text: str = "Guten Morgen") -> None:
    """For half an hour, once a minute."""
    for _ in range(30):
        await pipeline.judge(submission(text, member))
        clock.advance(60)


async def test_good_messages_earn_headroom_and_nobody_elses_do(shipped: Shipped) -> None:
    clock = StillClock()
    pipeline = pipeline_of(shipped("flood"), clock, burst=4, per_minute=6)
    await said_well(pipeline, clock, "regular")

    assert await actions(pipeline, 8, "regular") == [Action.ALLOW] * 8
    assert (await actions(pipeline, 5, "stranger"))[4] is Action.FLAG


async def test_bad_messages_lose_it_within_bounds(shipped: Shipped) -> None:
    clock = StillClock()
    built = [shipped(name)(shipped(name).options_type()) for name in ("flood", "words")]
    pipeline = Pipeline(built, Rules(weights={"words.insult": 6}), Tables(), clock)
    await said_well(pipeline, clock, "rude", "Du Arschloch")

    given = await actions(pipeline, 6, "rude")

    assert given == [Action.ALLOW] * 5 + [Action.FLAG]
