"""A real relay in a process of its own, and the real command line that speaks to it."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent.parent
OWNER = "an-owners-token-of-more-than-32-characters"
PATIENCE = 60  # seconds; far more than any command takes


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
        done = subprocess.run(
            [sys.executable, "-m", "relay", *words],
            cwd=self.folder,
            env={**self.environ, **environ},
            input=said,
            check=False,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
        return Result(done.returncode, done.stdout, done.stderr)

    def json(self, *words: str, **environ: str) -> Result:
        """The same with --json; it has to succeed."""
        result = self(*words, "--json", **environ)
        assert result.code == 0, result.err
        return result


class Served:
    """A running `relay serve`."""

    def __init__(self, folder: Path, *words: str, **environ: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "relay", "serve", "--port", "0", *words],
            cwd=folder,
            env={**plain_environment(), **environ},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        self.ready = self.process.stdout.readline()
        self.url = self.ready.removeprefix("ready ").strip()

    def stop(self) -> Result:
        """Tell it to stop, and give what it said after its first line."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        out, err = self.process.communicate(timeout=PATIENCE)
        return Result(self.process.returncode, out, err)


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
