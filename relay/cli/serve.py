"""`relay serve` and `relay init`: the two commands that open the data folder themselves."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeVar

import click

from relay.app import Settings, StartError, open_app
from relay.app import serve as run
from relay.cli.client import URL_FILE
from relay.cli.configured import config_option, data_option, settings_of
from relay.cli.limits import raise_files
from relay.cli.screen import Screen
from relay.cli.shape import Command, Exit, Failure
from relay.core.errors import RelayError
from relay.loader import PluginError
from relay.observe import set_up_logs

T = TypeVar("T")

LOOPBACK = {"127.0.0.1", "::1", "localhost"}


@click.command(
    cls=Command,
    examples=[
        "relay serve",
        "relay serve --config relay.toml --data /var/lib/relay",
        "RELAY_OWNER_TOKEN=$(openssl rand -hex 32) relay serve --port 0",
    ],
)
@config_option
@data_option
@click.option("--host", help="address to listen on  [default: 127.0.0.1]")
@click.option("--port", type=click.IntRange(0, 65535), help="port to listen on, 0 picks a free one  [default: 8080]")
@click.option("--log-format", type=click.Choice(["auto", "console", "json"]), help="how the log looks  [default: auto]")
def serve(config: Path | None, data: Path | None, host: str | None, port: int | None, log_format: str | None) -> None:
    """Run the relay until it is told to stop.

    Prints one line to standard output when it answers requests: ready http://HOST:PORT. The log goes to standard error. The
    first start makes the owner, with the token in RELAY_OWNER_TOKEN (32 characters at least) or with one that is shown once.
    """
    options = {"http.host": host, "http.port": port, "store.folder": data, "log.format": log_format}
    settings = settings_of(config, options).values
    set_up_logs(sys.stderr, settings.log)
    raise_files()
    _run(_serve(settings))


@click.command(cls=Command, examples=["relay init --data /var/lib/relay", "relay init --json > owner.json"])
@config_option
@data_option
@click.option("--json", "as_json", is_flag=True, help="JSON, one object a line")
def init(config: Path | None, data: Path | None, *, as_json: bool) -> None:
    """Create the data folder, the database and the owner.

    Shows the owner's token, once. Done before, it changes nothing. Takes the lock, so no relay may be running on that folder.
    """
    settings = settings_of(config, {"store.folder": data}).values
    set_up_logs(sys.stderr, settings.log.model_copy(update={"level": "warning"}))
    token = _run(_init(settings))
    screen = Screen(as_json=as_json)
    screen.one({"data": str(settings.store.folder), "owner_token": token})
    if token is not None:
        screen.say("Keep this token: it is shown once.")
    elif not os.environ.get("RELAY_OWNER_TOKEN"):
        screen.say("There is an owner already; nothing was changed.")


async def _serve(settings: Settings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    file = settings.store.folder / URL_FILE

    def ready(url: str, token: str | None) -> None:
        file.write_text(url + "\n", "utf-8")
        _welcome(settings, url, token)
        click.echo(f"ready {url}")  # click flushes, so that a pipe sees it now

    try:
        await run(settings, ready, stop, os.environ.get("RELAY_OWNER_TOKEN") or None)
    finally:
        file.unlink(missing_ok=True)


async def _init(settings: Settings) -> str | None:
    async with AsyncExitStack() as stack:
        return (await open_app(settings, stack, os.environ.get("RELAY_OWNER_TOKEN") or None)).owner_token


def _welcome(settings: Settings, url: str, token: str | None) -> None:
    """What an operator has to know, on standard error."""
    if settings.http.host in LOOPBACK:
        click.echo(f"Listening on {url}, for this machine alone; set http.host to open it.", err=True)
    if token is not None:
        click.echo(
            f"The owner's token, shown this once:\n\n    {token}\n\nUse it in another terminal: export RELAY_TOKEN={token}\n",
            err=True,
        )


def _run(work: Coroutine[Any, Any, T]) -> T:
    """Run to the end, and turn what can go wrong at the start into a failure that says what to do."""
    try:
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            return runner.run(work)
    except* (StartError, PluginError, ValueError) as group:
        raise Failure(_first(group), Exit.USAGE) from None
    except* (RelayError, OSError) as group:
        raise Failure(_first(group)) from None


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """The one of uvloop where it is installed (the extra `fast`): a third less processor time for the same work."""
    if find_spec("uvloop") is None:
        return None
    loop: Callable[[], asyncio.AbstractEventLoop] = import_module("uvloop").new_event_loop
    return loop


def _first(group: BaseExceptionGroup[Any]) -> str:
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return str(error)
