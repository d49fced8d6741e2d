"""`relay member`: add people who opted in, look at them, give them tokens, and erase them."""

import json
from collections.abc import Iterator
from pathlib import Path

import click

from relay.cli.client import Json, path
from relay.cli.session import Session, connected, each, limit_option, show_token, yes_option
from relay.cli.shape import Exit, Failure, Group
from relay.core.member import Lift

COLUMNS = ("id", "pseudonym", "language", "standing", "joined_at")
REASONS = tuple(one.value for one in Lift)


@click.group(cls=Group)
def member() -> None:
    """Members: the people who opted in."""


@member.command(
    examples=[
        "relay member add pool --name Ada",
        "relay member add pool --name Jörg --language de --tag season --source desk --text-version 2026-05",
        "relay member add pool --file members.jsonl --json > tokens.jsonl",
    ]
)
@click.argument("community")
@click.option("--name", help="as staff may see it once the pseudonym is lifted")
@click.option("--language", help="such as de")
@click.option("--time-zone", help="such as Europe/Berlin")
@click.option("--tag", "tags", multiple=True, help="may be given several times")
@click.option("--source", default="command line", show_default=True, help="where the consent was given")
@click.option("--text-version", default="1", show_default=True, help="which text was consented to")
@click.option("--file", type=click.Path(path_type=Path, dir_okay=False, exists=True), help="JSON lines, a member each")
@connected
def add(session: Session, community: str, file: Path | None, **given: object) -> None:
    """Add a member who has opted in; shows their token, once.

    A line of --file holds what the API takes: {"name", "language", "tags", ...}; the consent comes from the options where a
    line has none.
    """
    where = path("communities", community, "members")
    consent = {name: given.pop(name) for name in ("source", "text_version")}
    if file is None:
        body = {name: value for name, value in given.items() if value}
        show_token(session, session.client.post(where, {"consent": consent, **body}))
        return
    lines = dict(_lines(file))
    session.screen.say("Keep the tokens: each is shown this once.")
    each(session, lines, lambda place: session.client.post(where, {"consent": consent, **lines[place]}))


@member.command("list", examples=["relay member list pool", "relay member list pool --limit 1000 --json"])
@click.argument("community")
@limit_option
@connected
def list_members(session: Session, community: str, limit: int) -> None:
    """Show the members of a community."""
    members = session.client.pages(path("communities", community, "members"), limit)
    session.screen.many(members, COLUMNS, "There is no member yet.")


@member.command(examples=["relay member show MEMBER"])
@click.argument("member_id", metavar="MEMBER")
@connected
def show(session: Session, member_id: str) -> None:
    """Show one member."""
    session.screen.one(session.client.get(path("members", member_id)))


@member.command(examples=["relay member lift MEMBER --reason request"])
@click.argument("member_id", metavar="MEMBER")
@click.option("--reason", required=True, type=click.Choice(REASONS), help="stands in the audit log")
@connected
def lift(session: Session, member_id: str, reason: str) -> None:
    """Show the name behind a pseudonym."""
    session.screen.one(session.client.post(path("members", member_id) + ":lift", {"reason": reason}))


@member.command(
    examples=[
        "relay member token MEMBER",
        "relay member token MEMBER --device phone",
        "relay member token MEMBER --kind mqtt --device phone",
    ]
)
@click.argument("member_id", metavar="MEMBER")
@click.option("--device", help="the token before it of the same device ends")
@click.option("--kind", type=click.Choice(["web", "mqtt"]), default="web", show_default=True, help="what it opens")
@connected
def token(session: Session, member_id: str, device: str | None, kind: str) -> None:
    """Give a member a further token; it is shown once.

    Over MQTT it is the password of the user MEMBER.DEVICE, whose client id is the same.
    """
    body = {"kind": kind, **({"device": device} if device else {})}
    show_token(session, session.client.post(path("members", member_id, "tokens"), body))


@member.command(examples=["relay member revoke MEMBER", "relay member revoke MEMBER --device phone --yes"])
@click.argument("member_id", metavar="MEMBER")
@click.option("--device", help="only the tokens of this device")
@yes_option
@connected
def revoke(session: Session, member_id: str, device: str | None, *, yes: bool) -> None:
    """End a member's tokens, at once and on every device; they stay a member."""
    which = "all tokens" if device is None else f"the tokens of the device {device!r}"
    session.screen.confirm(f"End {which} of this member?", yes=yes)
    session.client.delete(path("members", member_id, "tokens"), device=device)
    session.screen.say("Ended.")


@member.command(examples=["relay member erase MEMBER", "relay member erase MEMBER --yes"])
@click.argument("member_ids", metavar="MEMBER...", nargs=-1, required=True)
@yes_option
@connected
def erase(session: Session, member_ids: tuple[str, ...], *, yes: bool) -> None:
    """Erase members and all that is theirs; only the count in the posts they got stays."""
    count = len(member_ids)
    session.screen.confirm(f"Erase {count} member{'s' * (count > 1)} for good?", yes=yes)
    each(session, member_ids, lambda one: session.client.delete(path("members", one)))
    session.screen.say("Erased; `relay member erasure` says when it is confirmed.")


@member.command(examples=["relay member erasure MEMBER", "relay member erasure MEMBER --json | jq .confirmed_at"])
@click.argument("member_id", metavar="MEMBER")
@connected
def erasure(session: Session, member_id: str) -> None:
    """Show when a member was erased, and when nothing of theirs was left in any file of the relay."""
    session.screen.one(session.client.get(path("members", member_id, "erasure")))


@member.command(examples=["RELAY_TOKEN=$MEMBERS_TOKEN relay member export > mine.json"])
@connected
def export(session: Session) -> None:
    """Show all that the relay holds of a member; takes the member's own token."""
    session.screen.one(session.client.get(path("me", "export")))


def _lines(file: Path) -> Iterator[tuple[str, Json]]:
    """Each member with the place in the file. Raises Failure at a line that is none, before anything is sent."""
    for number, line in enumerate(file.read_text("utf-8").splitlines(), 1):
        if not line.strip():
            continue
        try:
            found = json.loads(line)
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise Failure(f"{file}:{number}: is no JSON object. Nothing was added.", Exit.USAGE)
        yield f"{file}:{number}", found
