"""`relay plugin`."""

import click

from relay.cli.client import path
from relay.cli.session import Session, connected
from relay.cli.shape import Group


@click.group(cls=Group)
def plugin() -> None:
    """Plugins: what looks at members' messages."""


@plugin.command("list", examples=["relay plugin list pool", "relay plugin list pool --json"])
@click.argument("community")
@connected
def list_plugins(session: Session, community: str) -> None:
    """Show the plugins that are switched on, and how they are doing."""
    plugins = session.client.short(path("communities", community, "plugins"))
    columns = ("name", "version", "stage", "mode", "runs", "hits", "errors", "mean_us", "note")
    session.screen.many(plugins, columns, "No plugin is switched on.")
