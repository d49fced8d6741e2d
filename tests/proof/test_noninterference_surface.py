"""Noninterference over the real surface: the same programs as over the flows, through HTTP and WebSocket on loopback."""

import asyncio
import gc
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given, settings

from tests.proof.acts import Program
from tests.proof.play import Guesses, Player
from tests.proof.programs import programs
from tests.proof.surface import Relay, open_relay
from tests.proof.surface_world import SurfaceWorld
from tests.proof.test_noninterference_flows import MEMORY
from tests.proof.verdict import Views, compare, effort


@dataclass(slots=True)
class Pair:
    """Two relays: HIGH lives in the first alone."""

    runner: asyncio.Runner
    with_high: Relay
    without: Relay
    example: int = 0

    def views(self, program: Program) -> Views:
        return self.runner.run(self._views(program))

    async def _views(self, program: Program) -> Views:
        self.example += 1
        guesses: Guesses = {}
        first = Player(await SurfaceWorld.found(self.with_high, self.example), program, guesses, with_high=True)
        second = Player(await SurfaceWorld.found(self.without, self.example), program, guesses, with_high=False)
        return Views(await first.play(), await second.play(), (*first.broken, *second.broken))


@pytest.fixture
def pair() -> Iterator[Pair]:
    async def opened(folder: Path, stack: AsyncExitStack) -> tuple[Relay, Relay]:
        return await open_relay(folder / "with", stack), await open_relay(folder / "without", stack)

    with tempfile.TemporaryDirectory(dir=MEMORY) as folder, asyncio.Runner() as runner:
        stack = AsyncExitStack()
        first, second = runner.run(opened(Path(folder), stack))
        yield Pair(runner, first, second)
        runner.run(stack.aclose())
    gc.collect()


def test_nobody_can_tell_whether_another_member_exists(pair: Pair, size: Callable[[int, int], int], seed: int) -> None:
    """LOW's answers, headers and frames are equal with HIGH and without, but for ids and times, for equal acts."""
    del seed  # printed with a failure

    @settings(effort(size(400, 10_000)))
    @given(programs())
    def holds(program: Program) -> None:
        compare(program, pair.views(program))

    holds()
