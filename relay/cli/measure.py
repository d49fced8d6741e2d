"""`relay measure`: what stands against a member, and what people of staff impose, end and decide."""

from datetime import UTC, datetime, timedelta

import click

from relay.cli.client import path
from relay.cli.session import Session, connected, limit_option, yes_option
from relay.cli.shape import Group
from relay.core.ladder import MeasureKind

COLUMNS = ("id", "kind", "state", "is_in_force", "until", "by", "reason")
PROPOSED = ("measure.id", "measure.kind", "member.id", "member.pseudonym", "measure.at")
KEPT = ("at", "measure", "thread", "text")
KINDS = tuple(kind.value for kind in MeasureKind)


@click.group(cls=Group)
def measure() -> None:
    """Measures: warn, slow mode, pre-moderation, mute, ban; always for a time."""


@measure.command("list", examples=["relay measure list MEMBER", "relay measure list MEMBER --json | jq 'select(.is_in_force)'"])
@click.argument("member_id", metavar="MEMBER")
@connected
def list_measures(session: Session, member_id: str) -> None:
    """Show the measures of a member; how many points their strikes have left is said beside."""
    found = session.client.get(path("members", member_id, "measures"))
    session.screen.many(found["measures"], COLUMNS, "No measure was ever taken.")
    counted = [each for each in found["strikes"] if each["taken_back_at"] is None]
    session.screen.say(f"{found['points']:g} points of {len(counted)} strikes are left.")


@measure.command(
    examples=[
        'relay measure impose MEMBER --kind mute --days 1 --reason "Insults, again."',
        'relay measure impose MEMBER --kind pre_moderation --days 7 --reason "Adverts." --yes',
    ]
)
@click.argument("member_id", metavar="MEMBER")
@click.option("--kind", type=click.Choice(KINDS), required=True, help="what they meet")
@click.option("--days", type=click.FloatRange(0, 366, min_open=True), required=True, help="for how long; it ends by itself")
@click.option("--reason", required=True, help="the member reads it; of shadow mode in their export")
@yes_option
@connected
def impose(session: Session, member_id: str, days: float, *, yes: bool, **given: str) -> None:
    """Impose a measure on a member; they are told what, why, until when, and how to object.

    Of shadow mode they are told nothing while it holds, and all of it in their export. It needs the operator's word in the
    configuration, moderation.allow_shadow.
    """
    told = "without telling them" if given["kind"] == MeasureKind.SHADOW else "and tell them"
    session.screen.confirm(f"Impose {given['kind']} on this member for {days:g} days {told}?", yes=yes)
    until = datetime.now(UTC) + timedelta(days=days)
    body = {**given, "until": until.isoformat(timespec="seconds")}
    session.screen.one(session.client.post(path("members", member_id, "measures"), body))


@measure.command(examples=["relay measure lift MEASURE"])
@click.argument("measure_id", metavar="MEASURE")
@connected
def lift(session: Session, measure_id: str) -> None:
    """End a measure before its time; the member is told.

    What shadow mode kept comes into the inbox, also where its time is over.
    """
    session.screen.one(session.client.post(path("measures", measure_id) + ":lift", {}))


@measure.command(examples=["relay measure kept MEMBER", "relay measure kept MEMBER --json | jq -r .text"])
@click.argument("member_id", metavar="MEMBER")
@limit_option
@connected
def kept(session: Session, member_id: str, limit: int) -> None:
    """Show the messages of a member that shadow mode keeps out of the inbox; the audit log has it."""
    found = session.client.pages(path("members", member_id, "shadow"), limit)
    session.screen.many(found, KEPT, "Nothing of this member is kept out of the inbox.")


@measure.command(examples=["relay measure proposed pool"])
@click.argument("community")
@limit_option
@connected
def proposed(session: Session, community: str, limit: int) -> None:
    """Show the bans that the ladder proposes."""
    found = session.client.pages(path("communities", community, "measures"), limit)
    session.screen.many(found, PROPOSED, "No ban is proposed.")


@measure.command(examples=['relay measure confirm MEASURE --reason "Threats, five times in two weeks."'])
@click.argument("measure_id", metavar="MEASURE")
@click.option("--reason", required=True, help="the member reads it")
@yes_option
@connected
def confirm(session: Session, measure_id: str, reason: str, *, yes: bool) -> None:
    """Impose a proposed ban; the member is told."""
    session.screen.confirm("Ban this member and tell them?", yes=yes)
    session.screen.one(session.client.post(path("measures", measure_id) + ":confirm", {"reason": reason}))


@measure.command(examples=["relay measure dismiss MEASURE"])
@click.argument("measure_id", metavar="MEASURE")
@connected
def dismiss(session: Session, measure_id: str) -> None:
    """Let a proposed ban come to nothing; the member hears nothing of it."""
    session.screen.one(session.client.post(path("measures", measure_id) + ":dismiss", {}))
