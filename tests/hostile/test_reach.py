"""What a worker can reach: none of the relay's files, environment, network or memory, where the system can keep it off."""

import asyncio
import os
import socket
import sys
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest

from relay.clock import SystemClock
from relay.core.text import Tables
from relay.core.verdict import Action, Decision, Rules
from relay.pipeline import landlock
from relay.pipeline.forks import Forks, WorkerSettings
from relay.pipeline.pipeline import Pipeline, Places
from relay.plugin import Foreign
from relay.testing.moderation import submission
from tests.e2e.server import within
from tests.hostile.arena import in_time, loaded
from tests.hostile.conftest import Enter, gone

TCP_SINCE = 4  # the version of Landlock that can keep a process from connecting

needs_landlock = pytest.mark.skipif(landlock.version() == 0, reason="this kernel has no Landlock")


def found(decision: Decision) -> list[str]:
    return [seen.signal.reason for seen in decision.signals if seen.signal.reason]


async def judged(forks: Forks, kind: str, text: str, tmp_path: Path) -> Decision:
    pipeline = Pipeline(loaded(kind, forks, tmp_path), Rules(), Tables(), SystemClock(), Places(forks))
    try:
        await pipeline.open()
        return await in_time(pipeline.judge(submission(text)), kind)
    finally:
        await pipeline.close()


@needs_landlock
@pytest.mark.parametrize("namespaces", [True, False])
async def test_the_database_and_other_processes_cannot_be_read(namespaces: bool, tmp_path: Path) -> None:  # noqa: FBT001
    data = tmp_path / "plugins" / "data"  # even in the folder that the plugin may read
    data.mkdir(parents=True)
    (data / "relay.db").write_text("everybody's secrets")
    forks = Forks(Tables(), WorkerSettings(), [data], namespaces=namespaces)
    wanted = [data / "relay.db", f"/proc/{os.getpid()}/environ", "/proc/self/environ", "/etc/passwd", __file__]

    decision = await judged(forks, "reads_files", " ".join(map(str, ["attack", *wanted])), tmp_path)

    assert found(decision) == []
    assert decision.failures[0][1].startswith("raised PermissionError at reads_files.py")


@needs_landlock
async def test_its_own_file_can_be_read(forks: Forks, tmp_path: Path) -> None:
    decision = await judged(forks, "reads_files", f"attack {tmp_path}/plugins/reads_files.py", tmp_path)

    assert len(found(decision)) == 1


async def test_the_environment_is_empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RELAY_OWNER_TOKEN", "the owner's")

    decision = await judged(Forks(Tables(), WorkerSettings()), "reads_environment", "attack", tmp_path)

    assert found(decision) == []
    assert decision.failures[0][1].startswith("raised KeyError")


@pytest.mark.skipif(landlock.version() < TCP_SINCE, reason="this kernel's Landlock does not know TCP")
@pytest.mark.parametrize("namespaces", [True, False])
async def test_nothing_can_be_connected_to(namespaces: bool, tmp_path: Path) -> None:  # noqa: FBT001
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]

        forks = Forks(Tables(), WorkerSettings(), namespaces=namespaces)
        decision = await judged(forks, "calls_home", f"attack {port}", tmp_path)

    assert found(decision) == []
    assert decision.action is Action.HOLD


async def test_anothers_memory_cannot_be_asked_for(enter: Enter) -> None:
    async with enter("forges_requests") as arena:
        await arena.says("hello", "ada")

        decision = await arena.says("attack", "eve")

        assert found(decision) == []
        assert decision.action is Action.HOLD


@pytest.mark.parametrize("namespaces", [True, False])
async def test_what_a_worker_started_ends_with_it(namespaces: bool, tmp_path: Path) -> None:  # noqa: FBT001
    forks = Forks(Tables(), WorkerSettings(), namespaces=namespaces)
    pipeline = Pipeline(loaded("leaves_daemons", forks, tmp_path), Rules(), Tables(), SystemClock(), Places(forks))
    try:
        await pipeline.open()
        await in_time(pipeline.judge(submission("attack")), "leaves_daemons")

        await pipeline.close_plugins()

        await gone(forks)
    finally:
        await pipeline.close()


async def test_the_fork_server_outlives_its_workers(forks: Forks, enter: Enter) -> None:
    async with enter("kills_its_parent") as arena:
        before = forks.process

        await arena.attack()
        await arena.recover()

        assert forks.process == before


async def test_a_fork_server_that_was_killed_is_started_again(tmp_path: Path) -> None:
    forks, numbers = Forks(Tables(), WorkerSettings()), count()
    pipeline = Pipeline(loaded("echoes", forks, tmp_path), Rules(), Tables(), SystemClock(), Places(forks))
    try:
        await pipeline.open()
        before = forks.process
        assert before is not None

        os.kill(before, 9)

        async with within(30, "a message is judged again"):
            while forks.process == before or (await judge_one(pipeline, next(numbers))).failures:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
    finally:
        await pipeline.close()
    await gone(forks)


async def test_a_fresh_fork_server_tells_of_the_worker_that_it_was_started_for(tmp_path: Path) -> None:
    forks = Forks(Tables(), WorkerSettings())
    hostile, _ = loaded("echoes", forks, tmp_path)
    assert isinstance(hostile, Foreign)
    try:
        forks.end_server()

        started = forks.start({"source": hostile.source, "name": "echoes", "options": {}, "serves": False})

        async with within(30, "it tells"):
            while not forks.has_started(started.number):  # noqa: ASYNC110 - a process has no event
                await asyncio.sleep(0.01)
        started.close()
    finally:
        forks.close()


async def judge_one(pipeline: Pipeline, n: int) -> Decision:
    """Each by another member, for none of them is to be blamed for more than one."""
    return await pipeline.judge(submission(f"hello {n}", f"member {n}"))


PROGRAM = """
import asyncio, sys
from pathlib import Path
from relay.core.text import Tables
from relay.pipeline.forks import Forks, WorkerSettings
from tests.hostile.arena import arena, below

async def main(namespaces):
    forks = Forks(Tables(), WorkerSettings(), namespaces=namespaces)
    async with arena("leaves_daemons", forks, Path(sys.argv[1])) as ring:
        asyncio.get_running_loop().create_task(ring.attack())
        while len(below(forks.process)) < 2:
            await asyncio.sleep(0.01)
        print(forks.process, flush=True)
        await asyncio.sleep(60)

asyncio.run(main(sys.argv[2] == "True"))
"""


@pytest.mark.parametrize("namespaces", [True, False])
async def test_when_the_relay_is_killed_its_workers_go_too(
    namespaces: bool,  # noqa: FBT001
    tmp_path: Path,
    is_gone: Callable[[int], bool],
) -> None:
    relay = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PROGRAM, str(tmp_path), str(namespaces), stdout=asyncio.subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert relay.stdout is not None
    server = int(await in_time(relay.stdout.readline(), "the program starts"))

    relay.kill()
    await relay.wait()

    async with asyncio.timeout(10):
        while not is_gone(server):  # noqa: ASYNC110 - a process has no event
            await asyncio.sleep(0.01)
