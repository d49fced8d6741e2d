"""`relay moderation replay`: what a configuration would have made of the messages that came."""

import asyncio
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
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
    """What of the past is wanted."""

    since: datetime
    limit: int | None
    samples: int


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
    ],
)
@config_option
@data_option
@click.option("--since", type=Since(), default="30d", show_default=True, help="30d, 12h, 2w or a date; UTC")
@click.option("--limit", type=click.IntRange(1), help="judge at most so many messages, the oldest of that time")
@click.option(
    "--samples", type=click.IntRange(0, MOST_SAMPLES), default=5, show_default=True,
    help="messages to list of each kind that flips",
)  # fmt: skip
@click.option("--texts", is_flag=True, help="show the samples' texts: they are personal data, mind where they end up")
@click.option("--json", "as_json", is_flag=True, help="one JSON object")
def replay(config: Path | None, data: Path | None, *, texts: bool, as_json: bool, **asked: Any) -> None:  # noqa: ANN401
    """Judge what members wrote again, with the configuration that is given.

    Reads the database of that configuration, whether or not a relay serves it, and can write nothing into it. Nothing is sent,
    so plugins that ask services are left out. Shows how the decisions differ from those of then, what people ruled, and what
    each plugin costs. Ctrl-C ends it with what is done by then.
    """
    loaded = settings_of(config, {"store.folder": data})
    wanted = Asked(**asked)
    try:
        done = asyncio.run(_replayed(loaded, wanted))
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


async def _replayed(loaded: Loaded[Settings], wanted: Asked) -> Done:
    """Judges one message after another, as they were. Raises Unavailable, Failure."""
    clock, tally, stop = PastClock(), Tally(wanted.samples, Random(0)), asyncio.Event()  # noqa: S311 - the same each time
    async with looking(loaded.values) as look:
        span = await look.span(wanted.since)
        of = min(span.messages, wanted.limit or span.messages)
        pipeline = pipeline_of(loaded, clock)
        pipeline.took = tally.took
        try:
            with _stoppable(stop), how_far() as tell:
                judge = Judging(pipeline.judge)
                again = Replay(look, judge, clock, tally, lambda count: tell("messages", count, max(of, count)), stop.is_set)
                await again.run(span, of)
        finally:
            await pipeline.close()
    plugins = pipeline.describe()
    left_out = sorted(set(loaded.values.plugins) - {state.name for state in plugins})
    return Done(tally, of, pipeline.digest, plugins, stop.is_set(), left_out)


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
