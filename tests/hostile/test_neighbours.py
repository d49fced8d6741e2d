"""Beside a hostile plugin, or a member who breaks one: nobody else's messages mix, wait, or stay unjudged."""

import asyncio
import time
from pathlib import Path

from relay.core.text import Tables
from relay.core.verdict import Action, Decision
from relay.pipeline.forks import Forks, WorkerSettings
from relay.testing.moderation import submission
from tests.hostile.arena import arena, for_a_processor, in_time
from tests.hostile.conftest import Enter

OVERTIME = 0.15  # seconds beyond its deadline, promised
MOST_GROWN = 32 * 1024 * 1024  # bytes: what arrives is a hundred megabytes and more


def reasons(decision: Decision) -> list[str]:
    return [seen.signal.reason for seen in decision.signals if seen.plugin == "echoes"]


async def test_messages_of_many_members_at_once_never_mix(enter: Enter) -> None:
    async with enter("echoes") as arena:
        texts = {f"member {n}": f"text {n}" for n in range(100)}

        decisions = await asyncio.gather(*(arena.says(text, member) for member, text in texts.items()))

        expected = [[f"{member} says {text}", "1 True [1.5, None, True]"] for member, text in texts.items()]
        assert [reasons(decision) for decision in decisions] == expected
        assert arena.state().restarts == 0


async def test_who_goes_away_gets_nobody_anothers_answer(enter: Enter) -> None:
    async with enter("echoes") as arena:
        gone = asyncio.create_task(arena.pipeline.judge(submission("slow and gone", "eve")))
        waiting = asyncio.create_task(arena.pipeline.judge(submission("waited and gone", "mallory")))
        staying = asyncio.create_task(arena.says("still there", "bob"))
        await asyncio.sleep(0)
        gone.cancel()
        waiting.cancel()

        decision = await staying

        assert reasons(decision)[0] == "bob says still there"
        assert reasons(await arena.says("again", "eve"))[1] == "2 True [1.5, None, True]"
        assert arena.state().restarts == 0


async def test_what_is_written_meanwhile_is_judged_in_time(enter: Enter) -> None:
    async with enter("endless_loop") as arena:
        await arena.recover()
        attack = asyncio.create_task(arena.attack())
        await asyncio.sleep(0)

        async def says(n: int) -> tuple[Decision, float]:
            started, waited = time.perf_counter(), for_a_processor()
            decision = await arena.says(f"hello {n}", f"member {n}")
            return decision, time.perf_counter() - started - (for_a_processor() - waited)

        others = await asyncio.gather(*(says(n) for n in range(20)))

        assert (await attack).action is Action.HOLD
        assert sorted(took for _, took in others)[len(others) // 2] <= arena.deadline + OVERTIME
        held = [decision for decision, _ in others if decision.action is Action.HOLD]
        assert all(decision.by_itself is Action.ALLOW for decision in held), "a member is told what another did"


async def test_a_message_that_ended_its_worker_is_never_given_to_one_again(enter: Enter) -> None:
    async with enter("endless_loop") as arena:
        await arena.says("attack", "eve")
        await arena.recover()
        before = arena.state().restarts

        again = await arena.says("attack", "eve")

        assert again.action is Action.HOLD
        assert again.failures == (("endless_loop", "was not asked: this message ended its process before"),)
        assert arena.state().restarts == before


async def test_one_member_alone_never_switches_a_plugin_off_for_others(enter: Enter) -> None:
    async with enter("exits_at_once") as arena:
        for n in range(12):
            assert (await arena.says(f"attack {n}", "eve")).action is Action.HOLD
            await arena.recover()

        assert arena.state().restarts == 3
        assert arena.state().state == "running"
        assert (await arena.says("good morning", "eve")).failures == (
            ("exits_at_once", "was not asked: messages of this member ended its process again and again"),
        )


async def test_many_members_who_break_it_switch_it_off_and_it_comes_back(enter: Enter) -> None:
    async with enter("exits_at_once") as arena:
        while arena.state().state != "waiting":
            await arena.says(f"attack {len(arena.took)}", f"troll {len(arena.took)}")
            arena.took.append(0)

        held = await arena.says("good morning")

        assert (held.action, held.by_itself) == (Action.HOLD, Action.ALLOW)
        assert "started again" in arena.state().note
        await arena.recover()
        assert arena.state().state == "running"


async def test_what_a_worker_sends_does_not_pile_up_in_the_relay(enter: Enter) -> None:
    for kind in ("gigabyte_verdict", "endless_verdicts", "floods_output", "fills_memory"):
        async with enter(kind) as arena:
            await arena.recover()
            before = resident()

            await arena.attack()

            await arena.recover()
            assert resident() - before < MOST_GROWN, kind


async def test_memory_of_a_worker_has_a_ceiling(enter: Enter) -> None:
    async with enter("memory_bomb") as arena:
        decision = await arena.attack()

        ((_, why),) = decision.failures
        assert why.startswith(("raised MemoryError", "ended its process"))


async def test_workers_that_make_room_for_fresh_ones_cost_no_message(tmp_path: Path) -> None:
    forks = Forks(Tables(), WorkerSettings(renew_s=0))
    async with arena("echoes", forks, tmp_path) as ring:
        await ring.recover()

        decisions = [await ring.says(f"text {n}", f"member {n % 3}") for n in range(20)]

        assert [decision.failures for decision in decisions] == [()] * 20
        assert ring.state().restarts > 5
    forks.close()


async def test_closing_waits_for_nobody(enter: Enter) -> None:
    async with enter("endless_loop") as arena:
        await arena.recover()
        attack, waiting = (asyncio.create_task(arena.says(text, member)) for text, member in (("attack", "eve"), ("hi", "bob")))
        await asyncio.sleep(0)

        await in_time(arena.pipeline.close_plugins(), "closing")

        assert {(await attack).action, (await waiting).action} == {Action.HOLD}
        assert (await arena.says("too late")).action is Action.HOLD


def resident() -> int:
    """Bytes of this process that lie in memory."""
    return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * 4096
