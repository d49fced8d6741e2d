"""Scoring lines: each alone, in the shape that is promised."""

import json
from collections.abc import AsyncIterator, Callable, Iterator
from typing import ClassVar

import pytest

from relay.pipeline.pipeline import Pipeline
from relay.pipeline.score import LineError, Standing, score
from relay.plugin import Context, Incoming, NoOptions, Plugin, Signal

Build = Callable[..., Pipeline]


class Second(Plugin[NoOptions]):
    """Speaks at "rude", and at a member's second message."""

    name, version = "second", "1.0"
    signals: ClassVar = {"second.rude": 3.0, "second.again": 5.0}

    async def check(self, incoming: Incoming, context: Context) -> AsyncIterator[Signal]:
        if "boom" in incoming.text.tokens:
            raise RuntimeError
        if "rude" in incoming.text.tokens:
            yield Signal("second.rude", factor=0.9, reason="rude")
        if await context.memory.increment("n", ttl=60) > 1:
            yield Signal("second.again")


class Crowd(Plugin[NoOptions]):
    """Speaks when anybody wrote before."""

    name, version, across_members = "crowd", "1.0", True
    signals: ClassVar = {"crowd.same": 5.0}

    async def check(self, incoming: Incoming, context: Context) -> AsyncIterator[Signal]:
        del incoming
        if await context.shared.increment("n", ttl=60) > 1:
            yield Signal("crowd.same")


def line(text: str, **more: object) -> str:
    return json.dumps({"id": "1", "text": text, **more})


def test_no_line_counts_for_another(build: Build) -> None:
    scored = list(score([line("fine")] * 3, build(Second, Crowd)))

    assert [each["signals"] for each in scored] == [[], [], []]


def test_a_line_is_scored_in_the_promised_shape(build: Build) -> None:
    (scored,) = score([line("rude", label="offence")], build(Second))

    assert scored.pop("us") >= 0  # type: ignore[misc]
    assert scored == {
        "id": "1",
        "action": "flag",
        "score": 2.7,
        "signals": [{"name": "second.rude", "weight": 2.7, "reason": "rude"}],
    }


def test_each_line_is_judged_alone(build: Build) -> None:
    lines = [line("hello")] * 5 + ["", "\n"]

    assert [scored["action"] for scored in score(lines, build(Second))] == ["allow"] * 5


@pytest.mark.parametrize(("member", "action"), [("new", "flag"), ("trusted", "allow")])
def test_trust_changes_the_score(member: Standing, action: str, build: Build) -> None:
    (scored,) = score([line("rude")], build(Second), member)

    assert scored["action"] == action


def test_a_failed_plugin_shows(build: Build) -> None:
    (scored,) = score([line("boom")], build(Second))

    assert scored["action"] == "hold"
    assert [(signal["name"], signal["weight"]) for signal in scored["signals"]] == [("second.failed", 0.0)]


@pytest.mark.parametrize("bad", ["{", "[]", '{"id": "1"}', '{"id": "1", "text": 5}', b"\xff\xff"])
def test_a_line_that_cannot_be_read_is_named_by_its_number(bad: str | bytes, build: Build) -> None:
    scoring = score([line("fine"), bad], build(Second))
    next(scoring)

    with pytest.raises(LineError, match=r"^line 2: "):
        next(scoring)


def test_lines_are_answered_one_by_one(build: Build) -> None:
    read = []

    def lines() -> Iterator[str]:
        for n in range(3):
            read.append(n)
            yield line("x")

    next(score(lines(), build(Second)))

    assert read == [0]
