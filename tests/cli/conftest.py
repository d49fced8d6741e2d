"""A real relay in a process of its own, and the real command line that speaks to it."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.servers.forkserver import Child

ROOT = Path(__file__).parent.parent.parent
OWNER = "an-owners-token-of-more-than-32-characters"
PATIENCE = 60  # seconds; far more than any command takes


Process = Child | subprocess.Popen[str]


@dataclass(frozen=True, slots=True)
class Result:
    """What one command did."""

    code: int
    out: str
    err: str

    @property
    def things(self) -> list[dict[str, Any]]:
        """Its JSON lines."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def thing(self) -> dict[str, Any]:
        """Its one JSON line."""
        (thing,) = self.things
        return thing


@dataclass(frozen=True, slots=True)
class CommandLine:
    """`relay` in a folder, with an environment that has nothing of this shell's settings."""

    folder: Path
    environ: dict[str, str]

    def __call__(self, *words: str, said: str = "", **environ: str) -> Result:
        process = Child(words, {**self.environ, **environ}, self.folder, said)
        return ended(process)

    def json(self, *words: str, **environ: str) -> Result:
        """The same with --json; it has to succeed."""
        result = self(*words, "--json", **environ)
        assert result.code == 0, result.err
        return result


def ended(process: Process) -> Result:
    """When it has."""
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode is not None
    return Result(process.returncode, out, err)


class Served:
    """A running `relay serve`."""

    def __init__(self, folder: Path, *words: str, **environ: str) -> None:
        self.process = self._begin(["serve", "--port", "0", *words], {**plain_environment(), **environ}, folder)
        assert self.process.stdout is not None
        self.ready = self.process.stdout.readline()
        self.url = self.ready.removeprefix("ready ").strip()

    def _begin(self, words: Sequence[str], environ: Mapping[str, str], folder: Path) -> Process:
        return Child(words, environ, folder)

    def stop(self) -> Result:
        """Tell it to stop, and give what it said after its first line."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return ended(self.process)


def plain_environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("RELAY_")}
    return {**kept, "PYTHONPATH": str(ROOT)}


@pytest.fixture
def relay(tmp_path: Path) -> CommandLine:
    """The command line without a relay behind it."""
    return CommandLine(tmp_path, plain_environment())


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One relay for all tests of a file."""
    running = Served(tmp_path_factory.mktemp("relay"), RELAY_OWNER_TOKEN=OWNER)
    yield running
    running.stop()


@pytest.fixture
def owner(served: Served, tmp_path: Path) -> CommandLine:
    """The command line of the owner of the running relay."""
    return CommandLine(tmp_path, {**plain_environment(), "RELAY_URL": served.url, "RELAY_TOKEN": OWNER})
