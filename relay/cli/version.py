"""`relay version`."""

import platform

import click

from relay import __version__
from relay.cli.screen import Screen
from relay.cli.shape import Command


@click.command(cls=Command, examples=["relay version", "relay version --json"])
@click.option("--json", "as_json", is_flag=True, help="JSON, one object a line")
def version(*, as_json: bool) -> None:
    """Show the version."""
    if as_json:
        Screen(as_json=True).one({"version": __version__, "python": platform.python_version()})
    else:
        click.echo(__version__)
