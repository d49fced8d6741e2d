"""`relay doctor`: looks at all that a relay stands on, and says what to do about what is wrong."""

import asyncio
import os
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable
from functools import partial
from pathlib import Path

import click

from relay.cli.configured import config_option, data_option
from relay.cli.doctor.broker import broker
from relay.cli.doctor.database import database
from relay.cli.doctor.finding import Finding, State, broken, guarded
from relay.cli.doctor.folder import copies, folder, secrets
from relay.cli.doctor.machine import disk, files, sqlite
from relay.cli.doctor.patient import Patient, patient, settings
from relay.cli.doctor.plugins import plugins
from relay.cli.doctor.running import running
from relay.cli.screen import Screen, as_line, shown
from relay.cli.shape import Command
from relay.observe import LogSettings, set_up_logs

LOOKS: tuple[tuple[str, Callable[[Patient], Iterable[Finding]]], ...] = (
    ("settings", settings),
    ("folder", folder),
    ("running", running),
    ("disk", disk),
    ("files", files),
    ("sqlite", sqlite),
    ("copies", copies),
    ("secrets", secrets),
    ("plugins", plugins),
)
COLOURS = {State.OK: "green", State.WARN: "yellow", State.FAIL: "red"}
WIDTH = 10  # of the longest name of a check


@click.command(
    cls=Command,
    examples=[
        "relay doctor --data /var/lib/relay",
        "relay doctor --config relay.toml --thorough",
        "relay doctor --json | jq 'select(.state != \"ok\")'",
    ],
)
@config_option
@data_option
@click.option("--thorough", is_flag=True, help="also compare the database's indexes with its tables; may take minutes")
@click.option("--json", "as_json", is_flag=True, help="JSON, one object a line")
def doctor(config: Path | None, data: Path | None, *, thorough: bool, as_json: bool) -> None:
    """Look at all that the relay stands on, and say what to do.

    Settings, folder, database, disk, clock, plugins, broker: each line is ok, warn or fail, with the fix. It changes nothing,
    whether a relay runs, is stopped or is broken. Run it as the user that the relay runs as. The exit code is 1 when a line
    fails.
    """
    set_up_logs(sys.stderr, LogSettings(level="warning"))
    screen = Screen(as_json=as_json)
    found = asyncio.run(_told(patient(config, data, os.environ, is_thorough=thorough), screen))
    screen.say(f"{found[State.OK]} ok, {found[State.WARN]} to look at, {found[State.FAIL]} failed.")
    if found[State.FAIL]:
        click.get_current_context().exit(1)


async def _told(asked: Patient, screen: Screen) -> Counter[State]:
    """Each line is shown as it is found."""
    count: Counter[State] = Counter()
    async for finding in examined(asked):
        _show(screen, finding)
        count[finding.state] += 1
    return count


async def examined(asked: Patient) -> AsyncIterator[Finding]:
    """Everything that is found; whatever stands there, this goes to its end."""
    for name, look in LOOKS:
        for finding in guarded(name, partial(look, asked)):
            yield finding
    for name, ask in (("database", database), ("broker", broker)):
        try:
            async for finding in ask(asked):
                yield finding
        except Exception as error:  # noqa: BLE001  as `guarded`
            yield broken(name, error)


def _show(screen: Screen, finding: Finding) -> None:
    if screen.as_json:
        line = {"check": finding.check, "state": finding.state, "what": finding.what, "fix": finding.fix or None}
        click.echo(as_line(line))
        return
    state = click.style(finding.state.ljust(4), fg=COLOURS[finding.state], bold=finding.state is not State.OK)
    click.echo(f"{state}  {finding.check.ljust(WIDTH)}  {shown(finding.what)}")
    if finding.fix:
        click.echo(f"{'':{WIDTH + 8}}-> {shown(finding.fix)}")
