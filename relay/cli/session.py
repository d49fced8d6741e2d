"""A session: what every command that speaks to a running relay has, its options included."""

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any

import click

from relay.cli.client import Client, find_token, find_url
from relay.cli.screen import Screen
from relay.cli.shape import Exit, Failure


@dataclass(frozen=True, slots=True)
class Session:
    """A connection, and where the answer goes."""

    client: Client
    screen: Screen


def connected(function: Callable[..., None]) -> Callable[..., None]:
    """Add --url, --token-file and --json to a command, which gets a Session as its first argument."""

    @click.option("--url", envvar="RELAY_URL", show_envvar=True, help="address of the relay")
    @click.option(
        "--token-file",
        type=click.Path(path_type=Path, dir_okay=False),
        envvar="RELAY_TOKEN_FILE",
        show_envvar=True,
        help="file that holds the token, instead of RELAY_TOKEN",
    )
    @click.option("--json", "as_json", is_flag=True, help="JSON, one object a line")
    @wraps(function)
    def command(*, url: str | None, token_file: Path | None, as_json: bool, **rest: object) -> None:
        with Client(find_url(url, os.environ), find_token(token_file, os.environ)) as client:
            function(Session(client, Screen(as_json=as_json)), **rest)

    return command


def each(session: Session, ids: Iterable[str], act: Callable[[str], Mapping[str, Any] | None]) -> None:
    """Do the same to several things; what fails is named and does not stop the others. Raises Failure at the end if any did."""
    failed: list[Failure] = []
    done = 0
    for one in ids:
        try:
            answer = act(one)
        except Failure as failure:
            if failure.code in {Exit.UNAVAILABLE, Exit.TRY_LATER}:
                raise
            failed.append(failure)
            session.screen.say(f"{one}: {failure.message}")
        else:
            done += 1
            if answer:
                session.screen.one(answer)
    if failed and not done:
        raise Failure("Nothing was done.", failed[0].code)
    if failed:
        raise Failure(f"{done} done, {len(failed)} not.", Exit.PARTLY)


def show_token(session: Session, answer: Mapping[str, Any]) -> None:
    """Show what holds a new token, and say that it never comes again."""
    session.screen.one(answer)
    session.screen.say("Keep the token: it is shown this once.")


yes_option = click.option("--yes", is_flag=True, help="do not ask")
limit_option = click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="at most so many")
