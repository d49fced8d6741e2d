"""`relay broker-config`: writes what an MQTT broker needs to be safe for members."""

import os
import shlex
from pathlib import Path

import click

from relay.channels.mqtt.access import BOOTSTRAP
from relay.channels.mqtt.files import ENVIRONMENT, Different, Unsafe, Written, secret_file, write
from relay.channels.mqtt.mosquitto import CONFIG, Broker, Listener, Tls, find_plugin
from relay.cli.screen import Screen
from relay.cli.shape import Command, Exit, Failure, Group
from relay.core.identity import TOKEN_BYTES, encode

DEFAULT_LISTENER = "127.0.0.1:1883"
HIGHEST_PORT = 65535


@click.group("broker-config", cls=Group)
def broker_config() -> None:
    """Broker: a complete configuration for MQTT."""


@broker_config.command(
    cls=Command,
    examples=[
        "relay broker-config mosquitto --folder broker",
        "relay broker-config mosquitto --folder /etc/mosquitto/relay --listener 0.0.0.0:8883 --tls cert.pem key.pem",
    ],
)
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("broker"),
    show_default=True,
    help="where to write",
)
@click.option(
    "--listener",
    "places",
    multiple=True,
    metavar="HOST:PORT",
    help=f"may be given several times  [default: {DEFAULT_LISTENER}]",
)
@click.option(
    "--tls",
    type=(click.Path(path_type=Path, exists=True, dir_okay=False), click.Path(path_type=Path, exists=True, dir_okay=False)),
    metavar="CERTIFICATE KEY",
    help="for the listeners that other machines reach; without it there may be none",
)
@click.option("--user", help="who mosquitto becomes when root starts it  [default: mosquitto]")
@click.option(
    "--plugin",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="mosquitto_dynamic_security.so, where it is not found by itself",
)
@click.option("--force", is_flag=True, help="write anew what is there; secrets are kept")
@click.option("--json", "as_json", is_flag=True, help="JSON, one object a line")
def mosquitto(  # noqa: PLR0913  one parameter an option
    *,
    folder: Path,
    places: tuple[str, ...],
    tls: tuple[Path, Path] | None,
    user: str | None,
    plugin: Path | None,
    force: bool,
    as_json: bool,
) -> None:
    """Write a complete configuration for mosquitto 2, and say what to do next.

    Configuration, access list with its first administrator, secrets of 256 bits that their owner alone may read, and the
    relay's settings as variables. What is there is left as it is; a second run changes nothing.
    """
    folder = folder.absolute()
    listeners = tuple(_listener(place, tls) for place in places or (DEFAULT_LISTENER,))
    broker = Broker(folder, plugin or _plugin(), listeners, user or ("mosquitto" if os.geteuid() == 0 else None))
    try:
        written = write(broker, _url(listeners[0]), _secret, anew=force)
    except Different as different:
        raise Failure(f"{different} is there and says something else. --force writes it anew.", Exit.USAGE) from None
    except Unsafe as unsafe:
        said = f"{unsafe}: others than root may write there, and could replace what you trust. chmod 750 it, or name another."
        raise Failure(said, Exit.USAGE) from None
    except (OSError, LookupError) as error:
        raise Failure(f"{folder} cannot be written: {error}") from None
    screen = Screen(as_json=as_json)
    screen.one({"config": str(folder / CONFIG), "written": [str(each) for each in written.made]})
    screen.say(_next(folder, written))


def _listener(place: str, tls: tuple[Path, Path] | None) -> Listener:
    host, _, port = place.rpartition(":")
    host = host.strip("[]")
    if not host or not port.isdecimal() or not 1 <= int(port) <= HIGHEST_PORT:
        raise Failure(f"--listener {place}: write HOST:PORT, such as {DEFAULT_LISTENER}.", Exit.USAGE)
    listener = Listener(host, int(port))
    if listener.is_local:
        return listener
    if tls is None:
        raise Failure(f"--listener {place}: other machines reach it, so it needs --tls CERTIFICATE KEY.", Exit.USAGE)
    return Listener(host, int(port), Tls(tls[0].absolute(), tls[1].absolute()))


def _plugin() -> Path:
    found = find_plugin()
    if found is None:
        raise Failure("mosquitto's plugin for dynamic security is not found. Install mosquitto 2, or name it with --plugin.")
    return found


def _url(listener: Listener) -> str:
    host = "127.0.0.1" if listener.host == "0.0.0.0" else "::1" if listener.host == "::" else listener.host  # noqa: S104  compared
    shown = f"[{host}]" if ":" in host else host
    return f"{'mqtts' if listener.tls else 'mqtt'}://{shown}:{listener.port}"


def _secret() -> str:
    return encode(os.urandom(TOKEN_BYTES))


def _next(folder: Path, written: Written) -> str:
    if not written.made:
        return "All of it was there; nothing was changed."
    return "\n".join(
        [
            "What to do next:",
            f"1. Start the broker:  mosquitto -c {_quoted(folder / CONFIG)}",
            f"2. Start the relay with its settings:  set -a; . {_quoted(folder / ENVIRONMENT)}; set +a; relay serve",
            "   It makes its two identities at the broker and removes the first administrator. When `relay doctor` says that",
            f"   it is gone, its secret opens nothing: rm {_quoted(secret_file(folder, BOOTSTRAP))} and its line in relay.env.",
            "3. Give a member's device its credential:  relay member token MEMBER --kind mqtt --device phone",
        ]
    )


def _quoted(path: Path) -> str:
    """As a shell takes it."""
    return shlex.quote(str(path))
