"""`relay moderation`: read the rules, and try them on texts, without a relay, and on what members wrote."""

import asyncio
import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import IO, get_args

import click

from relay.cli.calibrating import calibrate
from relay.cli.configured import config_option, pipeline_of, settings_of
from relay.cli.replay import replay
from relay.cli.screen import Screen, as_line
from relay.cli.shape import Exit, Failure, Group
from relay.cli.training import train_offence
from relay.compose.listing import listing
from relay.pipeline.score import LineError, Standing, score

PACE = 500  # lines between two signs of life


@click.group(cls=Group)
def moderation() -> None:
    """Moderation: read the rules, and try them on texts."""


moderation.add_command(replay)
moderation.add_command(calibrate)
moderation.add_command(train_offence)


@moderation.command(
    "score",
    examples=[
        "relay moderation score texts.jsonl > scored.jsonl",
        """echo '{"id": 1, "text": "Hello"}' | relay moderation score --member trusted -""",
    ],
)
@config_option
@click.option("--member", type=click.Choice(get_args(Standing)), default="new", show_default=True, help="who writes")
@click.argument("file", type=click.File("rb"), default="-")
def score_command(config: Path | None, member: Standing, file: IO[bytes]) -> None:
    """Judge JSON lines {"id", "text"}: each alone, without history.

    Writes {"id", "action", "score", "signals": [{"name", "weight", "reason"}], "us"} a line, where `weight` is the effective
    one and `us` the microseconds it took. FILE is - for standard input, which is also what holds without one.
    """
    pipeline = pipeline_of(settings_of(config))
    try:
        for line in score(_counted(file), pipeline, member):
            click.echo(as_line(line))
    except LineError as error:
        raise Failure(f"{getattr(file, 'name', 'input')}: {error}", Exit.USAGE) from None


@moderation.command("rules", examples=["relay moderation rules", "relay moderation rules --config new.toml --json"])
@config_option
@click.option("--json", "as_json", is_flag=True, help="JSON, one object a line")
def rules_command(config: Path | None, *, as_json: bool) -> None:
    """Show every figure that decides: signals with their weights, thresholds, caps, composites, trust, pace, raid mode.

    VALUE is what holds, DEFAULT what holds where nothing is set. Weights stand under the plugin that gives the signal.
    """
    loaded = settings_of(config)
    pipeline = pipeline_of(loaded)
    rows = [asdict(rule) for rule in listing(loaded.values.moderation, pipeline.weighed())]
    asyncio.run(pipeline.close())
    Screen(as_json=as_json).many(rows, ("kind", "name", "value", "default", "given_by", "meaning"), "There are no rules.")


def _counted(lines: Iterable[bytes]) -> Iterator[bytes]:
    """The lines, with their number on a terminal that does not get the data itself."""
    if not sys.stderr.isatty() or sys.stdout.isatty():
        yield from lines
        return
    number = 0
    for number, line in enumerate(lines, 1):
        yield line
        if number % PACE == 0:
            click.echo(f"\r{number} lines", err=True, nl=False)
    click.echo(f"\r{number} lines", err=True)
