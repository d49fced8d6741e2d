"""Every kind of hostile plugin: its message is held in time, nothing passes, and everybody else's messages go on."""

import asyncio
import statistics

import pytest

from relay.core.verdict import Action
from tests.hostile.arena import KINDS, PATIENCE
from tests.hostile.conftest import Enter

OVERTIME = 0.15  # seconds beyond its deadline, promised
ATTACKS = 3  # the median counts: a machine that paused is no plugin's doing
AT_START = ("dies_at_import", "hangs_at_import", "dies_in_setup", "spins_in_setup", "floods_its_start", "renews_for_ever")
NEEDS_MORE = ("reads_files", "calls_home")  # shown by tests of their own
AT_A_MESSAGE = sorted(path.stem for path in KINDS.glob("*.py") if path.stem not in {*AT_START, *NEEDS_MORE, "echoes"})


def test_there_are_at_least_as_many_kinds_as_promised() -> None:
    assert len([*AT_A_MESSAGE, *AT_START, *NEEDS_MORE]) >= 25


@pytest.mark.parametrize("kind", AT_A_MESSAGE)
async def test_its_message_is_held_in_time_and_everybody_elses_pass(kind: str, enter: Enter) -> None:
    async with enter(kind) as arena:
        await arena.recover()
        for _ in range(ATTACKS):
            decision = await arena.attack()

            assert decision.action is Action.HOLD
            assert [plugin for plugin, _ in decision.failures] == [kind]
            assert "innocent.x" in {seen.signal.name for seen in decision.signals}
            assert all(not seen.signal.reason for seen in decision.signals), "it got hold of something"
            await arena.recover()

        assert statistics.median(arena.took) <= arena.deadline + OVERTIME
        assert (await arena.says("good evening")).action is Action.ALLOW


@pytest.mark.parametrize("kind", AT_START)
async def test_one_that_never_gets_ready_holds_messages_and_keeps_nobody_waiting(kind: str, enter: Enter) -> None:
    async with enter(kind) as arena:
        decision = await arena.attack()

        assert decision.action is Action.HOLD
        assert [plugin for plugin, _ in decision.failures] == [kind]
        assert arena.took[0] <= arena.deadline + OVERTIME
        assert arena.state().state in {"broken", "starting", "waiting"}


@pytest.mark.parametrize("kind", ["floods_its_start", "renews_for_ever"])
async def test_one_that_talks_before_it_is_asked_is_ended_and_waits_for_its_next_try(kind: str, enter: Enter) -> None:
    async with enter(kind) as arena:
        async with asyncio.timeout(PATIENCE):
            while arena.state().state != "waiting":  # noqa: ASYNC110 - a process has no event
                await asyncio.sleep(0.01)

        assert "broke the protocol" in arena.state().note


@pytest.mark.parametrize("kind", ["fork_bomb", "leaves_daemons", "kills_its_parent", "kills_itself", "stops_itself"])
async def test_it_is_held_where_the_system_gives_no_namespaces(kind: str, enter_bare: Enter) -> None:
    async with enter_bare(kind) as arena:
        await arena.recover()
        for _ in range(ATTACKS):
            decision = await arena.attack()

            assert decision.action is Action.HOLD
            await arena.recover()

        assert statistics.median(arena.took) <= arena.deadline + OVERTIME
