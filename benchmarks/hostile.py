"""Hostile: what a plugin in a worker costs, how soon a fresh one is there, and what a hostile one does to everybody else.

    python -m benchmarks.hostile [--members 40] [--per-second 100] [--seconds 8] [--rounds 3]

First without a relay: microseconds for one small check inside and in a worker, and milliseconds from the end of a worker until
its plugin judges again. Then a whole relay: members who write at a steady pace, and one who asks a small page again and again,
in turns with and without others who send a message every half second at which the plugin never comes back. The ratio of the
two p99 is what counts: at most 1.5 is promised.
"""

import argparse
import asyncio
import json
import statistics
import tempfile
from collections.abc import Coroutine
from pathlib import Path
from time import perf_counter
from typing import Any

import orjson
from aiohttp import ClientSession, ClientWebSocketResponse

from benchmarks.load.relay import SLUG, Served, relay
from relay.clock import SystemClock
from relay.core.text import Tables
from relay.core.verdict import Rules
from relay.loader import Outside, assemble
from relay.pipeline.forks import Forks, WorkerSettings
from relay.pipeline.pipeline import Pipeline, Places
from relay.testing.moderation import submission

CHECKS = 3000
RESTARTS = 20
ATTACK_EVERY = 0.5  # seconds
PLUGIN = '''
"""Hangs at a word."""
from relay.plugin import NoOptions, Plugin, Signal

class Hangs(Plugin[NoOptions]):
    name, version = "hangs", "1.0"
    signals = {"hangs.x": 0.1}

    async def check(self, incoming, context):
        while "attack" in incoming.text.tokens:
            pass
        if not incoming.text.raw:
            yield Signal("hangs.x")
'''
CONFIG = """
[stream]
send_burst = 100000
send_per_second = 100000
[moderation]
folder = "{folder}"
[plugins.words]
[plugins.flood]
burst = 1000
per_minute = 6000
[plugins.hangs]
"""
TEXT = "Is the pool open tomorrow, and what does it cost for four? ({n})"
Row = dict[str, float]


async def alone(folder: Path) -> Row:
    """The cost of a check in either place, and of a restart."""
    outside = await us_a_check(folder, trusted=False)
    inside = await us_a_check(folder, trusted=True)
    return {"inline_us": inside, "worker_us": outside, "restart_ms": await ms_a_restart(folder)}


def built(folder: Path, name: str, *, trusted: bool) -> Pipeline:
    forks = Forks(Tables(), WorkerSettings())
    plugins = assemble([], {name: {"trusted_inline": trusted}}, {}, Outside([folder], forks.ask))
    return Pipeline(plugins, Rules(), Tables(), SystemClock(), Places(forks))


async def us_a_check(folder: Path, *, trusted: bool) -> float:
    pipeline = built(folder, "hangs", trusted=trusted)
    await ready(pipeline)
    times = []
    for n in range(CHECKS):
        one = submission(TEXT.format(n=n))
        started = perf_counter()
        await pipeline.judge(one)
        times.append(perf_counter() - started)
    await pipeline.close()
    return statistics.median(times) * 1e6


