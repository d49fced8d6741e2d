"""`relay check`: says whether a configuration can be used, and what holds."""

import asyncio
from pathlib import Path

import click

from relay.cli.configured import config_option, pipeline_of, settings_of
from relay.cli.screen import Screen
from relay.cli.shape import Command
from relay.compose.moderation import SHADOW


@click.command(
    cls=Command,
    examples=["relay check --config relay.toml", "relay check --show", "relay check --show --json | grep http"],
)
@config_option
@click.option("--show", is_flag=True, help="show every value and where it comes from; secrets are masked")
@click.option("--json", "as_json", is_flag=True, help="JSON, one object a line")
def check(config: Path | None, *, show: bool, as_json: bool) -> None:
    """Check a configuration without starting anything.

    Names file, line and key of every fault. The exit code is 0 when it can be used and 2 when it cannot.
    """
    screen = Screen(as_json=as_json)
    loaded = settings_of(config)
    asyncio.run(pipeline_of(loaded).close())
    if show:
        rows = ({"key": key, "value": plain(value), "origin": origin} for key, value, origin in loaded.shown())
        screen.many(rows, ("key", "value", "origin"), "Nothing can be set.")
    else:
        screen.say(f"{config or 'The configuration'} can be used.")
    if loaded.values.moderation.allow_shadow:
        screen.say(f"Mind: {SHADOW}.")


def plain(value: object) -> object:
    """A value as JSON knows it."""
    if isinstance(value, str | int | float | bool | None):
        return value
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(one) for one in value]
    return {str(name): plain(one) for name, one in value.items()} if isinstance(value, dict) else str(value)
