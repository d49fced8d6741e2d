"""`relay staff`: the people who work for the company."""

import click

from relay.cli.client import path
from relay.cli.session import Session, connected, each, show_token, yes_option
from relay.cli.shape import Exit, Failure, Group
from relay.core.staff import known_as

COLUMNS = ("id", "name", "role", "created_at", "removed_at")
ROLES = ("owner", "manager", "agent", "moderator", "auditor")


@click.group(cls=Group)
def staff() -> None:
    """Staff: the people who work for the company."""


@staff.command(examples=["relay staff add Eva --role agent", "relay staff add Max --role moderator --json"])
@click.argument("name")
@click.option("--role", type=click.Choice(ROLES), required=True, help="what they may do")
@connected
def add(session: Session, name: str, role: str) -> None:
    """Add a person; shows a link for their browser and a token for programs, once.

    The link lets them choose a passphrase. It works for 24 hours, and once.
    """
    session.screen.one(session.client.post(path("staff"), {"name": name, "role": role}))
    session.screen.say("Keep both, each is shown this once: the link is for a browser, the token for the command line.")


@staff.command("list", examples=["relay staff list"])
@connected
def list_staff(session: Session) -> None:
    """Show the people and their roles."""
    session.screen.many(session.client.short(path("staff")), COLUMNS, "There is nobody.")


@staff.command(examples=["relay staff link Eva", "relay staff link Owner --json"])
@click.argument("name")
@connected
def link(session: Session, name: str) -> None:
    """Make a link with which a person chooses a passphrase, such as who forgot theirs.

    It works for 24 hours, and once. NAME is a name or an id. Nothing of theirs ends until it is used.
    """
    session.screen.one(session.client.post(path("staff", _person(session, name), "links"), {}))
    session.screen.say("Give them this link on a way that only they read: it is shown this once.")


def _person(session: Session, name: str) -> str:
    """The id of who works here under that name. Raises Failure when there is nobody."""
    people = [one for one in session.client.short(path("staff")) if one["removed_at"] is None]
    found = [one["id"] for one in people if one["id"] == name or known_as(one["name"]) == known_as(name)]
    if not found:
        raise Failure(f"Nobody here is called {name}. `relay staff list` shows who is here.", Exit.FAILED)
    return str(found[0])


@staff.command(examples=["relay staff token STAFF --yes"])
@click.argument("staff_id", metavar="STAFF")
@yes_option
@connected
def token(session: Session, staff_id: str, *, yes: bool) -> None:
    """Give a person a new token, shown once; the one before ends at once."""
    session.screen.confirm("End the token that this person has?", yes=yes)
    show_token(session, session.client.post(path("staff", staff_id, "tokens"), {}))


@staff.command(examples=["relay staff remove STAFF --yes"])
@click.argument("staff_ids", metavar="STAFF...", nargs=-1, required=True)
@yes_option
@connected
def remove(session: Session, staff_ids: tuple[str, ...], *, yes: bool) -> None:
    """End people's access, at once and everywhere; what they did stays."""
    session.screen.confirm(f"End the access of {len(staff_ids)}?", yes=yes)
    each(session, staff_ids, lambda one: session.client.delete(path("staff", one)))
    session.screen.say("Removed.")
