"""A mosquitto with passwords and rules in plain files, for what asks for no provisioning: its folder, its port, its process."""

import hashlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import threading
from base64 import b64encode
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Final

from tests.servers.ports import own_port

RELAY: Final = "relay-stream"
SECRET: Final = "of-the-relay-0123456789"
LIMIT: Final = 10.0  # seconds to start, and to stop
ROUNDS: Final = 101  # of the digest that mosquitto keeps of a password
MEMORY: Final = Path("/dev/shm")  # noqa: S108 - a fresh folder in it
READY: Final = " running"
LINES: Final = 200  # of its log that are kept to be shown
# Denied until a rule allows it; what is acknowledged to a publisher is written down at once.
CONFIG: Final = """\
listener {port} 127.0.0.1
allow_anonymous false
password_file {folder}/passwords
acl_file {folder}/acl
persistence true
persistence_location {folder}/data/
autosave_on_changes true
autosave_interval 1
max_queued_messages 1000
log_dest stderr
log_type all
{more}
"""
RULES_OF_RELAY: Final = (
    "topic read relay/v1/m/+/up", "topic write relay/v1/m/+/down",
    "topic read relay/v1/c/+/+/posts", "topic write relay/v1/c/+/+/receipts/#", "topic write relay/v1/c/+/+/receipts",
)  # fmt: skip


