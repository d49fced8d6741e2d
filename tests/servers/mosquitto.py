"""A real mosquitto of the tests' own, configured as `relay broker-config` ships it: its folder, its port, its one process."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from relay.channels.mqtt.access import BOOTSTRAP
from relay.channels.mqtt.files import ENVIRONMENT, secret_file, write
from relay.channels.mqtt.mosquitto import CONFIG, DYNSEC, KEPT, Broker, Listener, Tls, find_plugin
from relay.testing.clock import drawn_tokens
from tests.servers.ports import own_port

LIMIT = 20.0  # seconds to start, and to stop


class Mosquitto:
    """One broker; it comes back on the same port, with what it had on its disk."""

    def __init__(self, program: Path, plugin: Path, folder: Path, *more: str, tls: Tls | None = None) -> None:
        """`more` are lines that come behind the shipped configuration."""
        self.port = own_port()
        self.folder = folder
        self.url = f"{'mqtts' if tls else 'mqtt'}://127.0.0.1:{self.port}"
        self._program = program
        self._process: subprocess.Popen[bytes] | None = None
        me = pwd.getpwuid(os.geteuid()).pw_name
        broker = Broker(folder, plugin, (Listener("127.0.0.1", self.port, tls),), me)
        write(broker, self.url, drawn_tokens(str(folder)))
        with (folder / CONFIG).open("a", encoding="utf-8") as config:
            config.writelines(f"{line}\n" for line in more)

    @property
    def dynsec_file(self) -> Path:
        return self.folder / DYNSEC

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text("utf-8", "replace")

    @property
    def settings(self) -> dict[str, str]:
        """The relay's, as variables."""
        lines = (self.folder / ENVIRONMENT).read_text("utf-8").splitlines()
        return {name: value for name, _, value in (line.partition("=") for line in lines)}

    def secret(self, owner: str = BOOTSTRAP) -> str:
        return secret_file(self.folder, owner).read_text("utf-8").strip()

    @property
    def is_up(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Returns when it takes connections."""
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen([self._program, "-c", self.folder / CONFIG], stdout=log, stderr=log)
        until = time.monotonic() + LIMIT
        while not _listens(self.port):
            assert self._process.poll() is None, f"it ended:\n{self.log}"
            assert time.monotonic() < until, f"it does not listen:\n{self.log}"

    def stop(self) -> None:
        """As an operator does."""
        self._end(is_kind=True)

    def kill(self) -> None:
        self._end(is_kind=False)

    def restart(self) -> None:
        self.stop()
        self.start()

    def forget(self) -> None:
        """Sessions and queues are gone at its next start, as after a lost disk; who may do what is still known."""
        (self.folder / KEPT / "mosquitto.db").unlink(missing_ok=True)

    def _end(self, *, is_kind: bool) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if process.poll() is None:
            (process.terminate if is_kind else process.kill)()
        process.wait(LIMIT)


@contextmanager
def running(require: Callable[[str], Path], *more: str, tls: Tls | None = None) -> Iterator[Mosquitto]:
    """A broker that is gone afterwards, with all that was in it. Skips where mosquitto is not installed."""
    program, plugin = require("mosquitto"), find_plugin()
    if plugin is None:
        pytest.skip("mosquitto has no dynamic security here")
    folder = Path(tempfile.mkdtemp(prefix="relay-mosquitto-"))
    broker = Mosquitto(program, plugin, folder, *more, tls=tls)
    try:
        broker.start()
        yield broker
    finally:
        broker.kill()
        shutil.rmtree(folder)


def _listens(port: int) -> bool:
    with socket.socket() as trial:
        trial.settimeout(LIMIT)
        return trial.connect_ex(("127.0.0.1", port)) == 0
