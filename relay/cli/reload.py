"""`relay reload`: has the relay that serves a data folder read its configuration again."""

import json
import socket
from pathlib import Path
from typing import Any

import click

from relay.cli.configured import config_option, data_option, settings_of
from relay.cli.screen import Screen
from relay.cli.shape import Command, Exit, Failure
from relay.compose.control import RELOAD, address

PATIENCE = 120.0  # seconds: plugins of one's own are started and set up meanwhile
LARGEST = 1 << 20  # bytes of an answer


@click.command(cls=Command, examples=["relay reload", "relay reload --data /var/lib/relay", "relay reload --json | jq .after"])
@config_option
@data_option
@click.option("--json", "as_json", is_flag=True, help="JSON, one object a line")
def reload(config: Path | None, data: Path | None, *, as_json: bool) -> None:
    """Have a running relay read its configuration again, whole or not at all.

    The relay reads the file that it was started with. New messages are judged by the new plugins, weights and thresholds at
    once; those at work finish by the old ones. A configuration that cannot be used changes nothing, and its faults are shown.
    What is read at the start alone, such as http.port, is named as waiting for a restart. Says the same as SIGHUP, and waits.
    """
    folder = settings_of(config, {"store.folder": data}).values.store.folder
    answer = _asked(folder)
    if "why" in answer:
        raise Failure(f"The configuration cannot be used; the relay goes on with the old one.\n{answer['why']}", Exit.USAGE)
    screen = Screen(as_json=as_json)
    screen.one(answer)
    if answer["needs_restart"]:
        screen.say(f"Restart the relay for {', '.join(answer['needs_restart'])}.")


def _asked(folder: Path) -> dict[str, Any]:
    """What the relay says. Raises Failure."""
    said = b""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(PATIENCE)
        try:
            with address(folder) as there:
                connection.connect(there)
            connection.sendall(RELOAD)
            while not said.endswith(b"\n") and (more := connection.recv(LARGEST)):
                said += more
        except TimeoutError:
            raise Failure(f"The relay took longer than {PATIENCE:g} s; its log says what came of it.") from None
        except PermissionError:
            raise Failure(f"{folder} is another user's: run this as the one that the relay runs as.") from None
        except OSError:
            why = f"No relay that answers serves {folder.absolute()}."
            raise Failure(f"{why} Name its data folder with --data, or start it.", Exit.UNAVAILABLE) from None
    if not said.endswith(b"\n"):
        raise Failure("The relay ended meanwhile.", Exit.UNAVAILABLE)
    answer: dict[str, Any] = json.loads(said)
    return answer
