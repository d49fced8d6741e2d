"""A program under load: lines in, JSON lines out, and what the kernel says about its processor time and memory."""

import asyncio
import json
import resource
from pathlib import Path
from typing import Any, Self

LINE_LIMIT = 1 << 20  # bytes: a mark over thousands of posts lists a time for each
QUIT_SECONDS = 10.0


class ProgramError(Exception):
    """A load program ended, failed or stayed silent; its own words stand on standard error."""


class Program:
    """One started program; `async with` ends it."""

    def __init__(self, process: asyncio.subprocess.Process, name: str) -> None:
        self._process = process
        self._name = name

    @classmethod
    async def start(cls, *command: str | Path, folder: Path | None = None) -> Self:
        raise_files()
        process = await asyncio.create_subprocess_exec(
            *map(str, command),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=LINE_LIMIT,
            cwd=folder,
        )
        return cls(process, Path(command[0]).name)

    @property
    def pid(self) -> int:
        return self._process.pid

    async def say(self, line: str) -> None:
        if self._process.stdin is None:
            raise ProgramError(f"{self._name} has no standard input")
        self._process.stdin.write(line.encode() + b"\n")
        await self._process.stdin.drain()

    async def hear(self, event: str, seconds: float = 120.0) -> dict[str, Any]:
        """The next answer of that kind; others are passed over, `failed` raises."""
        if self._process.stdout is None:
            raise ProgramError(f"{self._name} has no standard output")
        try:
            async with asyncio.timeout(seconds):
                while line := await self._process.stdout.readline():
                    answer: dict[str, Any] = json.loads(line)
                    if answer["event"] == event:
                        return answer
                    if answer["event"] == "failed":
                        raise ProgramError(f"{self._name}: {answer}")
        except TimeoutError:
            raise ProgramError(f"{self._name}: no {event} within {seconds} s") from None
        raise ProgramError(f"{self._name} ended before {event}")

    async def ask(self, line: str, event: str, seconds: float = 120.0) -> dict[str, Any]:
        await self.say(line)
        return await self.hear(event, seconds)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._process.stdin is not None:
            self._process.stdin.close()  # the end of its input ends it
        try:
            await asyncio.wait_for(self._process.wait(), QUIT_SECONDS)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()


def raise_files() -> None:
    """Open files up to the hard limit; programs started from here inherit it."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def cpu_seconds(pid: int) -> float:
    """Processor time of all threads of a process that are alive, user and system, to the nanosecond."""
    spent = [path.read_text().split()[0] for path in Path(f"/proc/{pid}/task").glob("*/schedstat")]
    return sum(map(int, spent)) / 1e9


def resident_bytes(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * resource.getpagesize()
