"""Replays over HTTP: what another configuration would have made of what members wrote."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from pydantic import Field, StrictStr

from relay.core.replay_job import ReplayJob
from relay.web.bodies import Body, Moment, Storable
from relay.web.communities import community_at
from relay.web.route import StaffCall

READ = "replay.read"
Config = Annotated[StrictStr, Field(max_length=65_536), Storable]


class NewReplay(Body):
    """`config` is TOML with the tables moderation and plugins; an empty one is what holds where nothing is set."""

    config: Config
    since: Moment


@dataclass(frozen=True, slots=True)
class TollView:
    """Of the messages that met with `action`, then or now: how many a person delivered, rejected, or did not rule on."""

    action: str
    decided: str
    messages: int
    delivered: int
    rejected: int
    unruled: int
    delivered_share: float | None


@dataclass(frozen=True, slots=True)
class StepView:
    """How many members came to this measure by their strikes, and no further, and would come; null is none at all."""

    measure: str | None
    then: int
    now: int


@dataclass(frozen=True, slots=True)
class CostView:
    """What a plugin made of them and what it took, in microseconds."""

    name: str
    version: str
    mode: str
    runs: int
    hits: int
    errors: int
    mean_us: float
    p99_us: float
    note: str


@dataclass(frozen=True, slots=True)
class FlipView:
    """A message about which the two decisions differ; `ruled` is what a person made of it: delivered, rejected or null."""

    message: str
    member: str
    then: str
    now: str
    score_then: float
    score_now: float
    signals: tuple[str, ...]
    ruled: str | None
    text: str


@dataclass(frozen=True, slots=True)
class FoundView:
    """`matrix` is how many met with the outer action then and would with the inner one now. `flips` are samples of each kind.

    `left_out` are plugins that ask services: nothing is sent.
    """

    messages: int
    of: int
    flipped: int
    rules: str
    left_out: tuple[str, ...]
    matrix: Mapping[str, Mapping[str, int]]
    tolls: tuple[TollView, ...]
    steps: tuple[StepView, ...]
    plugins: tuple[CostView, ...]
    flips: tuple[FlipView, ...]


@dataclass(frozen=True, slots=True)
class ReplayView:
    """The one that was asked for last, by the relay process that answers. State: none, running, done, stopped or failed.

    `why` is in English; `found` goes an hour after the end, and with it what members wrote.
    """

    id: str | None
    state: str
    by: str | None
    since: datetime | None
    began_at: datetime | None
    ended_at: datetime | None
    done: int
    of: int
    why: str
    found: FoundView | None


NONE = ReplayView(None, "none", None, None, None, None, 0, 0, "", None)


def replay_view(job: ReplayJob) -> ReplayView:
    return ReplayView(
        id=job.id,
        state=job.state.value,
        by=job.by,
        since=job.wanted.since,
        began_at=job.began_at,
        ended_at=job.ended_at,
        done=job.done,
        of=job.of,
        why=job.why,
        found=None if job.found is None else _found(job.found),
    )


def _found(found: Mapping[str, Any]) -> FoundView:
    parts = {"tolls": TollView, "steps": StepView, "plugins": CostView, "flips": FlipView}
    plain = {name: found[name] for name in ("messages", "of", "flipped", "rules", "matrix", "left_out")}
    made: dict[str, Any] = {name: tuple(view(**one) for one in found[name]) for name, view in parts.items()}
    return FoundView(**plain, **made)


async def start(call: StaffCall[NewReplay, None]) -> ReplayView:
    """Answers before it is done."""
    community, body = await community_at(call.parts, call.path["slug"]), call.body
    job = await call.parts.rejudge.start(call.actor, community, body.config, body.since, call.also(replay_view))
    return replay_view(job)


async def read(call: StaffCall[None, None]) -> ReplayView:
    community = await community_at(call.parts, call.path["slug"])
    job = call.parts.rejudge.latest(community)
    await call.parts.govern.looked(call.actor.id, READ, [community.id])
    return NONE if job is None else replay_view(job)


async def stop(call: StaffCall[None, None]) -> None:
    await call.parts.rejudge.stop(call.actor, await community_at(call.parts, call.path["slug"]))
