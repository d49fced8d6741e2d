"""Replies: 3,000 at once from 300 members until they are accepted, and until staff see them on their live stream.

    python -m benchmarks.replies [--replies 3000] [--members 300] [--rounds 3] [--texts FILE] [--engine both] [--gates]

Twice on each engine: with all shipped plugins, and with the gates alone; --gates leaves the plugins out. Accepted means judged
and on the disk. FILE is JSON lines with "text"; without it a few sentences of our own are used.
"""

import argparse
import asyncio
import json
import statistics
import tempfile
import time
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import orjson
from aiohttp import ClientSession, ClientWebSocketResponse

from benchmarks.engines import Engines, add_choice, engines
from benchmarks.load.client import Members, Tools, write_texts
from benchmarks.load.program import cpu_seconds
from benchmarks.load.relay import Served, relay

OWN = (
    "Is the pool open tomorrow?", "Ist das Bad morgen offen?", "Thanks, see you on Saturday with the kids!",
    "Wann öffnet die Sauna, und was kostet der Eintritt für vier?", "I lost a blue towel near the slide, did you find it?",
)  # fmt: skip
GENEROUS = "[stream]\nsend_burst = 100000\nsend_per_second = 100000\n"
GATES = GENEROUS + "[plugins]\n"
ALL = GENEROUS + "[plugins.words]\n[plugins.flood]\nburst = 1000\n[plugins.repeat]\n"
SEEN_SECONDS = 120.0


async def measure(config: str, asked: argparse.Namespace, texts: list[str], which: Engines, engine: str) -> dict[str, float]:
    """One run on a fresh relay."""
    replies, members = asked.replies, asked.members
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="relay-replies-")))
        tools = Tools(folder)
        place = await which.place(engine, folder)
        stack.push_async_callback(which.end, place)
        served = await stack.enter_async_context(relay(members, config, place.url))
        prepared = write_texts(folder / "texts", texts)
        program = await stack.enter_async_context(
            await tools.members(Members(served.port, served.tokens, members, texts=prepared))
        )
        await program.hear("ready")
        watcher = await stack.enter_async_context(_staff(served))
        await watcher.send_str('{"type":"hello"}')
        await watcher.receive()
        spent, started = cpu_seconds(served.pid), time.monotonic()
        seeing = asyncio.create_task(_see(watcher, replies))
        answered = await program.ask(f"send {members} {replies}", "replies")
        await asyncio.wait_for(seeing, SEEN_SECONDS)
        seen = time.monotonic() - started
        cpu = cpu_seconds(served.pid) - spent
        commits, groups = await _commits(served)
        if answered["accepted"] != replies:
            raise RuntimeError(f"not all were accepted: {answered}")
        return {
            "per_s": answered["per_s"],
            "p50_ms": answered["p50_ms"],
            "p99_ms": answered["p99_ms"],
            "seen_s": seen,
            "cpu_us": cpu / replies * 1e6,
            "commits_per_reply": groups / max(commits, 1),
        }


def _staff(served: Served) -> Any:  # noqa: ANN401 - aiohttp's own context manager
    return served.client.ws_connect(served.url + "/v1/staff/stream", max_msg_size=0)


async def _see(socket: ClientWebSocketResponse, replies: int) -> None:
    """Returns when so many different messages were shown."""
    seen: set[str] = set()
    while len(seen) < replies:
        event = orjson.loads((await socket.receive()).data)
        if event.get("event") == "message.filed":
            seen.add(event["message"]["id"])


async def _commits(served: Served) -> tuple[float, float]:
    """(changes, groups) so far."""
    async with ClientSession() as client, client.get(served.url + "/metrics") as answer:
        lines = (await answer.text()).splitlines()
    found = {line.split()[0]: float(line.split()[1]) for line in lines if line.startswith("relay_commit_group_size_")}
    return found["relay_commit_group_size_sum"], found["relay_commit_group_size_count"]


def _texts(path: Path | None) -> list[str]:
    if path is None:
        return list(OWN)
    return [str(json.loads(line)["text"])[:2000] for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--replies", type=int, default=3000)
    parser.add_argument("--members", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--texts", type=Path)
    parser.add_argument("--gates", action="store_true", help="with the gates alone")
    add_choice(parser)
    asked = parser.parse_args()
    texts = _texts(asked.texts)
    kinds = {"gates only": GATES} if asked.gates else {"gates only": GATES, "all shipped plugins": ALL}
    runs: dict[str, list[dict[str, float]]] = {}
    with engines(asked.engine) as which:
        for _ in range(asked.rounds):
            for name, config in kinds.items():
                for engine in which.names:
                    run = asyncio.run(measure(config, asked, texts, which, engine))
                    runs.setdefault(f"{name}, {engine}", []).append(run)
    report(asked, runs)


def report(asked: argparse.Namespace, runs: dict[str, list[dict[str, float]]]) -> None:
    """The table and the JSON line."""
    print(f"{asked.replies} replies at once           replies/s    p50 ms    p99 ms   all seen s     CPU us   commits each")
    rows = {name: {key: statistics.median(run[key] for run in found) for key in found[0]} for name, found in runs.items()}
    for name, row in rows.items():
        print(
            f"{name:<31} {row['per_s']:12,.0f} {row['p50_ms']:9.1f} {row['p99_ms']:9.1f} {row['seen_s']:13.2f}"
            f" {row['cpu_us']:10.0f} {row['commits_per_reply']:14.3f}"
        )
    print(json.dumps({"benchmark": "replies", "rows": rows}))


if __name__ == "__main__":
    main()
