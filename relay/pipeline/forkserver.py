"""The fork server: a small process, started clean, that forks one worker after another and ends them with all they started.

The relay starts it with an empty environment and one connection. It imports once what every worker needs, so that a fresh one
is there in a few milliseconds; it never runs foreign code itself. Where the system allows it, it is the first process in
namespaces of its own, and each worker in one more: when the first process of a namespace ends, the kernel ends all others in
it. Elsewhere it adopts what a worker leaves behind, and ends that. When the relay is gone, everything here goes too.
"""

import gc
import os
import select
import signal
import socket
import sys
import traceback
from contextlib import suppress
from pathlib import Path
from struct import Struct
from time import monotonic, sleep
from types import FrameType
from typing import Final

import orjson

from relay.core.text import Tables
from relay.pipeline.fence import Kernel, Limits, Nest, close_in, leave_namespaces
from relay.pipeline.worker import Line, work

ORDER: Final = Struct(">cQ")  # what to do, with which worker
NEWS: Final = Struct(">cQi")  # what happened, to which worker, and its status
START, KILL = b"s", b"k"
STARTED, ENDED = b"s", b"e"
SWEEP_EVERY = 1.0  # seconds between two looks for orphans, where the kernel does not end them by itself
A_LITTLE_S = 60  # seconds of processor time beyond twice what it renews itself after: then it is one that does not
KILLED_WITHIN = 1.0  # seconds to wait for the end of what was killed: one that hangs in the kernel must not stop the others


def main(control: int) -> None:
    """Runs with its configuration on standard input; `control` is the number of the connection's file."""
    kernel = Kernel()
    kernel.dies_with_parent()
    given = orjson.loads(sys.stdin.buffer.read())
    tables = Tables(given["confusables"], frozenset(given["suffixes"]))
    has_namespaces = given["namespaces"] and leave_namespaces(kernel)
    child = os.fork()
    if child:
        os.close(control)
        _, status = os.waitpid(child, 0)
        os._exit(os.waitstatus_to_exitcode(status) & 0xFF)
    kernel.dies_with_parent()
    kernel.adopts_orphans()
    server = _Server(kernel, socket.socket(fileno=control), tables, Nest(kernel) if has_namespaces else None)
    gc.freeze()  # what is shared with the workers stays shared
    try:
        server.run()
    finally:
        server.end_all()
        os._exit(0)


class _Server:
    def __init__(self, kernel: Kernel, control: socket.socket, tables: Tables, nest: Nest | None) -> None:
        self._kernel = kernel
        self._control = control
        self._tables = tables
        self._nest = nest
        self._own = os.getpid()
        self._workers: dict[int, int] = {}  # process id by number
        self._woken, wake = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.signal(signal.SIGCHLD, _nothing)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)

    def run(self) -> None:
        """Until the relay hangs up."""
        poller = select.poll()
        poller.register(self._control, select.POLLIN)
        poller.register(self._woken, select.POLLIN)
        wait = None if self._nest else SWEEP_EVERY * 1000
        while True:
            ready = {file for file, _ in poller.poll(wait)}
            if self._woken in ready:
                with suppress(BlockingIOError):
                    os.read(self._woken, 4096)
                self._reap()
            if self._nest is None:
                self._sweep()
            if self._control.fileno() in ready and not self._obey():
                return

    def end_all(self) -> None:
        for number in list(self._workers):
            self._kill(number)

    def _obey(self) -> bool:
        """One order; False when there is nobody to give any."""
        data, files, _, _ = socket.recv_fds(self._control, ORDER.size, 2)
        if len(data) < ORDER.size:
            return False
        what, number = ORDER.unpack(data)
        if what == START:
            self._start(number, files)
        else:
            self._kill(number)
        for file in files:
            os.close(file)
        return True

    def _start(self, number: int, files: list[int]) -> None:
        if self._nest is not None and not self._nest.begin():
            self._tell(ENDED, number, 0)
            return
        try:
            child = os.fork()
            if child == 0:
                _become_worker(self._kernel, files, self._tables, None if self._nest else self._own)
        except OSError:  # no room for one more process: the relay sees a worker that ended
            self._tell(ENDED, number, 0)
            return
        finally:
            if self._nest is not None:
                self._nest.end()
        self._workers[number] = child
        self._tell(STARTED, number, child)

    def _kill(self, number: int) -> None:
        child = self._workers.get(number)
        if child is None:
            return
        ends = monotonic() + KILLED_WITHIN
        if self._nest is None:
            _end_tree(child)
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
        self._reap()
        while number in self._workers and monotonic() < ends:
            sleep(0.0005)
            self._reap()
        if self._nest is None:
            self._sweep()

    def _reap(self) -> None:
        while True:
            try:
                child, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if child == 0:
                return
            for number in [number for number, process in self._workers.items() if process == child]:
                del self._workers[number]
                self._tell(ENDED, number, os.waitstatus_to_exitcode(status))

    def _sweep(self) -> None:
        """Ends what has lost its parent: no worker starts anything that may outlive it."""
        known = set(self._workers.values())
        for orphan in [child for child in _children(os.getpid()) if child not in known]:
            _end_tree(orphan)
            with suppress(ProcessLookupError):
                os.kill(orphan, signal.SIGKILL)
        self._reap()

    def _tell(self, what: bytes, number: int, status: int) -> None:
        with suppress(OSError):
            self._control.sendall(NEWS.pack(what, number, status))


def _become_worker(kernel: Kernel, files: list[int], tables: Tables, parent: int | None) -> None:
    """In the fresh process: leaves behind what the fork server has, and never returns.

    `parent` is the fork server where no namespace ties the two: one that has ended meanwhile ends nobody any more.
    """
    code = 1
    try:
        line, output = (os.dup2(file, 100 + place) for place, file in enumerate(files))
        os.setsid()
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        nowhere = os.open(os.devnull, os.O_RDONLY)
        for place, file in enumerate((nowhere, output, output, line)):
            os.dup2(file, place)
        os.closerange(4, 4096)
        sys.dont_write_bytecode = True
        sock = socket.socket(fileno=3)
        hello = Line(sock).read()
        if hello is not None:
            readable = [Path(each) for each in hello["readable"]]
            processor_s = int(2 * hello["renew_s"]) + A_LITTLE_S
            close_in(kernel, Limits(hello["memory_mb"], hello["processes"], processor_s, parent is None), readable)
            if parent in {None, os.getppid()}:
                work(sock, hello, tables)
        code = 0
    except BaseException:  # noqa: BLE001 - the process ends here, whatever it is
        with suppress(BaseException):
            traceback.print_exc()
    finally:
        with suppress(OSError, ValueError):
            sys.stderr.flush()
        os._exit(code)


def _end_tree(process: int) -> None:
    """Everything below; twice stopped before it is killed, so that what is forking does not outrun this."""
    for number in (signal.SIGSTOP, signal.SIGSTOP, signal.SIGKILL):
        for child in _below(process):
            with suppress(ProcessLookupError):
                os.kill(child, number)


def _below(process: int) -> list[int]:
    found = [process]
    for each in found:
        found += _children(each)
    return found[1:]


def _children(process: int) -> list[int]:
    found: list[int] = []
    for thread in Path(f"/proc/{process}/task").glob("*/children"):
        with suppress(OSError):
            found += map(int, thread.read_text("ascii").split())
    return found


def _nothing(_number: int, _frame: FrameType | None) -> None:
    """A signal without a handler wakes nobody."""
