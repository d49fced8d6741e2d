"""`relay post`: send to everyone in a community, and watch what becomes of it."""

import sys
import time
from collections.abc import Mapping
from typing import Any

import click

from relay.cli.client import Json, path
from relay.cli.screen import as_line
from relay.cli.session import Session, connected, limit_option, yes_option
from relay.cli.shape import Exit, Failure, Group

COLUMNS = ("id", "state", "audience", "created_at", "text")
PAUSE = 0.5  # seconds between two looks at a post
UNDER_WAY = ("planned", "deferred", "sending", "sent")
"""States from which a delivery may still arrive."""


@click.group(cls=Group)
def post() -> None:
    """Posts: what everyone in a community gets."""


@post.command(
    examples=[
        'relay post send pool "We are closed tomorrow."',
        "relay post send pool --yes --watch - < text.txt",
        'relay post send pool "Who comes?" --button yes=Yes --button no=No --ask "other=Something else"',
    ]
)
@click.argument("community")
@click.argument("text")
@click.option("--title", help="a line above the text")
@click.option("--button", "buttons", metavar="ID=LABEL", multiple=True, help="an answer that is counted; up to three")
@click.option("--ask", "asks", metavar="ID=LABEL", multiple=True, help="a button that opens a conversation")
@click.option("--expires-at", metavar="TIME", help="RFC 3339, such as 2026-06-01T18:00:00+02:00")
@click.option("--urgent", is_flag=True, help="mark it as urgent")
@click.option("--dry-run", is_flag=True, help="show what would be sent, and send nothing")
@click.option("--watch", "watched", is_flag=True, help="then watch it until it is out")
@yes_option
@connected
def send(session: Session, community: str, text: str, **given: object) -> None:
    """Send a post to every member of a community. TEXT is - to read it from standard input."""
    body = _body(sys.stdin.read().strip() if text == "-" else text, given)
    found = session.client.get(path("communities", community))
    if given["dry_run"]:
        session.screen.one({"community": found["slug"], "post": body})
        session.screen.say("Nothing was sent.")
        return
    session.screen.confirm(f"Send this to everybody in {found['name']}?", yes=bool(given["yes"]))
    sent = session.client.post(path("communities", community, "posts"), body)
    session.screen.one(sent)
    if given["watched"]:
        _watch(session, sent["id"], until_delivered=False)


@post.command("list", examples=["relay post list pool", "relay post list pool --limit 5 --json"])
@click.argument("community")
@limit_option
@connected
def list_posts(session: Session, community: str, limit: int) -> None:
    """Show the posts of a community, the newest first."""
    posts = session.client.pages(path("communities", community, "posts"), limit)
    session.screen.many(posts, COLUMNS, "Nothing was posted yet.")


@post.command(examples=["relay post show POST", "relay post show POST --json"])
@click.argument("post_id", metavar="POST")
@connected
def show(session: Session, post_id: str) -> None:
    """Show a post with its counts, which always sum to the audience."""
    session.screen.one(session.client.get(path("posts", post_id)))


@post.command(examples=["relay post watch POST", "relay post watch POST --delivered --json"])
@click.argument("post_id", metavar="POST")
@click.option("--delivered", is_flag=True, help="until nobody's device is waited for any more, instead of until all is sent")
@connected
def watch(session: Session, post_id: str, *, delivered: bool) -> None:
    """Show a post's counts as they change, until it is out."""
    _watch(session, post_id, until_delivered=delivered)


def _watch(session: Session, post_id: str, *, until_delivered: bool) -> None:
    """One line that changes on a terminal, a line for each change in a pipe."""
    is_live = sys.stdout.isatty() and not session.screen.as_json
    before = ""
    while True:
        found = session.client.get(path("posts", post_id))
        counts: dict[str, int] = found["counts"]
        told = as_line({"at_state": found["state"], **counts}) if session.screen.as_json else _line(found["audience"], counts)
        if told != before:
            click.echo(f"\r\x1b[K{told}" if is_live else told, nl=not is_live)
        before = told
        waiting = sum(counts[state] for state in UNDER_WAY) if until_delivered else found["state"] == "sending"
        if not waiting:
            if is_live:
                click.echo()
            return
        time.sleep(PAUSE)


def _line(audience: int, counts: dict[str, int]) -> str:
    parts = [f"{count} {state}" for state, count in counts.items() if count]
    return f"{audience} members: " + (", ".join(parts) or "nobody")


def _body(text: str, given: Mapping[str, Any]) -> Json:
    body: Json = {"text": text}
    buttons = [_button(one, opens_thread=False) for one in given["buttons"]] + [
        _button(one, opens_thread=True) for one in given["asks"]
    ]
    body |= {name: given[name] for name in ("title", "expires_at") if given[name]}
    if buttons:
        body["buttons"] = buttons
    if given["urgent"]:
        body["urgent"] = True
    return body


def _button(text: str, *, opens_thread: bool) -> Json:
    name, equals, label = text.partition("=")
    if not (name and equals and label):
        raise Failure(f"{text!r} is no button: write ID=LABEL, such as yes=Yes.", Exit.USAGE)
    return {"id": name, "label": label, "opens_thread": opens_thread}
