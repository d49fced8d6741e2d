"""Scoring: judges JSON lines one by one, each alone and without history."""

import asyncio
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Literal, TypedDict

from pydantic import BaseModel, ValidationError

from relay.core.verdict import Decision, MemberFacts, Submission
from relay.pipeline.pipeline import Pipeline
from relay.wording import in_words

Standing = Literal["new", "trusted"]
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


class LineError(ValueError):
    """A line that is no JSON object with a text and an id; the message names the line's number."""


class ScoredSignal(TypedDict):
    """`weight` is the effective one, factor included."""

    name: str
    weight: float
    reason: str


class Scored(TypedDict):
    """The judgement of one line; `us` is the time that judging took."""

    id: str | int | None
    action: str
    score: float
    signals: list[ScoredSignal]
    us: int


class _Line(BaseModel):
    """Other fields of a line, such as its label, are let be."""

    text: str
    id: str | int | None = None


def score(lines: Iterable[str | bytes], pipeline: Pipeline, member: Standing = "new") -> Iterator[Scored]:
    """Judge every non-empty line as if its member wrote for the first time; raise LineError at one that cannot be read.

    A failed plugin appears as a signal `NAME.failed` of weight 0. Call it where no event loop runs; the pipeline is closed
    at the end.
    """
    with asyncio.Runner() as runner:
        try:
            for number, raw in enumerate(lines, 1):
                if raw.strip():
                    line = _read(raw, number)
                    yield _scored(line, runner.run(pipeline.judge(_submission(line, number, member))))
                    pipeline.forget("")  # what plugins remember across members
        finally:
            runner.run(pipeline.close())


def _read(raw: str | bytes, number: int) -> _Line:
    try:
        return _Line.model_validate_json(raw)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise LineError(f"line {number}: {where + ': ' if where else ''}{in_words(first, table='an object')}") from None


def _submission(line: _Line, number: int, member: Standing) -> Submission:
    trusted = member == "trusted"
    facts = MemberFacts(f"line-{number}", LONG_AGO, approved=100 if trusted else 0, trusted=trusted)
    return Submission(str(number), "score", facts, "score", line.text, LONG_AGO, "post")


def _scored(line: _Line, decision: Decision) -> Scored:
    signals: list[ScoredSignal] = [
        {"name": seen.signal.name, "weight": round(seen.weight, 4), "reason": seen.signal.reason} for seen in decision.signals
    ]
    signals += [{"name": f"{plugin}.failed", "weight": 0.0, "reason": why} for plugin, why in decision.failures]
    return {
        "id": line.id,
        "action": decision.action.value,
        "score": round(decision.score, 4),
        "signals": signals,
        "us": decision.took_us,
    }
