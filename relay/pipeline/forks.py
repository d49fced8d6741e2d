"""Forks: the relay's side of the fork server. It starts it when it is first needed, and again when it is gone."""

import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any, Final

import orjson
import structlog
from pydantic import BaseModel, ConfigDict, Field

import relay
from relay.core.text import Tables
from relay.pipeline.forkserver import ENDED, KILL, NEWS, ORDER, START, STARTED
from relay.pipeline.wire import LONGEST_FRAME, Frame, Frames, WireError, packed

INSTALLED = ("site-packages", "dist-packages")  # folders that hold libraries; others hold what somebody works on
LAUNCHES_WITHIN = 10.0  # seconds for the fork server to come to its first order: Python starts, on a machine that may be busy
LOOKS_EVERY = 0.1  # seconds between two looks at whether it has come so far
ENDS_WITHIN = 2.0  # seconds for the fork server to end its workers and itself
LONGEST_OUTPUT = 2000  # characters of what a plugin printed before its first message: the end of a trace
_BOOT: Final = """
import json, sys
sys.path[:] = json.loads(sys.argv[1])
from relay.pipeline.forkserver import main
main(int(sys.argv[2]))
"""
_SYSTEM: Final = (
    "/usr", "/lib", "/lib64", "/etc/ld.so.cache", "/etc/localtime", "/etc/mime.types", "/etc/ssl/openssl.cnf",
    "/dev/urandom", "/proc/cpuinfo", "/proc/meminfo", "/sys/devices/system/cpu",
)  # fmt: skip
"""What libraries open when they are imported, beside Python's own folders."""

log = structlog.get_logger(__name__)


