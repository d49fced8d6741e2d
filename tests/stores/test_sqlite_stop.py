"""Nobody is kept waiting: not by a locked file, not by a search that runs while the store closes, not by who counts."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from relay.core.change import RevokeKey, SetFact
from relay.core.errors import Stale, Unavailable
from relay.stores.sqlite_writer import Limits
from tests.stores.test_sqlite import SLOW, held_up, opened

HOURS = 10**12  # rows that a search counts


async def test_a_locked_file_refuses_all_that_wait_at_once(tmp_path: Path) -> None:
    store = await opened(tmp_path, Limits(locked=0.3, group=1))
    with held_up(tmp_path):
        waiting = [asyncio.create_task(store.commit(SetFact(str(n), "x"))) for n in range(50)]
        results = await asyncio.wait_for(asyncio.gather(*waiting, return_exceptions=True), 10)

    assert {type(result) for result in results} == {Unavailable}
    assert {"locked" in str(result) for result in results} == {True}
    assert await store.commit(SetFact("after", "x")) == (None,)
    await store.close()


async def test_closing_waits_for_no_other_process_that_has_the_file(tmp_path: Path) -> None:
    store = await opened(tmp_path, Limits(locked=3600))
    with held_up(tmp_path):
        waiting = asyncio.create_task(store.commit(SetFact("a", "x")))
        await asyncio.sleep(0)
        await asyncio.wait_for(store.close(), 10)

    with pytest.raises(Unavailable, match="locked"):
        await waiting


async def test_closing_breaks_off_searches_and_those_who_wait_hear_of_it(tmp_path: Path) -> None:
    store = await opened(tmp_path)
    waiting = [asyncio.create_task(store._scan(SLOW, HOURS)) for _ in range(20)]  # noqa: SLF001  no list takes so long
    await asyncio.sleep(0)

    await asyncio.wait_for(store.close(), 10)

    results = await asyncio.gather(*waiting, return_exceptions=True)
    assert {type(result) for result in results} == {Unavailable}
    with pytest.raises(Unavailable, match="shutting down"):
        await store._scan(SLOW, 1)  # noqa: SLF001


async def test_who_counts_groups_keeps_nobody_from_their_answer_and_hears_of_written_ones_alone(tmp_path: Path) -> None:
    store = await opened(tmp_path)
    heard: list[int] = []
    store.grouped = failing(heard)

    with pytest.raises(Stale):
        await store.commit(RevokeKey("nobody", datetime(2026, 1, 1, tzinfo=UTC)))
    written = await asyncio.wait_for(store.commit(SetFact("a", "x")), 10)

    assert written == (None,)
    assert heard == [1]
    await store.close()


def failing(heard: list[int]) -> Callable[[int, float], None]:
    def hear(commits: int, _seconds: float) -> None:
        heard.append(commits)
        raise RuntimeError

    return hear
