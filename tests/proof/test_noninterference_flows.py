"""Noninterference over the flows: what a member sees is the same whether another member exists, writes, leaves or is erased."""

import asyncio
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given, settings

from tests.proof.acts import Program
from tests.proof.flows import Universe, open_universe
from tests.proof.flows_world import FlowsWorld
from tests.proof.play import Guesses, Player
from tests.proof.programs import programs
from tests.proof.verdict import Views, compare, effort

MEMORY: Final = next((path for path in (Path("/dev/shm"),) if path.is_dir()), None)  # noqa: S108
"""Nothing here has to last, so no disk need be waited for; None: wherever temporary files are."""


@dataclass(slots=True)
class Pair:
    """Two universes on one loop: HIGH lives in the first alone."""

    runner: asyncio.Runner
    stack: AsyncExitStack
    with_high: Universe
    without: Universe
    example: int = 0

    def views(self, program: Program) -> Views:
        return self.runner.run(self._views(program))

    async def _views(self, program: Program) -> Views:
        self.example += 1
        guesses: Guesses = {}
        first = Player(await FlowsWorld.found(self.with_high, self.example), program, guesses, with_high=True)
        second = Player(await FlowsWorld.found(self.without, self.example), program, guesses, with_high=False)
        return Views(await first.play(), await second.play(), (*first.broken, *second.broken))


async def _open(folder: Path) -> tuple[AsyncExitStack, Universe, Universe]:
    stack = AsyncExitStack()
    return (
        stack,
        await open_universe(folder / "with" / "relay.db", stack),
        await open_universe(folder / "without" / "relay.db", stack),
    )


@pytest.fixture
def pair() -> Iterator[Pair]:
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder, asyncio.Runner() as runner:
        stack, first, second = runner.run(_open(Path(folder)))
        yield Pair(runner, stack, first, second)
        runner.run(stack.aclose())


def test_nobody_can_tell_whether_another_member_exists(pair: Pair, size: Callable[[int, int], int], seed: int) -> None:
    """LOW's bytes are equal with HIGH and without, for equal acts of LOW and of staff."""
    del seed  # printed with a failure

    @settings(effort(size(2_000, 50_000)))
    @given(programs())
    def holds(program: Program) -> None:
        compare(program, pair.views(program))

    holds()
