"""`relay demo`: a community fills with members on real WebSockets, a post goes out, the replies come in, staff answer some."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from random import Random

import aiohttp
import click

from relay.cli.client import find_token
from relay.cli.demo import texts as lines
from relay.cli.demo.api import Api
from relay.cli.demo.crowd import Crowd
from relay.cli.demo.outcome import Outcome
from relay.cli.demo.own import Place, own_relay
from relay.cli.demo.play import Cast, Play
from relay.cli.demo.show import Show
from relay.cli.demo.watch import Watch
from relay.cli.limits import raise_files
from relay.cli.screen import Screen
from relay.cli.shape import Command, Exit, Failure

CALL = 60  # seconds that one call may take


@click.command(
    cls=Command,
    examples=[
        "relay demo",
        "relay demo --members 100 --replies 50 --json",
        "relay demo --texts replies.jsonl --keep",
        "RELAY_TOKEN=$OWNERS_TOKEN relay demo --url http://127.0.0.1:8080 --yes",
    ],
)
@click.option("--members", type=click.IntRange(1, 100_000), default=1000, show_default=True, help="how many opt in")
@click.option("--replies", type=click.IntRange(0, 1_000_000), default=300, show_default=True, help="how many they write")
@click.option(
    "--texts",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help='what they write: JSON lines with a "text", or plain lines  [default: a set of our own]',
)
@click.option("--seed", type=int, default=1, show_default=True, help="which of our own texts are written")
@click.option("--keep", is_flag=True, help="keep the data folder, to look around afterwards")
@click.option("--url", help="a running relay, instead of one of its own; takes the owner's token from RELAY_TOKEN")
@click.option("--yes", is_flag=True, help="do not ask before writing into a running relay")
@click.option("--json", "as_json", is_flag=True, help="the summary as one JSON object")
def demo(members: int, replies: int, texts: Path | None, seed: int, url: str | None, **given: bool) -> None:
    """Fill a community, post to it, let it answer, count both ends.

    Starts a relay of its own, which goes away afterwards. The members are real: they join over HTTP, hold WebSockets,
    acknowledge and write. The exit code is 1 when what the relay stored differs from what members and staff got.
    """
    screen = Screen(as_json=given["as_json"])
    try:
        said = lines.of_file(texts, replies) if texts else lines.own(replies, Random(seed))  # noqa: S311  repeatable, no secret
    except (OSError, ValueError) as error:
        raise Failure(str(error), Exit.USAGE) from None
    if url:
        screen.confirm(f"Add {members} members to the relay at {url} and post to them?", yes=given["yes"])
    show = Show(screen)
    outcome = asyncio.run(_play(_place(url, screen, keep=given["keep"]), show, members, said))
    show.summary(outcome)
    if outcome.differences:
        raise Failure("What was sent and what was stored differ.")


async def _play(place: AbstractAsyncContextManager[Place], show: Show, members: int, said: list[str]) -> Outcome:
    timeout = aiohttp.ClientTimeout(total=CALL)
    async with place as relay, aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), timeout=timeout) as http:
        crowd = Crowd(http, relay.url)
        try:
            async with Watch(http, relay.url, relay.token) as watch:
                with show:
                    return await Play(Cast(Api(http, relay.url, relay.token), watch, crowd, show), members, said).run()
        except* (Failure, aiohttp.ClientError) as group:
            raise _first(group) from None
        finally:
            await crowd.close()


def _first(group: BaseExceptionGroup[Failure | aiohttp.ClientError]) -> Failure:
    """What went wrong first, of the many that failed at once."""
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error if isinstance(error, Failure) else Failure(f"A connection was lost: {error}", Exit.UNAVAILABLE)


@asynccontextmanager
async def _place(url: str | None, screen: Screen, *, keep: bool) -> AsyncIterator[Place]:
    """The relay that is played on."""
    if url:
        token = find_token(None, os.environ)
        if token is None:
            raise Failure("A running relay needs the owner's token in RELAY_TOKEN.", Exit.USAGE)
        raise_files()
        yield Place(url.rstrip("/"), token)
        return
    async with own_relay(keep=keep) as relay:
        yield relay
    if keep and relay.data is not None:
        screen.say(f"Look around: relay serve --data {relay.data}\nThe owner's token: {relay.token}")