async def ms_a_restart(folder: Path) -> float:
    """From the end of a worker until a fresh one has answered; what looks across members has one worker, not two."""
    times: list[float] = []
    while len(times) < RESTARTS:
        pipeline = built(folder, "alone", trusted=False)
        await ready(pipeline)
        for n in range(RESTARTS // 2):  # fewer than open the breaker
            await pipeline.judge(submission(f"attack {n}", f"troll {n}"))
            started = perf_counter()
            while (await pipeline.judge(submission(f"hello {n}"))).failures:
                pass
            times.append(perf_counter() - started)
        await pipeline.close()
    return statistics.median(times) * 1e3


async def ready(pipeline: Pipeline) -> None:
    await pipeline.open()
    while pipeline.describe()[0].state != "running":  # noqa: ASYNC110 - a process has no event
        await asyncio.sleep(0.01)


async def beside(folder: Path, asked: argparse.Namespace, *, attacked: bool) -> Row:
    """A relay under a steady load of messages and of small pages: p50 and p99 of each, in milliseconds."""
    attackers = round(asked.seconds / ATTACK_EVERY)
    async with relay(asked.members + attackers, CONFIG.format(folder=folder)) as served, ClientSession() as client:
        tokens = served.tokens.read_text().split()
        members = [await joined(client, served, token) for token in tokens]
        loads: list[Coroutine[Any, Any, list[float]]] = [
            written(members[: asked.members], asked), asked_for(client, served, tokens[0], asked.seconds)
        ]  # fmt: skip
        if attacked:
            loads.append(attacks(members[asked.members :]))
        replies, pages, *_ = await asyncio.gather(*loads)
        state = next(
            each for each in (await served.call("GET", f"/v1/communities/{SLUG}/plugins"))["items"] if each["name"] == "hangs"
        )
        for member in members:
            await member.close()
    return {
        "replies_p50": percentile(replies, 50), "replies_p99": percentile(replies, 99),
        "pages_p50": percentile(pages, 50), "pages_p99": percentile(pages, 99),
        "restarts": state["restarts"],
    }  # fmt: skip


async def joined(client: ClientSession, served: Served, token: str) -> ClientWebSocketResponse:
    socket = await client.ws_connect(served.url + "/v1/me/stream")
    await socket.send_str(json.dumps({"type": "hello", "token": token, "after": 0}))
    await socket.receive()
    return socket


async def written(members: list[ClientWebSocketResponse], asked: argparse.Namespace) -> list[float]:
    """Seconds until each message was accepted; messages come in turn, at their pace whatever the answers do."""
    count = round(asked.seconds * asked.per_second)

    async def one(member: ClientWebSocketResponse, place: int) -> list[float]:
        took = []
        for n in range(place, count, len(members)):
            await asyncio.sleep(max(0.0, started + n / asked.per_second - perf_counter()))
            took.append(await accepted(member, TEXT.format(n=n), str(n)))
        return took

    started = perf_counter()
    found = await asyncio.gather(*(one(member, place) for place, member in enumerate(members)))
    return [seconds for each in found for seconds in each]


async def accepted(member: ClientWebSocketResponse, text: str, client_id: str) -> float:
    started = perf_counter()
    await member.send_str(json.dumps({"type": "send", "client_id": client_id, "text": text, "in_reply_to": None}))
    while orjson.loads((await member.receive()).data)["type"] != "accepted":
        pass
    return perf_counter() - started


async def asked_for(client: ClientSession, served: Served, token: str, seconds: float) -> list[float]:
    """Seconds for each answer of a page that moderation has nothing to do with."""
    ends, took = perf_counter() + seconds, []
    while perf_counter() < ends:
        started = perf_counter()
        async with client.get(served.url + "/v1/me", headers={"Authorization": f"Bearer {token}"}) as answer:
            await answer.read()
        took.append(perf_counter() - started)
        await asyncio.sleep(0.005)
    return took


async def attacks(trolls: list[ClientWebSocketResponse]) -> list[float]:
    """Each troll once: who does it again is not heard for long."""
    took = []
    for n, troll in enumerate(trolls):
        started = perf_counter()
        took.append(await accepted(troll, f"attack {n}", "1"))
        await asyncio.sleep(max(0.0, ATTACK_EVERY - (perf_counter() - started)))
    return took


def percentile(times: list[float], which: int) -> float:
    return statistics.quantiles(times, n=100)[which - 1] * 1e3


def median(rows: list[Row]) -> Row:
    return {key: round(statistics.median(row[key] for row in rows), 2) for key in rows[0]}


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--members", type=int, default=40)
    parser.add_argument("--per-second", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=8)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    runs: dict[str, list[Row]] = {"calm": [], "attacked": []}
    with tempfile.TemporaryDirectory(prefix="relay-hostile-") as name:
        folder = Path(name)
        (folder / "hangs.py").write_text(PLUGIN)
        (folder / "alone.py").write_text(
            PLUGIN.replace("hangs", "alone").replace("signals", "across_members = True\n    signals")
        )
        cost = median([asyncio.run(alone(folder)) for _ in range(asked.rounds)])
        for _ in range(asked.rounds):
            for kind, found in runs.items():
                found.append(asyncio.run(beside(folder, asked, attacked=kind == "attacked")))
    print(f"one check inside {cost['inline_us']:.0f} us, in a worker {cost['worker_us']:.0f} us")
    print(f"from the end of a worker until a fresh one has answered {cost['restart_ms']:.0f} ms\n")
    show(cost, {kind: median(found) for kind, found in runs.items()})


def show(cost: Row, rows: dict[str, Row]) -> None:
    columns = ("replies_p50", "replies_p99", "pages_p50", "pages_p99", "restarts")
    print(f"{'ms':10}" + "".join(f"{name.replace('_', ' '):>13}" for name in columns))
    for kind, row in rows.items():
        print(f"{kind:10}" + "".join(f"{row[name]:>13.1f}" for name in columns))
    ratios = {name: round(rows["attacked"][name] / rows["calm"][name], 2) for name in ("replies_p99", "pages_p99")}
    print(f"\np99 attacked to calm: replies {ratios['replies_p99']:.2f}, pages {ratios['pages_p99']:.2f}")
    print(json.dumps({"benchmark": "hostile", "cost": cost, "rows": rows, "ratios": ratios}))


if __name__ == "__main__":
    main()
