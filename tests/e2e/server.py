"""The real relay in a process of its own: started on a folder, stopped, or killed when a test says so."""

import asyncio
import json
import os
import re
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from pathlib import Path

from tests.servers.forkserver import Forked

ROOT = Path(__file__).parents[2]
PROGRAM = (sys.executable, str(ROOT / "run.py"))
OWNER_TOKEN = "the-owner-of-the-tests-0123456789abcdef"
READY_S = 5.0  # promised, whatever a crash left behind; the tests of kill -9 hold the relay to it
PATIENCE_S = 30.0  # until it counts as failed elsewhere, however busy the machine is
DRAINED_S = 10.0  # promised after SIGTERM
GONE_S = 1.0  # until one that lets nobody in counts as running
_READY = re.compile(rb"ready (http://127\.0\.0\.1:\d+)\n")


@asynccontextmanager
async def within(seconds: float, what: str) -> AsyncIterator[None]:
    """Fail when what is done inside takes longer."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError:
        raise AssertionError(f"not within {seconds:g} s: {what}") from None


class Server:
    """A relay that can come back: the folder stays, the process and its port change. `up` is set while it answers requests."""

    def __init__(self, folder: Path, environment: Mapping[str, str], program: Sequence[str] = ()) -> None:
        """`program` starts it, perhaps with something before that lowers what the system grants; without one it is forked."""
        self.folder = folder
        self.log = folder.parent / "relay.log"
        self.url = ""
        self.up = asyncio.Event()
        self.starts = 0
        self.port = 0  # the relay picks one; who must come back to the same address is given their own
        self._environment = environment
        self.ready_s = PATIENCE_S
        self._program = program
        self._process: asyncio.subprocess.Process | Forked | None = None

    async def start(self) -> None:
        """Return when it is ready; fail, and leave no process, when that takes longer than `ready_s`."""
        words = ("serve", "--data", str(self.folder), "--port", str(self.port), "--log-format", "json")
        environment, folder = self._without_settings_of_ours(), self.folder.parent
        with self.log.open("ab") as log:
            if self._program:
                self._process = await asyncio.create_subprocess_exec(
                    *self._program, *words, stdout=asyncio.subprocess.PIPE, stderr=log, env=environment, cwd=folder
                )
            else:
                self._process = await Forked.start(words, environment, folder, log.fileno())
        try:
            self.url = await self._ready()
        except BaseException:
            self._process.kill()
            raise
        self.starts += 1
        self.up.set()

    async def _ready(self) -> str:
        async with within(self.ready_s, "ready"):
            line = await self._output.readline()
        found = _READY.fullmatch(line)
        assert found, f"{line!r} is no ready line; the log says: {self.log.read_text()[-2000:]}"
        return found[1].decode()

    @property
    def pid(self) -> int:
        """The running process."""
        assert self._process is not None
        return self._process.pid

    async def why_gone(self) -> str:
        """How it ended though nobody ended it, and the end of its log; empty while it runs, and where it was ended."""
        process = self._process
        if process is None:
            return ""
        with suppress(TimeoutError):
            async with asyncio.timeout(GONE_S):
                await process.wait()  # it lets nobody in before this process hears of its end
        if process.returncode is None or not self.up.is_set():
            return ""
        return f"the relay ended by itself with {process.returncode}; its log ends: {self.log.read_text()[-2000:]}"

    def said_at(self, event: str) -> float:
        """When its log has this first, in seconds of the clock on the wall."""
        line = next(line for line in self.log.read_text().splitlines() if f'"event":"{event}"' in line)
        return datetime.fromisoformat(json.loads(line)["timestamp"]).timestamp()

    async def stop(self) -> int:
        """End it as an operator does; its exit code."""
        if self._process is None:
            return 0
        self.up.clear()
        self._process.terminate()
        return await self._ended(DRAINED_S)

    async def kill(self) -> None:
        """End it in the middle of whatever it does."""
        if self._process is not None:
            self.up.clear()
            if self._process.returncode is None:
                self._process.kill()
            await self._ended(PATIENCE_S)

    async def _ended(self, limit: float) -> int:
        assert self._process is not None
        async with within(limit, "the process ends"):
            code = await self._process.wait()
        said = await self._output.read()
        self._process = None
        assert said == b"", "nothing but the ready line goes to standard output"
        return code

    @property
    def _output(self) -> asyncio.StreamReader:
        assert self._process is not None
        assert self._process.stdout is not None
        return self._process.stdout

    def _without_settings_of_ours(self) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("RELAY_")}
        return {**inherited, "RELAY_OWNER_TOKEN": OWNER_TOKEN, **self._environment}
