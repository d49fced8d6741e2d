"""A pipeline with one hostile plugin and an innocent one, the members who write, and what is left of its processes."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import ClassVar, TypeVar

from relay.clock import SystemClock
from relay.core.text import Tables
from relay.core.verdict import Decision, Rules
from relay.loader import Outside, assemble
from relay.pipeline.forks import Forks
from relay.pipeline.pipeline import LONGEST_TEXT, Pipeline, Places, PluginState
from relay.plugin import Context, Foreign, Incoming, NoOptions, Plugin, Signal
from relay.testing.moderation import submission

KINDS = Path(__file__).with_name("plugins")
PATIENCE = 20.0  # seconds until a test gives up on what should take a fraction of one
T = TypeVar("T")


class Innocent(Plugin[NoOptions]):
    """Runs inside of the relay, and sees everything."""

    name, version = "innocent", "1.0"
    signals: ClassVar = {"innocent.x": 0.1}

    async def check(self, incoming: Incoming, context: Context) -> AsyncIterator[Signal]:
        yield Signal("innocent.x", factor=min(1.0, len(incoming.text) / LONGEST_TEXT))


async def in_time(awaited: Awaitable[T], what: str) -> T:
    """Fail, by an assertion, when it never ends."""
    try:
        return await asyncio.wait_for(awaited, PATIENCE)
    except TimeoutError:
        raise AssertionError(f"not within {PATIENCE:g} s: {what}") from None


@dataclass(slots=True)
class Arena:
    """`kind` is the hostile plugin's name, `deadline` its own in seconds.

    `took` holds the seconds of each attack, without those in which the machine ran others though this process could have run.
    """

    kind: str
    deadline: float
    pipeline: Pipeline
    took: list[float] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=count)

    async def says(self, text: str, member: str = "ada") -> Decision:
        return await in_time(self.pipeline.judge(submission(text, member)), f"{self.kind} judges {text!r}")

    async def attack(self, more: str = "") -> Decision:
        """A message of a member who never wrote before, at which the plugin goes wild."""
        member = f"troll {len(self.took)}"
        started, waited = time.perf_counter(), for_a_processor()
        decision = await self.says(f"attack {more}".strip(), member)
        self.took.append(time.perf_counter() - started - (for_a_processor() - waited))
        return decision

    async def recover(self) -> float:
        """Write as somebody else until that passes; the seconds until then."""
        started = time.perf_counter()
        async with asyncio.timeout(PATIENCE):
            while (await self.says(f"good morning {next(self._numbers)}")).failures:  # noqa: ASYNC110 - a process has no event
                await asyncio.sleep(0.001)
        return time.perf_counter() - started

    def state(self) -> PluginState:
        return next(state for state in self.pipeline.describe() if state.name == self.kind)


def loaded(kind: str, forks: Forks, tmp_path: Path) -> list[Plugin[NoOptions] | Foreign]:
    """The hostile plugin as a relay loads it, from a folder that holds nothing else, and the innocent one."""
    folder = tmp_path / "plugins"
    folder.mkdir(exist_ok=True)
    (folder / f"{kind}.py").write_bytes((KINDS / f"{kind}.py").read_bytes())
    return [*assemble([], {kind: {}}, {}, Outside([folder], forks.ask)), Innocent(NoOptions())]


@asynccontextmanager
async def arena(kind: str, forks: Forks, tmp_path: Path) -> AsyncIterator[Arena]:
    """Opened, and closed but for the fork server, which tests share."""
    hostile, innocent = loaded(kind, forks, tmp_path)
    assert isinstance(hostile, Foreign)
    pipeline = Pipeline([hostile, innocent], Rules(), Tables(), SystemClock(), Places(forks))
    await pipeline.open()
    try:
        yield Arena(kind, hostile.label.deadline_ms / 1000, pipeline)
    finally:
        await pipeline.close_plugins()


def for_a_processor() -> float:
    """Seconds that this thread was ready to run and had no processor; 0 where the system does not tell."""
    try:
        return int(Path("/proc/thread-self/schedstat").read_text("ascii").split()[1]) / 1e9
    except OSError:
        return 0.0


def below(process: int) -> list[int]:
    """Every process that descends from this one, without itself; none where it is gone."""
    found = [process]
    for each in found:
        found += children(each)
    return found[1:]


def children(process: int) -> Iterator[int]:
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            _, parent = path.read_text("ascii", "replace").rpartition(")")[2].split()[:2]
        except OSError:
            continue
        if int(parent) == process:
            yield int(path.parent.name)
