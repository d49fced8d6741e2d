"""`relay thread`: read, answer and close the private conversations of members with staff."""

import sys

import click

from relay.cli.client import Json, path
from relay.cli.session import Session, connected, each, limit_option
from relay.cli.shape import Group

COLUMNS = ("id", "member.pseudonym", "state", "assignee", "labels", "active_at")
MESSAGES = ("at", "role", "status", "text")
STATES = ("open", "waiting", "snoozed", "closed")


@click.group(cls=Group)
def thread() -> None:
    """Threads: a member's private conversation with staff."""


@thread.command(
    "list",
    examples=["relay thread list pool", "relay thread list pool --state open --post POST", "relay thread list pool -q sauna"],
)
@click.argument("community")
@click.option("--state", type=click.Choice(STATES), help="only such")
@click.option("--assignee", metavar="STAFF", help="only theirs")
@click.option("--label", help="only with this label")
@click.option("--post", metavar="POST", help="only what answers this post")
@click.option("--query", "-q", "q", metavar="WORDS", help="only what holds these words")
@limit_option
@connected
def list_threads(session: Session, community: str, limit: int, **wanted: object) -> None:
    """Show the threads of a community, the most lively first."""
    threads = session.client.pages(path("communities", community, "threads"), limit, **wanted)
    session.screen.many(threads, COLUMNS, "No thread fits. One begins when a member answers, or when staff write first.")


@thread.command(examples=["relay thread show THREAD", "relay thread show THREAD --json"])
@click.argument("thread_id", metavar="THREAD")
@connected
def show(session: Session, thread_id: str) -> None:
    """Show a thread with its messages."""
    where = path("threads", thread_id)
    found = session.client.get(where)
    messages = list(session.client.pages(f"{where}/messages"))
    if session.screen.as_json:
        session.screen.one({**found, "messages": messages})
        return
    session.screen.one(found)
    click.echo()
    session.screen.many(messages, MESSAGES, "Nothing was said in it yet.")


@thread.command(
    examples=['relay thread answer THREAD "Only the sauna opens, at ten."', "relay thread answer THREAD - < answer.txt"]
)
@click.argument("thread_id", metavar="THREAD")
@click.argument("text")
@connected
def answer(session: Session, thread_id: str, text: str) -> None:
    """Answer the member, and nobody else. TEXT is - to read it from standard input."""
    session.screen.one(_write(session, thread_id, text, internal=False))


@thread.command(examples=['relay thread note THREAD "Asked the lifeguard, waiting."'])
@click.argument("thread_id", metavar="THREAD")
@click.argument("text")
@connected
def note(session: Session, thread_id: str, text: str) -> None:
    """Write a note that nobody outside staff sees. TEXT is - to read it from standard input."""
    session.screen.one(_write(session, thread_id, text, internal=True))


@thread.command(
    examples=["relay thread close THREAD", "relay thread list pool -q thanks --json | jq -r .id | xargs relay thread close"]
)
@click.argument("thread_ids", metavar="THREAD...", nargs=-1, required=True)
@connected
def close(session: Session, thread_ids: tuple[str, ...]) -> None:
    """Close threads; a new message of the member opens them again."""
    each(session, thread_ids, lambda one: _close(session, one))


def _close(session: Session, thread_id: str) -> Json:
    where = path("threads", thread_id)
    version = session.client.get(where)["version"]
    return session.client.patch(where, {"state": "closed", "version": version})


def _write(session: Session, thread_id: str, text: str, *, internal: bool) -> Json:
    said = sys.stdin.read().strip() if text == "-" else text
    return session.client.post(path("threads", thread_id, "messages"), {"text": said, "internal": internal})
