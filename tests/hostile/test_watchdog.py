"""A trusted plugin that holds the relay's own loop: the relay is ended, comes back, and has that plugin in a worker."""

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import ClassVar

import aiohttp
import pytest

from relay.pipeline.watchdog import Watchdog, fingerprint, quarantined
from relay.plugin import Context, Incoming, NoOptions, Plugin, Signal
from tests.e2e.cast import Cast
from tests.e2e.client import Json
from tests.e2e.server import Server, within
from tests.hostile.arena import KINDS

SLUG = "town"
ENDED_WITHIN = 20.0  # seconds until a test gives up; the plugin may hold the loop for 1


def settings(kind: str) -> dict[str, str]:
    return {
        "RELAY_MODERATION__FOLDER": str(KINDS),
        "RELAY_MODERATION__LONGEST_HOLD_S": "1",
        f"RELAY_PLUGINS__{kind.upper()}": json.dumps({"trusted_inline": True}),
    }


async def plugin(cast: Cast, kind: str) -> Json:
    found = await cast.owner.get(f"/v1/communities/{SLUG}/plugins")
    return next(each for each in found["items"] if each["name"] == kind)


async def ended(server: Server, http: aiohttp.ClientSession) -> None:
    """Until nobody listens any more."""
    async with within(ENDED_WITHIN, "the relay ends"):
        while True:
            try:
                async with http.get(server.url, timeout=aiohttp.ClientTimeout(total=0.2)):
                    pass
            except TimeoutError:
                continue
            except aiohttp.ClientError:
                return


async def test_a_plugin_that_holds_the_loop_is_in_a_worker_after_the_restart(tmp_path: Path) -> None:
    kind = "runaway_pattern"
    server = Server(tmp_path / "data", settings(kind))
    async with aiohttp.ClientSession() as http, Cast(http, server) as cast:
        try:
            await server.start()
            await cast.found(SLUG)
            member = await cast.join(SLUG)
            before = await plugin(cast, kind)
            await member.send("1", "good morning")
            await member.answered("1")
            assert before["mode"] == "inline"

            server.up.clear()
            await member.send("2", "attack")
            await ended(server, http)
            await server.kill()
            await server.start()

            await member.answered("2")
            after = await plugin(cast, kind)
            cases = (await cast.owner.get(f"/v1/communities/{SLUG}/cases"))["items"]
            assert after["mode"] == "worker"
            assert "held the relay up" in after["note"] or after["restarts"]
            assert [case["kind"] for case in cases] == ["held"]
            assert "plugin held the loop" in server.log.read_text()
        finally:
            await server.kill()


class Quick(Plugin[NoOptions]):
    name, version = "quick", "1.0"
    signals: ClassVar = {"quick.x": 1.0}

    async def check(self, incoming: Incoming, context: Context) -> AsyncIterator[Signal]:
        yield Signal("quick.x")


PROGRAM = """
import sys, time
from pathlib import Path
from relay.pipeline.watchdog import Watchdog
from relay.plugin import NoOptions
from tests.hostile.test_watchdog import Quick

watchdog = Watchdog(Path(sys.argv[1]), 0.5)
(mark,) = watchdog.watch([Quick(NoOptions())])
print(watchdog.process, flush=True)
{}
print("still here", flush=True)
watchdog.close()
"""
WAITS = "mark.enter(); time.sleep(6)"
RUNS_AWAY_IN_C = "import re; mark.enter(); re.match('(a|a)+$', 'a' * 40 + '!')"
COMES_AND_GOES = """
ends = time.monotonic() + 1.5
while time.monotonic() < ends:
    mark.enter(); time.sleep(0.01); mark.leave(); mark.enter(); time.sleep(0.1); mark.leave()
"""
IDLES = "time.sleep(1.5)"


async def run(what: str, file: Path) -> tuple[int, Sequence[bytes]]:
    """Its exit code, and what it said."""
    program = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", PROGRAM.format(what), str(file)), stdout=asyncio.subprocess.PIPE, cwd=Path(__file__).parents[2]
    )
    try:
        async with within(ENDED_WITHIN, "the program ends"):
            said, _ = await program.communicate()
    finally:
        if program.returncode is None:
            program.kill()
    return program.returncode or 0, said.splitlines()


@pytest.mark.parametrize("what", [WAITS, RUNS_AWAY_IN_C])
async def test_one_that_stays_too_long_ends_the_process_and_is_written_down(what: str, tmp_path: Path) -> None:
    file = tmp_path / "plugins.json"

    code, said = await run(what, file)

    assert (code, said[1:]) == (-9, [])
    assert quarantined(file)["quick"].fingerprint == fingerprint(Quick(NoOptions()))


@pytest.mark.parametrize("text", ["{", "[]"])
async def test_it_is_written_down_over_a_list_that_cannot_be_read(text: str, tmp_path: Path) -> None:
    file = tmp_path / "plugins.json"
    file.write_text(text)

    code, said = await run(WAITS, file)

    assert (code, said[1:]) == (-9, [])
    assert list(quarantined(file)) == ["quick"]


@pytest.mark.parametrize("what", [COMES_AND_GOES, IDLES])
async def test_one_that_comes_and_goes_does_not(what: str, tmp_path: Path) -> None:
    file = tmp_path / "plugins.json"

    code, said = await run(what, file)

    assert (code, said[1:]) == (0, [b"still here"])
    assert not file.exists()


async def test_a_relay_that_is_stopped_holds_nobody_up(tmp_path: Path) -> None:
    """An operator, or a laptop, may stop the process in the midst of a check."""
    program = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", PROGRAM.format("mark.enter(); sys.stdin.read(1); mark.leave()"), str(tmp_path / "none")),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert program.stdout is not None
    await program.stdout.readline()
    program.send_signal(19)
    stopped = time.monotonic()
    async with within(ENDED_WITHIN, "the guard had time enough to look"):
        while time.monotonic() - stopped < 1.5:  # noqa: ASYNC110 - what is waited for is that nothing happens
            await asyncio.sleep(0.1)
    program.send_signal(18)

    said, _ = await program.communicate(b"x")

    assert (program.returncode, said) == (0, b"still here\n")


@pytest.mark.parametrize("text", ["", "{", "[]", '{"quick": {}}', '{"quick": {"fingerprint": 1, "at": 2, "held_s": "x"}}'])
def test_a_list_that_cannot_be_read_is_let_be(text: str, tmp_path: Path) -> None:
    file = tmp_path / "plugins.json"
    file.write_text(text)

    assert quarantined(file) == {}


def test_nothing_to_watch_starts_no_guard(tmp_path: Path) -> None:
    watchdog = Watchdog(tmp_path / "none", 1)

    assert watchdog.watch([]) == []
    assert watchdog.process is None
