"""Raid mode: what switches it on, whom it touches, that it says nothing to anybody, and how it ends."""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import ClassVar

import pytest

from relay.core.raid import RaidRules
from relay.core.verdict import Action, Decision, Rules, Submission
from relay.pipeline.pipeline import Pipeline
from relay.plugin import Context, Incoming, NoOptions, Plugin, Signal
from relay.testing.moderation import StillClock, submission

Build = Callable[..., Pipeline]
RULES = Rules(raid=RaidRules(members=2, within_s=60, lasts_s=300))


class Same(Plugin[NoOptions]):
    name, version, stage, across_members = "same", "1.0", "behaviour", True
    signals: ClassVar = {"same.text": 5.0}

    async def check(self, incoming: Incoming, context: Context) -> AsyncIterator[Signal]:
        if await context.shared.increment(incoming.text.folded, ttl=60) >= 2:
            yield Signal("same.text")


class Crude(Plugin[NoOptions]):
    name, version = "crude", "1.0"
    signals: ClassVar = {"crude.word": 1.0}

    async def check(self, incoming: Incoming, context: Context) -> AsyncIterator[Signal]:
        if "crude" in incoming.text.tokens:
            yield Signal("crude.word")


class Fast(Plugin[NoOptions]):
    name, version, stage = "fast", "1.0", "behaviour"
    signals: ClassVar = {"fast.rate": 1.0}

    async def check(self, incoming: Incoming, context: Context) -> AsyncIterator[Signal]:
        yield Signal("fast.rate")


@pytest.fixture
def pipeline(build: Build) -> Pipeline:
    return build(Same, Crude, rules=RULES)


def by(member: str, text: str, *, approved: int = 0) -> Submission:
    sent = submission(text, member)
    return replace(sent, member=replace(sent.member, approved=approved))


async def raided(pipeline: Pipeline) -> None:
    """Three members write the same: two of them draw evidence."""
    for member in ("a", "b", "c"):
        await pipeline.judge(by(member, "buy now"))


def has_raid(decision: Decision) -> bool:
    return "core.raid" in {seen.signal.name for seen in decision.signals}


async def test_several_members_with_the_same_text_begin_it(pipeline: Pipeline) -> None:
    await pipeline.judge(by("a", "buy now"))
    await pipeline.judge(by("b", "buy now"))
    assert pipeline.raids.of("test") is None

    await pipeline.judge(by("c", "buy now"))

    raid = pipeline.raids.of("test")
    assert raid is not None
    assert (raid.members, (raid.ends_at - raid.began_at).total_seconds(), pipeline.raids.on) == (2, 300, 1)


async def test_what_is_across_for_another_reason_does_not(build: Build) -> None:
    content = type("Content", (Same,), {"stage": "content"})
    pipeline = build(content, rules=RULES)

    await raided(pipeline)

    assert pipeline.raids.of("test") is None


async def test_one_member_alone_never_begins_it(pipeline: Pipeline) -> None:
    await pipeline.judge(by("a", "buy now"))
    for _ in range(10):
        await pipeline.judge(by("b", "buy now"))

    assert pipeline.raids.of("test") is None


async def test_a_stranger_with_any_content_signal_is_held_in_silence(pipeline: Pipeline) -> None:
    await raided(pipeline)

    decision = await pipeline.judge(by("d", "a crude remark"))

    assert (decision.action, decision.by_itself, decision.silent) == (Action.HOLD, Action.ALLOW, True)


async def test_it_never_rejects(build: Build) -> None:
    pipeline = build(Same, Crude, rules=replace(RULES, weights={"core.raid": 90.0, "crude.word": 4.0}))
    await raided(pipeline)

    decision = await pipeline.judge(by("d", "a crude remark"))

    assert (decision.action, decision.by_itself) == (Action.HOLD, Action.FLAG)


@pytest.mark.parametrize(
    ("member", "text", "approved"), [("d", "a kind remark", 0), ("d", "a crude remark", 5), ("d", "a crude remark", 40)]
)
async def test_clean_messages_and_those_of_known_members_pass(
    member: str, text: str, approved: int, pipeline: Pipeline
) -> None:
    await raided(pipeline)

    decision = await pipeline.judge(by(member, text, approved=approved))

    assert (decision.action, has_raid(decision)) == (Action.ALLOW, False)


async def test_who_only_writes_fast_passes(build: Build) -> None:
    pipeline = build(Fast, Same, rules=RULES)
    await raided(pipeline)

    assert not has_raid(await pipeline.judge(by("d", "a kind remark")))


async def test_another_community_has_none(pipeline: Pipeline) -> None:
    await raided(pipeline)

    decision = await pipeline.judge(replace(by("d", "a crude remark"), community="other"))

    assert decision.action is Action.ALLOW


async def test_it_ends_by_itself(pipeline: Pipeline, clock: StillClock) -> None:
    await raided(pipeline)

    clock.advance(301)

    assert not has_raid(await pipeline.judge(by("d", "a crude remark")))
    assert (pipeline.raids.of("test"), pipeline.raids.on) == (None, 0)
    assert [(news.what, news.at.minute) for news in pipeline.raids.news()] == [("begin", 0), ("end", 5)]


async def test_it_lasts_while_more_comes(pipeline: Pipeline, clock: StillClock) -> None:
    await raided(pipeline)
    clock.advance(200)
    for member in ("e", "f", "g"):
        await pipeline.judge(by(member, "buy more"))

    clock.advance(200)

    assert pipeline.raids.of("test") is not None
    assert [news.what for news in pipeline.raids.news()] == ["begin"]


async def test_staff_end_it_and_it_takes_new_evidence_to_begin_again(pipeline: Pipeline) -> None:
    await raided(pipeline)

    assert pipeline.raids.end("test")
    await pipeline.judge(by("d", "buy now"))

    assert pipeline.raids.of("test") is None
    assert not pipeline.raids.end("test")


async def test_an_erased_member_is_not_counted(pipeline: Pipeline) -> None:
    await pipeline.judge(by("a", "buy now"))
    await pipeline.judge(by("b", "buy now"))

    pipeline.forget("b")
    await pipeline.judge(by("c", "buy now"))

    assert pipeline.raids.of("test") is None
