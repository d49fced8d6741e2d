"""A process that has imported the relay and forks one for whoever asks: most of a start is importing, and tests start hundreds.

Each is as the program itself: its own arguments, environment, folder and files. A parent of its own, forked as well, tells its
process id and how it ended. Tests of how a relay starts, and of what it holds in memory, start the program instead.
"""

import array
import asyncio
import atexit
import gc
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryFile
from threading import Timer
from typing import Final, NoReturn, Self

ROOT: Final = Path(__file__).parents[2]
RUN: Final = ROOT / "run.py"
BESIDE: Final = ("relay.channels.mqtt.channel", "relay.stores.postgres", "aiomqtt", "uvloop")  # what commands import late
LARGEST: Final = 1 << 20  # bytes of one request
FILES: Final = array.array("i", (0, 0, 0, 0))  # that come with it: the three of a process, and where its parent tells of it


def fork(words: Sequence[str], environment: Mapping[str, str], folder: Path, files: Sequence[int]) -> socket.socket:
    """The command `relay` with these words; `files` are its standard input, output and error.

    What it gives back tells two lines: the process id, and when it has ended how.
    """
    ours, theirs = socket.socketpair()
    with theirs:
        asked = json.dumps([list(words), dict(environment), str(folder)]).encode()
        _requests().sendmsg([asked], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", (*files, theirs.fileno())))])
    return ours


class Child:
    """A command that was forked; to be used as `subprocess.Popen` with pipes for text."""

    def __init__(self, words: Sequence[str], environment: Mapping[str, str], folder: Path, said: str = "") -> None:
        """`said` is what it can read from its standard input."""
        self._errors = TemporaryFile()  # noqa: SIM115  closed when it has been read
        read, write = os.pipe()
        self.stdout = os.fdopen(read, encoding="utf-8")
        with TemporaryFile() as into, os.fdopen(write, "wb"):
            into.write(said.encode())
            into.seek(0)
            with fork(words, environment, folder, (into.fileno(), write, self._errors.fileno())) as told:
                self._told = told.makefile()
        self.pid = int(self._told.readline())
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """None while it runs."""
        if self.returncode is None and select.select([self._told], [], [], 0)[0]:
            self.returncode = int(self._told.readline())
        return self.returncode

    def send_signal(self, number: int) -> None:
        """It must not have ended."""
        os.kill(self.pid, number)

    def kill(self) -> None:
        """It must not have ended."""
        self.send_signal(signal.SIGKILL)

    def communicate(self, timeout: float) -> tuple[str, str]:
        """All that it says until its end; it is killed when that takes longer, in seconds. `returncode` is set then."""
        killer = Timer(timeout, self.kill)
        killer.start()
        with self.stdout, self._told, self._errors:
            out = self.stdout.read()
            if self.returncode is None:
                self.returncode = int(self._told.readline())
            killer.cancel()
            self._errors.seek(0)
            return out, self._errors.read().decode()


class Forked:
    """A relay that was forked; to be used as asyncio's own `Process`."""

    def __init__(self, pid: int, stdout: asyncio.StreamReader, ended: asyncio.Task[int]) -> None:
        self.pid = pid
        self.stdout = stdout
        self._ended = ended

    @classmethod
    async def start(cls, words: Sequence[str], environment: Mapping[str, str], folder: Path, errors: int) -> Self:
        """`errors` is the file of its standard error."""
        read, write = os.pipe()
        with os.fdopen(write, "wb"):
            ours = fork(words, environment, folder, (_nothing(), write, errors))
        stdout = asyncio.StreamReader()
        await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(stdout), os.fdopen(read, "rb"))
        told, writer = await asyncio.open_connection(sock=ours)
        pid = int(await told.readline())
        return cls(pid, stdout, asyncio.create_task(_end(told, writer)))

    @property
    def returncode(self) -> int | None:
        """None while it runs."""
        return self._ended.result() if self._ended.done() else None

    async def wait(self) -> int:
        """How it ended."""
        return await asyncio.shield(self._ended)

    def terminate(self) -> None:
        """Ask it to end."""
        os.kill(self.pid, signal.SIGTERM)

    def kill(self) -> None:
        """End it."""
        os.kill(self.pid, signal.SIGKILL)


async def _end(told: asyncio.StreamReader, writer: asyncio.StreamWriter) -> int:
    try:
        return int(await told.readline())
    finally:
        writer.close()


@cache
def _nothing() -> int:
    return os.open(os.devnull, os.O_RDONLY)


@cache
def _requests() -> socket.socket:
    """To the fork server of this process, started when it is first needed."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        program = [sys.executable, __file__, str(theirs.fileno())]
        server = subprocess.Popen(program, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    atexit.register(server.wait)
    atexit.register(ours.close)  # the first to be called: it makes the server end
    return ours


# ---------------------------------------------------------------------------------------------------- in the fork server


def main(requests: socket.socket) -> None:
    """Until whoever asks is gone."""
    sys.path[0] = str(ROOT)
    commands = import_module("relay.cli").COMMANDS
    for name in (*(module for module, _ in commands.values()), *BESIDE):
        import_module(name)
    gc.collect()
    gc.freeze()  # what is shared stays shared
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the parents
    while True:
        data, passed, _, _ = requests.recvmsg(LARGEST, socket.CMSG_SPACE(len(FILES) * FILES.itemsize))
        if not data:
            return
        files = array.array("i", passed[0][2])
        if os.fork() == 0:
            requests.close()
            _parent(data, files[-1], files[:-1])
        for file in files:
            os.close(file)


def _parent(data: bytes, told: int, files: Sequence[int]) -> NoReturn:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    if (pid := os.fork()) == 0:
        os.close(told)
        _relay(data, files)
    for file in files:
        os.close(file)
    os.write(told, b"%d\n" % pid)
    os.write(told, b"%d\n" % os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
    os._exit(0)


def _relay(data: bytes, files: Sequence[int]) -> NoReturn:
    words, environment, folder = json.loads(data)
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # as a service manager has it, whatever runs the tests
    sys.argv = [str(RUN), *words]
    runpy.run_path(str(RUN), run_name="__main__")
    sys.exit()


if __name__ == "__main__":
    main(socket.socket(fileno=int(sys.argv[1])))