class WorkerSettings(BaseModel):
    """The processes in which plugins run that are not shipped."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    memory_mb: int = Field(256, ge=32, le=65_536, description="memory that a worker may take for its plugin, in MiB")
    processes: int = Field(8, ge=1, le=1000, description="processes and threads that a worker may have, itself included")
    start_s: float = Field(5.0, gt=0, le=300, description="seconds that loading and setting up a plugin may take")
    renew_s: float = Field(
        300.0, ge=0, description="seconds of processor time after which a worker makes room for a fresh one: leaks end with it"
    )


@dataclass(frozen=True, slots=True)
class Started:
    """A worker that was asked for: its number, our end of its connection, and where what it prints can be read."""

    number: int
    sock: socket.socket
    output: int

    def close(self) -> None:
        self.sock.close()
        with suppress(OSError):
            os.close(self.output)

    def printed(self) -> str:
        """The end of what is there by now; only of use before it sees a message."""
        try:
            data = os.read(self.output, 64 * 1024)
        except OSError:
            return ""
        return data.decode("utf-8", "replace").strip()[-LONGEST_OUTPUT:]


class Forks:
    """Starts and ends workers. `hidden` are folders that no worker may read where that can be had."""

    def __init__(
        self, tables: Tables, settings: WorkerSettings, hidden: Sequence[Path] = (), *, namespaces: bool = True
    ) -> None:
        self.settings = settings
        self._given = {
            "confusables": dict(tables.confusables),
            "suffixes": sorted(tables.suffixes),
            "namespaces": namespaces,
        }
        self._hidden = [path.resolve() for path in hidden]
        self._server: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._launched_at = 0.0
        self._numbers = 0
        self._running: dict[int, bool] = {}  # whether the fork server has come to it
        self._ended: dict[int, int] = {}

    @property
    def process(self) -> int | None:
        """The fork server's process id."""
        return self._server.pid if self._server else None

    def start(self, hello: Mapping[str, Any]) -> Started:
        """Ask for a worker and tell it what to load; it answers on its connection. Raises OSError when there can be none."""
        ours, theirs = socket.socketpair()
        output, printed = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        os.set_blocking(printed, True)
        self._numbers += 1
        started = Started(self._numbers, ours, output)
        limits = self.settings.model_dump()
        readable = [str(path) for path in self._readable(hello["source"])]
        try:
            ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 2 * LONGEST_FRAME)
            ours.sendall(packed({**hello, **limits, "readable": readable}))
            self._order(START, started.number, [theirs.fileno(), printed])
        except BaseException:
            started.close()
            raise
        finally:
            theirs.close()
            os.close(printed)
        self._running[started.number] = False  # now: a fork server that was started for it forgets those of the one before
        return started

    def kill(self, number: int) -> None:
        """End a worker and all that it started."""
        self._running.pop(number, None)
        self._ended.pop(number, None)
        with suppress(OSError):
            self._order(KILL, number, [])

    def has_started(self, number: int) -> bool:
        """Whether the fork server has come to that order."""
        self._news()
        return self._running.get(number, False)

    def is_launching(self, number: int) -> bool:
        """Whether it has not, since it is still being started itself."""
        return not self.has_started(number) and monotonic() < self._launched_at + LAUNCHES_WITHIN

    def status(self, number: int) -> int | None:
        """The exit code of a worker that was not killed, below 0 the signal that ended it; None while that is not known."""
        self._news()
        return self._ended.get(number)

    def ask(self, hello: Mapping[str, Any]) -> Frame:
        """One question to a fresh worker, answered or not within the time for starting; blocks.

        Raises TimeoutError, ConnectionError when it ended, another OSError when there can be no worker.
        """
        started = self.start(hello)
        try:
            return self._answer(started)
        finally:
            self.kill(started.number)
            started.close()

    def close(self) -> None:
        """End all workers and the fork server."""
        if self._control is not None:
            self._control.close()
        if self._server is not None:
            try:
                self._server.wait(ENDS_WITHIN)
            except subprocess.TimeoutExpired:
                self.end_server()
        self._server = self._control = None
        self._running.clear()
        self._ended.clear()

    def end_server(self) -> None:
        """For one that does not answer: the next order starts another."""
        if self._server is not None:
            self._server.kill()
            self._server.wait()

    def _order(self, what: bytes, number: int, files: Sequence[int]) -> None:
        control = self._control
        if control is None or self._server is None or self._server.poll() is not None:
            if what == KILL:
                return  # it is gone, and its workers with it
            control = self._launch()
        self._news()
        socket.send_fds(control, [ORDER.pack(what, number)], list(files))

    def _launch(self) -> socket.socket:
        if self._server is not None:
            log.error("fork server ended", status=self._server.returncode)
            self.close()
        self._launched_at = monotonic()
        self._control, theirs = socket.socketpair()
        self._control.setblocking(False)  # noqa: FBT003 - the method's own shape
        command = [sys.executable, "-I", "-S", "-c", _BOOT, json.dumps(_path()), str(theirs.fileno())]
        with theirs, tempfile.TemporaryFile() as given:
            given.write(orjson.dumps(self._given))
            given.seek(0)
            self._server = subprocess.Popen(  # noqa: S603 - our own interpreter and our own code
                command, stdin=given, stdout=subprocess.DEVNULL, env={}, cwd="/",
                pass_fds=[theirs.fileno()], start_new_session=True,
            )  # fmt: skip
        return self._control

    def _news(self) -> None:
        if self._control is None:
            return
        with suppress(OSError):
            while len(data := self._control.recv(NEWS.size)) == NEWS.size:
                what, number, status = NEWS.unpack(data)
                if what == STARTED and number in self._running:
                    self._running[number] = True
                elif what == ENDED and number in self._running:
                    self._ended[number] = status

    def _answer(self, started: Started) -> Frame:
        frames, ends = Frames(), 0.0
        while True:
            if not ends or self.is_launching(started.number):
                ends = monotonic() + self.settings.start_s
            if monotonic() > ends:
                raise TimeoutError(f"was not loaded within {self.settings.start_s:g} s")
            started.sock.settimeout(LOOKS_EVERY)
            with suppress(TimeoutError):
                data = started.sock.recv(LONGEST_FRAME)
                if not data:
                    raise ConnectionError(_how_it_ended(started.printed()))
                if (answer := _first(frames, data)) is not None:
                    return answer

    def _readable(self, source: Mapping[str, str]) -> Iterator[Path]:
        """What Python, the relay's own code and the plugin need."""
        yield from map(Path, _SYSTEM)
        own = Path(relay.__file__).parent
        yield own
        for entry in [sys.base_prefix, sys.prefix, *sys.path]:
            folder = Path(entry).resolve()
            is_checkout = folder == own.parent and folder.name not in INSTALLED
            if entry and not is_checkout and folder != Path("/"):
                yield from self._around(folder)
        if "file" in source:
            yield from self._around(Path(source["file"]).parent)

    def _around(self, path: Path) -> Iterator[Path]:
        """The path, or what is in it without what is hidden."""
        if path in self._hidden:
            return
        if not any(hidden.is_relative_to(path) for hidden in self._hidden):
            yield path
            return
        for entry in path.iterdir():
            yield from self._around(entry)


def _first(frames: Frames, data: bytes) -> Frame | None:
    """The first frame that is an answer: a worker that was asked for one plugin gives its label before."""
    try:
        return next((frame for frame in frames.feed(data) if "label" not in frame), None)
    except WireError as error:
        raise ConnectionError(f"answered with {error}") from error


def _path() -> list[str]:
    """Where the relay's own modules come from, in the same order; the fork server looks nowhere else."""
    root = str(Path(relay.__file__).parent.parent)
    return [root, *(entry for entry in sys.path if entry and entry != root)]


def _how_it_ended(printed: str) -> str:
    if not printed:
        return "ended its process while it was loaded"
    return f"ended its process while it was loaded ({printed.splitlines()[-1][:200]})"
