"""`relay community`: create, list, show and edit the audiences a company runs."""

from collections.abc import Callable, Mapping

import click

from relay.cli.client import Json, path
from relay.cli.session import Session, connected
from relay.cli.shape import Exit, Failure, Group

COLUMNS = ("slug", "name", "language", "closed_at")
PLAIN = ("name", "language", "time_zone", "imprint", "privacy_url", "closed")
LIMITS = ("posts_per_day", "retention_days")


@click.group(cls=Group)
def community() -> None:
    """Communities: the audiences a company runs."""


def _described(function: Callable[..., None]) -> Callable[..., None]:
    """Add the options that create and edit share."""
    options = (
        click.option("--language", help="language of those who chose none, such as de"),
        click.option("--time-zone", help="such as Europe/Berlin"),
        click.option("--imprint", help="who runs it, with their address"),
        click.option("--privacy-url", help="address of the privacy notice"),
        click.option(
            "--quiet", metavar="FROM-TO", help="quiet hours, such as 21:00-08:00; kept, posts do not wait for them yet"
        ),
        click.option("--posts-per-day", type=click.IntRange(1), help="most posts a day; kept, not enforced yet"),
        click.option(
            "--retention-days",
            type=click.IntRange(1),
            help="days after which messages may go; kept, nothing goes by itself yet",
        ),
    )
    for option in reversed(options):
        function = option(function)
    return function


@community.command(
    examples=[
        'relay community create pool --name "Town Pool"',
        "relay community create bad --name Freibad --language de --time-zone Europe/Berlin --quiet 21:00-08:00",
    ]
)
@click.argument("slug")
@click.option("--name", required=True, help="as members see it")
@_described
@connected
def create(session: Session, slug: str, **given: object) -> None:
    """Create a community; SLUG is its short name in addresses."""
    session.screen.one(session.client.post(path("communities"), {"slug": slug, **_body(given, {})}))


@community.command("list", examples=["relay community list", "relay community list --json"])
@connected
def list_communities(session: Session) -> None:
    """Show all communities."""
    session.screen.many(session.client.short(path("communities")), COLUMNS, "There is no community yet.")


@community.command(examples=["relay community show pool"])
@click.argument("slug")
@connected
def show(session: Session, slug: str) -> None:
    """Show one community."""
    session.screen.one(session.client.get(path("communities", slug)))


@community.command(examples=['relay community edit pool --name "The Pool"', "relay community edit pool --quiet 22:00-07:00"])
@click.argument("slug")
@click.option("--name", help="as members see it")
@click.option("--closed/--open", default=None, help="whether posts and new members are refused")
@_described
@connected
def edit(session: Session, slug: str, **given: object) -> None:
    """Change what is given, and leave the rest."""
    where = path("communities", slug)
    # The API replaces the rules whole, so what is not named here is sent as it was.
    before = session.client.get(where)["rules"] if _rules(given) else {}
    body = _body(given, before)
    if not body:
        raise Failure("Nothing to change: name at least one option.", Exit.USAGE)
    session.screen.one(session.client.patch(where, body))


def _body(given: Mapping[str, object], rules_before: Mapping[str, object]) -> Json:
    body: Json = {name: given[name] for name in PLAIN if given.get(name) is not None}
    if rules := _rules(given):
        body["rules"] = {**{name: value for name, value in rules_before.items() if value is not None}, **rules}
    return body


def _rules(given: Mapping[str, object]) -> Json:
    rules: Json = {name: given[name] for name in LIMITS if given.get(name) is not None}
    if given.get("quiet") is not None:
        begin, dash, end = str(given["quiet"]).partition("-")
        if not dash:
            raise Failure("--quiet takes two times of day, such as 21:00-08:00.", Exit.USAGE)
        rules["quiet_hours"] = {"from": begin.strip(), "to": end.strip()}
    return rules
