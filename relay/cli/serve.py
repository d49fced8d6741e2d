"""`relay serve` and `relay init`: the two commands that open the data folder themselves."""

import asyncio
import errno
import os
import signal
import sys
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack, ExitStack, suppress
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeVar

import click

from relay.app import First, StartError, open_app
from relay.app import serve as run
from relay.cli.client import URL_FILE
from relay.cli.configured import config_option, data_option, settings_of
from relay.cli.limits import raise_files
from relay.cli.screen import Screen
from relay.cli.shape import Command, Exit, Failure
from relay.compose.moderation import placed
from relay.compose.reload import Read, Wishes
from relay.configuration import Settings
from relay.core.errors import RelayError
from relay.loader import PluginError
from relay.observe import set_up_logs
from relay.settings import Loaded, read
from relay.web.entering import address_of
from relay.web.settings import HttpSettings

T = TypeVar("T")

EVERYWHERE = ("0.0.0.0", "[::]", "::")  # noqa: S104  recognised, not listened on
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
@click.option(
    "--trace-plugins",
    metavar="NAMES",
    envvar="RELAY_TRACE_PLUGINS",
    show_envvar=True,
    help="log each check of these plugins, 1 for all: ids and figures, no text",
)
def serve(config: Path | None, data: Path | None, **given: Any) -> None:  # noqa: ANN401  of several types
    """Run the relay until it is told to stop.

    Prints one line to standard output when it answers requests: ready http://HOST:PORT. The log goes to standard error. The
    first start makes the owner, with the token in RELAY_OWNER_TOKEN (32 characters at least), or with one that is shown once
    beside a link that opens the console.
    """
    places = {"host": "http.host", "port": "http.port", "log_format": "log.format", "trace_plugins": "log.trace_plugins"}
    options = {"store.folder": data, **{places[name]: value for name, value in given.items()}}
    loaded = settings_of(config, options)
    set_up_logs(sys.stderr, loaded.values.log)
    raise_files()
    _run(_serve(loaded, partial(read, Settings, config, os.environ, options)), loaded)


@click.command(cls=Command, examples=["relay init --data /var/lib/relay", "relay init --json > owner.json"])
@config_option
@data_option
@click.option("--json", "as_json", is_flag=True, help="JSON, one object a line")
def init(config: Path | None, data: Path | None, *, as_json: bool) -> None:
    """Create the data folder, the database and the owner.

    Shows the owner's token, and a link that lets them set a passphrase, once. Done before, it changes nothing. Takes the lock,
    so no relay may be running on that folder.
    """
    loaded = settings_of(config, {"store.folder": data})
    set_up_logs(sys.stderr, loaded.values.log.model_copy(update={"level": "warning"}))
    first = _run(_init(loaded.values), loaded)
    screen = Screen(as_json=as_json)
    http = loaded.values.http
    link = _link(http, f"http://{http.host}:{http.port}", first) if first else None
    screen.one({"data": str(loaded.values.store.folder), "owner_token": first and first.token, "link": link})
    if first is not None:
        screen.say(
            "Keep both: they are shown once. The link opens the console when the relay runs, and works until it is used."
        )
    elif not os.environ.get("RELAY_OWNER_TOKEN"):
        screen.say("There is an owner already; nothing was changed.")


async def _serve(loaded: Loaded[Settings], again: Read) -> None:
    settings, wishes = loaded.values, Wishes(asyncio.Event(), asyncio.Event(), again)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, wishes.stop.set)
    if signal.getsignal(signal.SIGHUP) is signal.SIG_DFL:  # nohup has it ignored, and means that
        by_hand = sys.stdin is not None and sys.stdin.isatty()
        wish = wishes.stop if by_hand else wishes.reload  # a closed terminal is no wish to go on
        loop.add_signal_handler(signal.SIGHUP, wish.set)
    file = settings.store.folder / URL_FILE
    with ExitStack() as stack:

        def ready(url: str, first: First | None) -> None:
            file.write_text(url + "\n", "utf-8")
            stack.callback(_forget, file)  # from now on: one that cannot start leaves that of the relay that runs there
            _welcome(settings.http, url, first)
            click.echo(f"ready {url}")  # click flushes, so that a pipe sees it now

        await run(settings, ready, wishes, os.environ.get("RELAY_OWNER_TOKEN") or None)


def _forget(file: Path) -> None:
    with suppress(OSError):  # why the relay ended says more
        file.unlink(missing_ok=True)


async def _init(settings: Settings) -> First | None:
    async with AsyncExitStack() as stack:
        return (await open_app(settings, stack, os.environ.get("RELAY_OWNER_TOKEN") or None)).first


def _welcome(http: HttpSettings, url: str, first: First | None) -> None:
    """What an operator has to know, on standard error."""
    if http.host in LOOPBACK:
        click.echo(f"Listening on {url}, on this machine only: set http.host to open it.", err=True)
    if first is not None:
        click.echo(
            "\nYou are the owner. This link lets you in once, within 24 hours, to choose a name and a passphrase:\n\n"
            f"    {_link(http, url, first)}\n\n"
            "For the command line there is a token, shown this once. In another terminal:\n\n"
            f"    export RELAY_TOKEN={first.token}\n",
            err=True,
        )


def _link(http: HttpSettings, url: str, first: First) -> str:
    """Where a browser can go: one that listens on every address is reached by the name of this machine for itself."""
    for everybody in EVERYWHERE:
        url = url.replace(f"//{everybody}:", "//localhost:")
    return address_of(http.public_url or url, first.link)


def _run(work: Coroutine[Any, Any, T], loaded: Loaded[Settings]) -> T:
    """Run to the end, and turn what can go wrong at the start into a failure that says what to do."""
    try:
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            return runner.run(work)
    except Exception as error:
        if (failure := _failure(_first(error), loaded)) is None:
            raise
        raise failure from None


def _failure(error: BaseException, loaded: Loaded[Settings]) -> Failure | None:
    """None for a fault of ours, whose trace is wanted."""
    if isinstance(error, PluginError):
        return Failure(f"The configuration cannot be used.\n{placed(loaded, error)}", Exit.USAGE)
    if isinstance(error, StartError | ValueError):
        return Failure(str(error), Exit.USAGE)
    if isinstance(error, OSError):
        return Failure(_of_system(error, loaded.values.http))
    return Failure(str(error)) if isinstance(error, RelayError) else None


def _of_system(error: OSError, http: HttpSettings) -> str:
    """What the system refused: a file, which it names, or to listen, where it names none."""
    if error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    number = error.errno or 0
    if number < 0 or number == errno.EADDRNOTAVAIL:  # below 0: the name could not be looked up
        here = "127.0.0.1 for this machine alone or 0.0.0.0 for everybody"
        return f"{http.host} is no address of this machine. Name one with --host or http.host: {here}."
    place = f"Port {http.port} of {http.host}"
    if number == errno.EADDRINUSE:
        return f"{place} is in use. Name another with --port or http.port; --port 0 takes a free one."
    if number in {errno.EACCES, errno.EPERM}:
        return f"{place} is not for this user to open. Name one above 1023 with --port or http.port."
    return str(error)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """The one of uvloop where it is installed (the extra `fast`): a third less processor time for the same work."""
    if find_spec("uvloop") is None:
        return None
    loop: Callable[[], asyncio.AbstractEventLoop] = import_module("uvloop").new_event_loop
    return loop


def _first(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
