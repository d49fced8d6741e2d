"""`relay restore`: puts a backup in the place of the database, and keeps erased who was erased since."""

import sys
from pathlib import Path

import click

from relay.app import StartError
from relay.cli.configured import config_option, data_option, settings_of
from relay.cli.restoring import Done, Wanted, finish_by_hand, put_back
from relay.cli.screen import Screen
from relay.cli.session import yes_option
from relay.cli.shape import Command, Exit, Failure
from relay.compose.storage import DATABASE
from relay.configuration import Settings
from relay.core.errors import RelayError
from relay.core.moment import rfc3339
from relay.loader import PluginError
from relay.observe import set_up_logs
from relay.stores import erasure_list
from relay.stores.sqlite_backup import read


@click.command(
    cls=Command,
    examples=[
        "relay restore /backup/foureyes-monday --data /var/lib/relay",
        "relay restore /backup/foureyes-monday --erasures /elsewhere/erasures.jsonl --yes",
        "relay restore --by-hand --config /etc/relay.toml",
    ],
)
@click.argument("source", metavar="[FROM]", required=False, type=click.Path(path_type=Path))
@config_option
@data_option
@click.option(
    "--erasures",
    "lists",
    multiple=True,
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="a further erasures.jsonl to obey, such as the newest one of a machine that is lost; may be given several times",
)
@click.option("--revoke-all", is_flag=True, help="end every token and key; an owner gets a new token, which is shown once")
@click.option("--by-hand", is_flag=True, help="the database was put back by other means, such as pg_restore: do what remains")
@yes_option
@click.option("--json", "as_json", is_flag=True, help="JSON, one object a line")
def restore(source: Path | None, config: Path | None, data: Path | None, lists: tuple[Path, ...], **how: bool) -> None:
    """Put a backup in the place of the database.

    No relay may run on the data folder. The backup is looked at, brought up to date and cleared of everybody who was erased
    since, beside the database that is there; then one rename puts it in its place, and what was there is set aside. What
    happened after the backup is forgotten, but whoever was erased stays erased. The numbers in members' streams go on a million
    later, so that no client takes something new for what it has.
    """
    settings = settings_of(config, {"store.folder": data}).values
    set_up_logs(sys.stderr, settings.log.model_copy(update={"level": "error"}))
    screen = Screen(as_json=how["as_json"])
    if (source is None) != how["by_hand"]:
        raise Failure("Name the backup to put back, or say --by-hand when the database is in its place already.", Exit.USAGE)
    try:
        _restore(screen, settings, source, lists, how)
    except (RelayError, StartError, PluginError) as problem:
        raise Failure(str(problem)) from None
    except OSError as error:
        raise Failure(f"{error.filename}: {error.strerror}.") from None


def _restore(screen: Screen, settings: Settings, source: Path | None, lists: tuple[Path, ...], how: dict[str, bool]) -> None:
    further = tuple(each for path in lists for each in erasure_list.read(path).erasures)
    if source is None:
        screen.confirm("Take the database that is there for one that was put back?", yes=how["yes"])
        _show(screen, finish_by_hand(settings, further, revoke_all=how["revoke_all"]), None)
        _say_what_came_back(screen, revoke_all=how["revoke_all"])
        return
    if settings.store.url is not None:
        raise Failure(_of_postgres(source), Exit.USAGE)
    wanted = Wanted(source, read(source), further, how["revoke_all"])
    folder, of = settings.store.folder, rfc3339(wanted.manifest.at)
    if (folder / DATABASE).exists():
        screen.confirm(f"Put the database of {of} in the place of the one in {folder}?", yes=how["yes"])
    done = put_back(folder, wanted)
    _show(screen, done, wanted)
    screen.say(f"The database in {folder} is that of {of}; what came after it is forgotten.")
    _say_what_came_back(screen, revoke_all=wanted.revoke_all)
    if done.aside is not None:
        days = settings.store.copies_days
        screen.say(f"What was there lies in {done.aside}, with all its texts; the relay deletes it after {days:g} days.")
    screen.say("Start the relay now.")


def _show(screen: Screen, done: Done, wanted: Wanted | None) -> None:
    screen.one(
        {
            "of": rfc3339(wanted.manifest.at) if wanted else None,
            "counts": dict(wanted.manifest.counts) if wanted else {},
            "erased_again": done.erased_again,
            "set_aside": str(done.aside) if done.aside else None,
            "owner_token": done.owner_token,
        }
    )


def _say_what_came_back(screen: Screen, *, revoke_all: bool) -> None:
    if revoke_all:
        screen.say("Every token and key has ended: members, staff and systems need new ones.")
        screen.say("Keep the owner's token above: it is shown once.")
        return
    screen.say(
        "Tokens, keys and people of staff are as they were then: what was ended since opens again, and what was made since"
        " does not. End it again, or restore with --revoke-all."
    )


def _of_postgres(source: Path) -> str:
    return (
        "The database is PostgreSQL, which has tools of its own for this. With the relay stopped run, with the address from"
        " store.url:\n"
        f"  pg_restore --clean --if-exists --exit-on-error --single-transaction --dbname=postgresql://... {source}\n"
        "  relay restore --by-hand --erasures FILE\n"
        "FILE is the newest erasures.jsonl there is, if the one in the data folder is not."
    )
