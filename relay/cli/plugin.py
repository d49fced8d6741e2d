"""`relay plugin`: how plugins do in a relay, and whether one of your own keeps its word."""

import sys
from pathlib import Path

import click

from relay.cli.client import path
from relay.cli.screen import Screen
from relay.cli.session import Session, connected
from relay.cli.shape import Exit, Failure, Group

file_argument = click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
json_option = click.option("--json", "as_json", is_flag=True, help="JSON, one object a line")


@click.group(cls=Group)
def plugin() -> None:
    """Plugins: what looks at members' messages."""


@plugin.command("list", examples=["relay plugin list pool", "relay plugin list pool --json"])
@click.argument("community")
@connected
def list_plugins(session: Session, community: str) -> None:
    """Show the plugins that are switched on, and how they are doing.

    MODE is where one really runs: inline (in the relay's own process) or worker (in a process of its own). STATE is running,
    starting, waiting (for its next try after failures) or broken; but for the first, its messages are held for a person.
    """
    plugins = session.client.short(path("communities", community, "plugins"))
    columns = ("name", "version", "stage", "mode", "state", "runs", "hits", "errors", "restarts", "mean_us", "note")
    session.screen.many(plugins, columns, "No plugin is switched on.")


@plugin.command("test", examples=["relay plugin test my-plugins/shouting.py", "relay plugin test plugins/words.py --json"])
@file_argument
@json_option
def test_plugin(file: Path, *, as_json: bool) -> None:
    """Prove that the plugins in FILE keep their word, with their default options.

    Looked at: the label, descriptions, examples (here and in a worker process), the longest text within the deadline, random
    Unicode. The file is run, so it should be yours or one that you have read. The exit code is 1 when something is not kept.
    """
    from relay.loader import PluginError, classes_of
    from relay.observe import LogSettings, set_up_logs
    from relay.testing.moderation import PluginFaultError, check_plugin

    set_up_logs(sys.stderr, LogSettings(level="error"))  # what is wrong is said below
    screen = Screen(as_json=as_json)
    try:
        kept = classes_of(file)
        for found in kept:
            check_plugin(found)
    except PluginError as error:
        raise Failure(str(error), Exit.USAGE) from None
    except PluginFaultError as error:
        raise Failure(f"{file}:\n{error}") from None
    rows = [
        {"name": found.name, "version": found.version, "stage": found.stage, "examples": len(found.examples)} for found in kept
    ]
    screen.many(rows, ("name", "version", "stage", "examples"), "There is nothing to test.")
    screen.say("It keeps its word." if len(kept) == 1 else "They keep their word.")


@plugin.command("bench", examples=["relay plugin bench my-plugins/shouting.py", "relay plugin bench plugins/words.py --json"])
@file_argument
@json_option
def bench_plugin(file: Path, *, as_json: bool) -> None:
    """Measure one check of the plugins in FILE in microseconds, inside and in a worker, on their own examples.

    The file is run, so it should be yours or one that you have read.
    """
    from relay.loader import PluginError, classes_of
    from relay.observe import LogSettings, set_up_logs
    from relay.testing.pace import paces

    set_up_logs(sys.stderr, LogSettings(level="warning"))
    screen = Screen(as_json=as_json)
    try:
        rows = [{"name": found.name, **row} for found in classes_of(file) for row in paces(found)]
    except PluginError as error:
        raise Failure(str(error), Exit.USAGE) from None
    screen.many(rows, ("name", "mode", "checks", "p50_us", "p99_us", "failed", "note"), "There is nothing to measure.")
