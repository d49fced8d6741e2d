"""Fan-out: one post until the last connected member has it, acknowledged and durable; against a bare loop and mosquitto.

    python -m benchmarks.fanout [--members 1000 10000] [--rounds 3] [--posts 10]

The bare loop writes the same bytes and stores nothing; mosquitto delivers with QoS 1 and stores nothing either. All three
get the same load in turn, round by round. Wall time is from the moment of posting until the last member has the item.
"""

import argparse
import asyncio
import json
import statistics
import tempfile
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from benchmarks.load.client import Members, Tools, write_tokens
from benchmarks.load.program import Program, cpu_seconds, resident_bytes
from benchmarks.load.relay import Served, relay
from benchmarks.peers.mosquitto import Broker, mosquitto

TEXT = "x" * 120  # gives an item of about 300 bytes, as in the plan's table
ITEM_BYTES = 299
PAUSE = 0.3  # seconds between two posts, for acknowledgements to settle


class Contender(Protocol):
    """Something that brings a post to everybody."""

    name: str
    pid: int

    async def post(self, mark: str) -> dict[str, Any]: ...


@dataclass(slots=True)
class Figures:
    """What was measured of one contender: milliseconds and CPU seconds a post, one entry each."""

    wall_ms: list[float] = field(default_factory=list)
    cpu_s: list[float] = field(default_factory=list)
    ping_p99_ms: list[float] = field(default_factory=list)
    idle_bytes: float = 0.0


@dataclass(slots=True)
class RelayContender:
    """The relay itself."""

    served: Served
    members: Program
    name: str = "relay"
    pid: int = 0

    async def post(self, mark: str) -> dict[str, Any]:
        await self.members.ask(f"mark {mark}", "marked")
        posting = asyncio.create_task(self.served.post(TEXT))
        done = await self.members.hear("done")
        await posting
        return done


@dataclass(slots=True)
class BareContender:
    """The loop of send()."""

    loop: Program
    members: Program
    name: str = "bare loop"
    pid: int = 0

    async def post(self, mark: str) -> dict[str, Any]:
        await self.members.ask(f"mark {mark}", "marked")
        await self.loop.say(f"post {ITEM_BYTES}")
        return await self.members.hear("done")


@dataclass(slots=True)
class BrokerContender:
    """mosquitto, QoS 1."""

    broker: Broker
    clients: Program
    name: str = "mosquitto QoS 1"
    pid: int = 0

    async def post(self, mark: str) -> dict[str, Any]:
        return await self.clients.ask(f"post {mark} {ITEM_BYTES}", "done")


async def measure(count: int, rounds: int, posts: int) -> dict[str, Figures]:
    """All contenders with `count` members, in turn."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="relay-fanout-")))
        tools = Tools(folder)
        figures: dict[str, Figures] = {}
        contenders: list[Contender] = []
        served = await stack.enter_async_context(relay(count + 1))
        before = resident_bytes(served.pid)
        members = await stack.enter_async_context(await tools.members(Members(served.port, served.tokens, count)))
        await members.hear("ready")
        probe = await stack.enter_async_context(await tools.probe(Members(served.port, served.tokens, first=count)))
        await probe.hear("ready")
        figures["relay"] = Figures(idle_bytes=(resident_bytes(served.pid) - before) / count)
        contenders.append(RelayContender(served, members, pid=served.pid))
        if tools.is_compiled:
            contenders += await _peers(stack, tools, folder, count)
        for number in range(rounds * posts):
            for contender in contenders:
                await _one(contender, figures.setdefault(contender.name, Figures()), f"p{number}", probe)
        return figures


async def _peers(stack: AsyncExitStack, tools: Tools, folder: Path, count: int) -> list[Contender]:
    loop, port = await tools.bare()
    await stack.enter_async_context(loop)
    tokens = write_tokens(folder / "bare-tokens", (f"t{n}" for n in range(count)))
    members = await stack.enter_async_context(await tools.members(Members(port, tokens, count)))
    await members.hear("ready")
    found: list[Contender] = [BareContender(loop, members, pid=loop.pid)]
    try:
        broker = await stack.enter_async_context(mosquitto(folder))
    except FileNotFoundError:
        print("mosquitto is not installed: left out")
        return found
    clients = await stack.enter_async_context(await tools.subscribers(broker.port, count))
    await clients.hear("ready")
    return [*found, BrokerContender(broker, clients, pid=broker.pid)]


async def _one(contender: Contender, figures: Figures, mark: str, probe: Program) -> None:
    is_relay = contender.name == "relay"
    if is_relay:
        await probe.ask(f"mark {mark}", "marked")
    spent = cpu_seconds(contender.pid)
    done = await contender.post(mark)
    await asyncio.sleep(PAUSE)
    figures.cpu_s.append(cpu_seconds(contender.pid) - spent)
    figures.wall_ms.append(done["ms"])
    if is_relay:
        stats = await probe.ask("stats", "stats")
        figures.ping_p99_ms.append(stats["ping_p99_ms"])


def table(count: int, figures: dict[str, Figures]) -> dict[str, object]:
    """Prints one size and returns it for the JSON line."""
    print(f"\n{count} members            ms to last (min-max)      CPU s / 100k   deliveries/s   against the relay")
    ours = statistics.median(figures["relay"].wall_ms)
    row: dict[str, object] = {"members": count}
    for name, found in figures.items():
        wall = statistics.median(found.wall_ms)
        cpu = statistics.median(found.cpu_s) * 100_000 / count
        spread = f"({min(found.wall_ms):.0f}-{max(found.wall_ms):.0f})"
        print(f"{name:<22} {wall:8.1f} {spread:>12} {cpu:16.2f} {count / wall * 1000:14,.0f} {ours / wall:17.2f}")
        row[name] = {"wall_ms": wall, "cpu_s_per_100k": cpu}
    pings = statistics.median(figures["relay"].ping_p99_ms)
    print(f"ping of another member meanwhile: p99 {pings:.1f} ms; a connected member: {figures['relay'].idle_bytes:,.0f} bytes")
    return {**row, "ping_p99_ms": pings, "idle_bytes": figures["relay"].idle_bytes}


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--members", type=int, nargs="+", default=[1000, 10_000])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--posts", type=int, default=5, help="posts a round")
    asked = parser.parse_args()
    rows = [table(count, asyncio.run(measure(count, asked.rounds, asked.posts))) for count in asked.members]
    print(json.dumps({"benchmark": "fanout", "sizes": rows}))


if __name__ == "__main__":
    main()
