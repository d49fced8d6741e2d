"""Builds the load programs with the machine's C compiler and starts them; without one, the members run in Python."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.load.program import Program

HERE = Path(__file__).parent
SOURCES = {"stream": HERE / "stream.c", "mqtt": HERE / "mqtt.c", "bare": HERE.parent / "peers" / "bare.c"}
ROOT = HERE.parent.parent


class NoCompilerError(Exception):
    """No cc on this machine: what only exists in C is left out of the comparison."""


@dataclass(frozen=True, slots=True)
class Members:
    """Who connects where: `tokens` is a file with a token a line, `first` skips some; `texts` is made by `write_texts`."""

    port: int
    tokens: Path
    count: int = 1
    first: int = 0
    path: str = "/v1/me/stream"
    texts: Path | None = None
    acknowledge: bool = True
    extra: list[str] = field(default_factory=list)

    def options(self) -> list[str]:
        made = ["--port", str(self.port), "--tokens", str(self.tokens.resolve()), "--members", str(self.count)]
        made += ["--first", str(self.first), "--path", self.path, *self.extra]
        made += ["--texts", str(self.texts.resolve())] if self.texts else []
        return made if self.acknowledge else [*made, "--quiet"]


class Tools:
    """The load programs, built once into `folder` (best a temporary one)."""

    def __init__(self, folder: Path, compiler: str = "cc") -> None:
        self._folder = folder.resolve()
        self.is_compiled = shutil.which(compiler) is not None
        if not self.is_compiled:
            print("no C compiler: the members run in Python and will be the bottleneck", file=sys.stderr)
            return
        for name, source in SOURCES.items():
            command = [compiler, "-O2", "-o", str(self._folder / name), str(source), str(HERE / "wire.c")]
            subprocess.run(command, check=True)

    async def members(self, members: Members) -> Program:
        """Members that connect at once: `hear("ready")`, `ask("mark a", "marked")`, `hear("done")`, see stream.c."""
        if not self.is_compiled:
            return await Program.start(sys.executable, "-m", "benchmarks.load.slow", *members.options(), folder=ROOT)
        return await Program.start(self._folder / "stream", *members.options())

    async def probe(self, members: Members) -> Program:
        """One member that measures WebSocket pings from its first mark on: `ask("stats", "stats")` tells them."""
        return await Program.start(self._compiled("stream"), *members.options(), "--probe")

    async def subscribers(self, port: int, count: int, version: int = 4) -> Program:
        """MQTT clients of one topic, a publisher and an inbox: see mqtt.c."""
        options = ["--port", str(port), "--clients", str(count), "--version", str(version)]
        return await Program.start(self._compiled("mqtt"), *options)

    async def mqtt_probe(self, port: int) -> Program:
        options = ["--port", str(port), "--prefix", "probe-", "--probe"]
        return await Program.start(self._compiled("mqtt"), *options)

    async def bare(self) -> tuple[Program, int]:
        """The bare loop, and the port it listens on."""
        program = await Program.start(self._compiled("bare"))
        return program, int((await program.hear("listening"))["port"])

    def _compiled(self, name: str) -> Path:
        if not self.is_compiled:
            raise NoCompilerError
        return self._folder / name


def write_tokens(path: Path, tokens: Iterable[str]) -> Path:
    path.write_text("".join(f"{token}\n" for token in tokens))
    return path


def write_texts(path: Path, texts: Iterable[str]) -> Path:
    """Texts as the programs want them: a JSON string a line."""
    path.write_text("".join(json.dumps(text, ensure_ascii=False) + "\n" for text in texts), encoding="utf-8")
    return path
