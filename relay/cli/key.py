"""`relay key`: credentials of company systems."""

import click

from relay.cli.client import path
from relay.cli.session import Session, connected, each, show_token, yes_option
from relay.cli.shape import Group
from relay.core.staff import SCOPES

COLUMNS = ("id", "name", "scopes", "created_at", "expires_at", "revoked_at")


@click.group(cls=Group)
def key() -> None:
    """Keys: credentials of company systems."""


@key.command(examples=["relay key add shop --scope posts:write --scope members:write"])
@click.argument("name")
@click.option("--scope", "scopes", type=click.Choice(SCOPES), multiple=True, required=True, help="may be given several times")
@click.option("--expires-at", metavar="TIME", help="RFC 3339, such as 2027-01-01T00:00:00Z")
@connected
def add(session: Session, name: str, scopes: tuple[str, ...], expires_at: str | None) -> None:
    """Add a key; shows its token, once."""
    body = {"name": name, "scopes": list(scopes), **({"expires_at": expires_at} if expires_at else {})}
    show_token(session, session.client.post(path("keys"), body))


@key.command("list", examples=["relay key list"])
@connected
def list_keys(session: Session) -> None:
    """Show the keys and what they may do; their tokens are stored nowhere."""
    session.screen.many(session.client.short(path("keys")), COLUMNS, "There is no key.")


@key.command(examples=["relay key revoke KEY --yes"])
@click.argument("key_ids", metavar="KEY...", nargs=-1, required=True)
@yes_option
@connected
def revoke(session: Session, key_ids: tuple[str, ...], *, yes: bool) -> None:
    """End keys, at once."""
    session.screen.confirm(f"Revoke {len(key_ids)} key{'s' * (len(key_ids) > 1)}?", yes=yes)
    each(session, key_ids, lambda one: session.client.delete(path("keys", one)))
    session.screen.say("Revoked.")
