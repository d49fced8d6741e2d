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
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Final, NoReturn, Self

ROOT: Final = Path(__file__).parents[2]
RUN: Final = ROOT / "run.py"
IMPORTED: Final = ("relay.cli.serve", "relay.channels.mqtt.channel", "relay.stores.postgres", "aiomqtt", "uvloop")
LARGEST: Final = 1 << 20  # bytes of one request
FILES: Final = array.array("i", (0, 0, 0))  # that come with it: standard output, standard error, where its parent tells of it


class Forked:
    """A relay that was forked; to be used as asyncio's own `Process`."""

    def __init__(self, pid: int, stdout: asyncio.StreamReader, ended: asyncio.Task[int]) -> None:
        self.pid = pid
        self.stdout = stdout
        self._ended = ended

    @classmethod
    async def start(cls, arguments: Sequence[str], environment: Mapping[str, str], folder: Path, errors: int) -> Self:
        """`run.py` with these arguments; `errors` is the file of its standard error."""
        read, write = os.pipe()
        ours, theirs = socket.socketpair()
        with theirs, os.fdopen(write, "wb"):
            files = array.array("i", (write, errors, theirs.fileno()))
            asked = json.dumps([list(arguments), dict(environment), str(folder)]).encode()
            _requests().sendmsg([asked], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, files)])
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
    for name in IMPORTED:
        __import__(name)
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
            _parent(data, *files)
        for file in files:
            os.close(file)


def _parent(data: bytes, output: int, errors: int, told: int) -> NoReturn:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    if (pid := os.fork()) == 0:
        os.close(told)
        _relay(data, output, errors)
    os.close(output)
    os.close(errors)
    os.write(told, b"%d\n" % pid)
    os.write(told, b"%d\n" % os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
    os._exit(0)


def _relay(data: bytes, output: int, errors: int) -> NoReturn:
    arguments, environment, folder = json.loads(data)
    for file, number in ((output, 1), (errors, 2)):
        os.dup2(file, number)
        os.close(file)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    sys.argv = [str(RUN), *arguments]
    runpy.run_path(str(RUN), run_name="__main__")
    sys.exit()


if __name__ == "__main__":
    main(socket.socket(fileno=int(sys.argv[1])))
