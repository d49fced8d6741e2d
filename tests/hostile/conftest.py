"""The fork servers that the tests share, and a check that each test leaves no process behind."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from relay.core.text import Tables
from relay.pipeline.forks import Forks, WorkerSettings
from tests.hostile.arena import PATIENCE, Arena, arena, below

Enter = Callable[[str], AbstractAsyncContextManager[Arena]]
SETTINGS = WorkerSettings(start_s=5)


@pytest.fixture(scope="session")
def shared_forks() -> Iterator[Forks]:
    forks = Forks(Tables(), SETTINGS)
    yield forks
    forks.close()


@pytest.fixture(scope="session")
def shared_bare_forks() -> Iterator[Forks]:
    forks = Forks(Tables(), SETTINGS, namespaces=False)
    yield forks
    forks.close()


@pytest.fixture
async def forks(shared_forks: Forks) -> AsyncIterator[Forks]:
    """With all that this system gives."""
    yield shared_forks
    await gone(shared_forks)


@pytest.fixture
async def bare_forks(shared_bare_forks: Forks) -> AsyncIterator[Forks]:
    """As on a system that gives no namespaces."""
    yield shared_bare_forks
    await gone(shared_bare_forks)


@pytest.fixture
def enter(forks: Forks, tmp_path: Path) -> Enter:
    """Gives an arena around the kind that is named."""
    return lambda kind: arena(kind, forks, tmp_path)


@pytest.fixture
def enter_bare(bare_forks: Forks, tmp_path: Path) -> Enter:
    return lambda kind: arena(kind, bare_forks, tmp_path)


async def gone(forks: Forks) -> None:
    """Nothing that a worker was or started is left; the fork server's own two processes are."""
    if forks.process is None:
        return
    left: list[int] = []
    try:
        async with asyncio.timeout(PATIENCE):
            while len(left := below(forks.process)) > 1:  # noqa: ASYNC110 - a process has no event
                await asyncio.sleep(0.01)
    except TimeoutError:
        raise AssertionError(f"processes are left behind: {left}") from None


@pytest.fixture
def is_gone() -> Callable[[int], bool]:
    """Whether a process has ended, whether or not somebody has asked how; and all that knew it as its parent."""
    return lambda process: not below(process) and not Path(f"/proc/{process}").exists()
