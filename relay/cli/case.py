"""`relay case`: decide about messages that moderation held."""

import click

from relay.cli.client import path
from relay.cli.session import Session, connected, each, limit_option, yes_option
from relay.cli.shape import Group

COLUMNS = ("id", "kind", "state", "member.pseudonym", "opened_at", "text")
STATES = ("open", "delivered", "rejected", "appealed")


@click.group(cls=Group)
def case() -> None:
    """Cases: messages that wait for a person's decision."""


@case.command("list", examples=["relay case list pool", "relay case list pool --state appealed --json"])
@click.argument("community")
@click.option("--state", type=click.Choice(STATES), help="only such")
@limit_option
@connected
def list_cases(session: Session, community: str, state: str | None, limit: int) -> None:
    """Show the cases of a community."""
    cases = session.client.pages(path("communities", community, "cases"), limit, state=state)
    session.screen.many(cases, COLUMNS, "No case fits. One opens when moderation holds, marks or rejects a message.")


@case.command(examples=["relay case show CASE"])
@click.argument("case_id", metavar="CASE")
@connected
def show(session: Session, case_id: str) -> None:
    """Show a case with its signals and reasons."""
    session.screen.one(session.client.get(path("cases", case_id)))


@case.command(
    examples=[
        'relay case decide deliver CASE --reason "Angry, but fair."',
        'relay case decide reject CASE CASE --reason "Insults are not read here." --yes',
    ]
)
@click.argument("action", type=click.Choice(["deliver", "reject"]))
@click.argument("case_ids", metavar="CASE...", nargs=-1, required=True)
@click.option("--reason", required=True, help="goes into the log, and to the member with a rejection")
@yes_option
@connected
def decide(session: Session, action: str, case_ids: tuple[str, ...], reason: str, *, yes: bool) -> None:
    """Let messages through to their threads, or reject them; a rejected member is told why."""
    if action == "reject":
        count = len(case_ids)
        session.screen.confirm(f"Reject {count} message{'s' * (count > 1)} and tell the member{'s' * (count > 1)}?", yes=yes)
    body = {"action": action, "reason": reason}
    each(session, case_ids, lambda one: session.client.post(path("cases", one, ":decide"), body))