@dataclass(slots=True)
class PlainBroker:
    """One broker; it comes back on the same port, with what it had on its disk."""

    program: Path
    folder: Path
    more: tuple[str, ...] = ()
    port: int = 0
    _process: subprocess.Popen[str] | None = None
    _log: "_Log" = field(init=False)
    _rules: dict[str, tuple[str, ...]] = field(default_factory=lambda: {RELAY: RULES_OF_RELAY})
    _secrets: dict[str, str] = field(default_factory=lambda: {RELAY: SECRET})

    @property
    def url(self) -> str:
        return f"mqtt://127.0.0.1:{self.port}"

    @property
    def settings(self) -> dict[str, str]:
        """For a relay that is to speak to it."""
        return {"RELAY_MQTT__URL": self.url, "RELAY_MQTT__PASSWORD": SECRET}

    # ---------------------------------------------------------------------------------------------------- who may what

    def allow(self, user: str, *rules: str) -> str:
        """Somebody with these rules; their password. Holds at once while the broker runs."""
        self._rules[user] = rules
        self._secrets.setdefault(user, secrets.token_hex(16))
        self._write()
        return self._secrets[user]

    def allow_member(self, member: str, device: str = "phone") -> str:
        """A member's device: user name and client id are `<member>.<device>`."""
        rules = (f"topic read relay/v1/m/{member}/down", f"topic write relay/v1/m/{member}/up")
        return self.allow(f"{member}.{device}", *rules)

    def allow_members(self, members: Iterable[str]) -> list[str]:
        """Many at once."""
        for member in members:
            user = f"{member}.phone"
            self._rules[user] = (f"topic read relay/v1/m/{member}/down", f"topic write relay/v1/m/{member}/up")
            self._secrets.setdefault(user, secrets.token_hex(16))
        self._write()
        return [self._secrets[f"{member}.phone"] for member in members]

    def deny(self, user: str, *rules: str) -> None:
        """The same user with other rules."""
        self._rules[user] = rules
        self._write()

    def _write(self) -> None:
        acl = "".join(f"user {user}\n" + "".join(f"{rule}\n" for rule in rules) for user, rules in self._rules.items())
        (self.folder / "acl").write_text(acl)
        (self.folder / "acl").chmod(0o600)
        (self.folder / "passwords").write_text("".join(f"{user}:{_digest(word)}\n" for user, word in self._secrets.items()))
        (self.folder / "passwords").chmod(0o600)
        if self._process is not None:
            self._log.forget()
            self._process.send_signal(signal.SIGHUP)
            self._log.says("Reloading config")
            self._answer()

    # ------------------------------------------------------------------------------------------------- coming and going

    def start(self) -> None:
        """Returns when it takes connections."""
        self.port = self.port or own_port()
        (self.folder / "data").mkdir(exist_ok=True)
        (self.folder / "data").chmod(0o700)
        self._write()
        text = CONFIG.format(port=self.port, folder=self.folder, more="\n".join(self.more))
        text = text.replace("persistence true\n", "user root\npersistence true\n") if os.geteuid() == 0 else text
        (self.folder / "mosquitto.conf").write_text(text)
        self._process = subprocess.Popen(
            [self.program, "-c", self.folder / "mosquitto.conf"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        assert self._process.stderr is not None
        self._log = _Log(self._process.stderr)
        self._log.says(READY)

    def _answer(self) -> None:
        """It has one thread: when it answers anybody, it is through with what it did before, and hears the next signal."""
        with socket.create_connection(("127.0.0.1", self.port), LIMIT) as trial:
            trial.sendall(b"\x10\x0d\x00\x04MQTT\x04\x02\x00\x00\x00\x01x")
            trial.recv(4)

    def stop(self) -> None:
        """As an operator does: it writes down what it has."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """Kill -9, in the middle of whatever it does."""
        self._end(signal.SIGKILL)

    def lose_disk(self) -> None:
        """While it is not there: sessions, subscriptions and queues are gone."""
        for file in (self.folder / "data").iterdir():
            file.unlink()

    def fill_disk(self) -> None:
        """Nothing can be written any more. 2.0.11 ends at its next attempt, by itself."""
        (self.folder / "data").rename(self.folder / "data.full")

    def free_disk(self) -> None:
        """While it is not there: it finds what it had written before."""
        (self.folder / "data.full").rename(self.folder / "data")

    def remember(self) -> None:
        """While it is not there: keeps what is on its disk."""
        shutil.copytree(self.folder / "data", self.folder / "data.old")

    def go_back(self) -> None:
        """While it is not there: its disk is as it was, as with Debian's defaults, which write every half hour."""
        shutil.rmtree(self.folder / "data")
        (self.folder / "data.old").rename(self.folder / "data")

    def pause(self) -> None:
        """It says nothing any more, as behind a network that is gone."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def _end(self, number: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(number)
        process.send_signal(signal.SIGCONT)
        process.wait(LIMIT)
        self._log.end()


class _Log:
    """Reads what the broker says, so that it never waits to be heard."""

    def __init__(self, lines: IO[str]) -> None:
        self._lines = lines
        self._kept: deque[str] = deque(maxlen=LINES)
        self._news = threading.Condition()
        self._thread = threading.Thread(target=self._read, name="mosquitto log", daemon=True)
        self._thread.start()

    def forget(self) -> None:
        with self._news:
            self._kept.clear()

    def says(self, what: str) -> None:
        """Returns when it does."""
        with self._news:
            assert self._news.wait_for(lambda: any(what in line for line in self._kept), LIMIT), "".join(self._kept)

    def end(self) -> None:
        self._thread.join(LIMIT)
        self._lines.close()

    def _read(self) -> None:
        for line in self._lines:
            with self._news:
                self._kept.append(line)
                self._news.notify_all()


@contextmanager
def running(require: Callable[[str], Path], folder: Path, *more: str) -> Iterator[PlainBroker]:
    """A broker that is gone afterwards. `more` are lines of its configuration. Skips where mosquitto is not installed."""
    folder.mkdir(parents=True, exist_ok=True)
    broker = PlainBroker(require("mosquitto"), folder, more)
    broker.start()
    try:
        yield broker
    finally:
        broker.kill()


@contextmanager
def in_memory(require: Callable[[str], Path], *more: str) -> Iterator[PlainBroker]:
    """The same where nothing but its process ends: it syncs at each message, which a folder in memory makes cheap."""
    with TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder, running(require, Path(folder), *more) as broker:
        yield broker


def _digest(word: str) -> str:
    """As mosquitto_passwd writes it."""
    salt = secrets.token_bytes(12)
    made = hashlib.pbkdf2_hmac("sha512", word.encode(), salt, ROUNDS, 64)
    return f"$7${ROUNDS}${b64encode(salt).decode()}${b64encode(made).decode()}"
