"""`relay session`: the browsers that a person of staff is signed in with."""

import click

from relay.cli.client import path
from relay.cli.session import Session, connected, each, yes_option
from relay.cli.shape import Group

COLUMNS = ("id", "browser", "created_at", "seen_at", "expires_at")


@click.group(cls=Group)
def session() -> None:
    """Sessions: the browsers you are signed in with."""


@session.command("list", examples=["relay session list"])
@connected
def list_sessions(session: Session) -> None:
    """Show your own sessions; the token that asks is none of them."""
    session.screen.many(session.client.short(path("sessions")), COLUMNS, "You are signed in with no browser.")


@session.command(examples=["relay session revoke SESSION --yes"])
@click.argument("session_ids", metavar="SESSION...", nargs=-1, required=True)
@yes_option
@connected
def revoke(session: Session, session_ids: tuple[str, ...], *, yes: bool) -> None:
    """End sessions of yours, at once."""
    session.screen.confirm(f"End {len(session_ids)} session{'s' * (len(session_ids) > 1)}?", yes=yes)
    each(session, session_ids, lambda one: session.client.delete(path("sessions", one)))
    session.screen.say("Ended.")
