"""`relay moderation replay`: what a configuration would have made of the messages that came."""

import asyncio
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import click

from relay.cli.configured import config_option, data_option, pipeline_of, settings_of
from relay.cli.how_far import how_far
from relay.cli.look import looking
from relay.cli.replayed import as_text, as_thing
from relay.cli.screen import as_line
from relay.cli.shape import Command, Exit, Failure
from relay.cli.since import Since
from relay.cli.to_label import Alarm, to_label
from relay.compose.moderation import build_ladder
from relay.configuration import Settings
from relay.core.errors import Unavailable
from relay.core.moment import rfc3339
from relay.core.replay import Tally
from relay.flows.judge import Judging
from relay.flows.replay import PastClock, Replay
from relay.pipeline.pipeline import PluginState
from relay.settings import Loaded

MOST_SAMPLES = 1000  # of each kind: they are kept in memory until the end


@dataclass(frozen=True, slots=True)
class Asked:
    """What of the past is wanted; `progress` says how far it is in lines of JSON."""

    since: datetime
    limit: int | None
    samples: int
    community: str | None
    progress: bool


@dataclass(frozen=True, slots=True)
class Done:
    """What came of it: of how many messages, by which rules, with which plugins; those that ask services are `left_out`."""

    tally: Tally
    of: int
    rules: str
    plugins: Sequence[PluginState]
    is_stopped: bool
    left_out: Sequence[str]


@click.command(
    cls=Command,
    examples=[
        "relay moderation replay --since 30d --config new.toml",
        "relay moderation replay --since 2026-11-01 --config new.toml --samples 50 --texts",
        "relay moderation replay --since 7d --config new.toml --json | jq .matrix",
        "relay moderation replay --since 30d --config new.toml --label alarms.jsonl",
    ],
)
@config_option
@data_option
@click.option("--since", type=Since(), default="30d", show_default=True, help="30d, 12h, 2w or a date; UTC")
@click.option("--community", help="leave out what members of other communities wrote, by the slug")
@click.option("--limit", type=click.IntRange(1), help="judge at most so many messages, the oldest of that time")
@click.option(
    "--samples", type=click.IntRange(0, MOST_SAMPLES), default=5, show_default=True,
    help="messages to list of each kind that flips",
)  # fmt: skip
@click.option("--texts", is_flag=True, help="show the samples' texts: they are personal data, mind where they end up")
@click.option(
    "--label",
    "alarms",
    type=click.Path(path_type=Path, dir_okay=False),
    help="write what would be brought before staff into this new file, texts included, for a person to label",
)
@click.option("--progress", is_flag=True, help="say how far it is in lines of JSON on standard error")
@click.option("--json", "as_json", is_flag=True, help="one JSON object")
def replay(
    config: Path | None,
    data: Path | None,
    alarms: Path | None,
    *,
    texts: bool,
    as_json: bool,
    **asked: Any,  # noqa: ANN401
) -> None:
    """Judge what members wrote again, with the configuration that is given.

    Reads the database of that configuration, whether or not a relay serves it, and can write nothing into it. Nothing is sent,
    so plugins that ask services are left out. Shows how the decisions differ from those of then, what people ruled, how far up
    the ladder members' strikes would lead, and what each plugin costs. Ctrl-C ends it with what is done by then.

    The file of --label has a JSON object a line: `label` is delivered or rejected where a person of staff ruled, and null where
    nobody did: write other or offence there. `relay moderation calibrate` and `score` read it.
    """
    loaded = settings_of(config, {"store.folder": data})
    wanted = Asked(**asked)
    try:
        with to_label(alarms) as alarm:
            done = asyncio.run(_replayed(loaded, wanted, alarm))
    except Unavailable as problem:
        raise Failure(f"{problem.detail} `relay doctor` says more.") from None
    thing = {
        "since": rfc3339(wanted.since),
        "messages": done.tally.messages,
        "of": done.of,
        "rules": done.rules,
        "left_out": done.left_out,
        **as_thing(done.tally, done.plugins, with_texts=texts),
    }
    click.echo(as_line(thing) if as_json else as_text(thing))
    if done.is_stopped:
        raise Failure(f"Stopped after {done.tally.messages} of {done.of} messages; the figures are theirs.", Exit.PARTLY)


async def _replayed(loaded: Loaded[Settings], wanted: Asked, alarm: Alarm) -> Done:
    """Judges one message after another, as they were. Raises Unavailable, Failure."""
    clock, stop = PastClock(), asyncio.Event()
    tally = Tally(wanted.samples, Random(0), build_ladder(loaded.values.moderation.ladder))  # noqa: S311 - the same each time
    async with looking(loaded.values) as look:
        span = await look.span(wanted.since, wanted.community)
        of = min(span.messages, wanted.limit or span.messages)
        pipeline = pipeline_of(loaded, clock)
        pipeline.took = tally.took
        try:
            with _stoppable(stop), how_far(as_lines=wanted.progress) as tell:
                tell("messages", 0, of)
                judge, tells = Judging(pipeline.judge), partial(_tell, tell, of)
                await Replay(look, judge, clock, tally, tells, stop.is_set, alarm, wanted.community).run(span, of)
        finally:
            await pipeline.close()
    plugins = pipeline.describe()
    left_out = sorted(set(loaded.values.plugins) - {state.name for state in plugins})
    return Done(tally, of, pipeline.digest, plugins, stop.is_set(), left_out)


def _tell(tell: Callable[[str, int, int], None], of: int, count: int) -> None:
    tell("messages", count, max(of, count))


@contextmanager
def _stoppable(stop: asyncio.Event) -> Iterator[None]:
    """The first Ctrl-C sets `stop`, at once, whatever the loop is at; the second ends the command, should a plugin hang."""
    before = signal.getsignal(signal.SIGINT)

    def stopped(_number: int, _frame: object) -> None:
        signal.signal(signal.SIGINT, before)
        stop.set()

    signal.signal(signal.SIGINT, stopped)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
