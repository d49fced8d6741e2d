"""MQTT: posts to members through a broker, and their replies, against a bare aiomqtt client and mosquitto's own rate.

    python -m benchmarks.mqtt [--members 500] [--posts 5] [--replies 3000] [--rounds 3]

All through the same mosquitto, in turn. Posts are counted where the last delivery has reached the members' side; replies where
the last `accepted` has, which the relay says after its commit. The bare client stores nothing: it publishes with 50 in flight,
and reads replies in a loop and answers each. mosquitto's own rate is that of a client in C.
The members' side is this process; it costs 50 us a message on a processor that it shares with the broker.
"""

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from benchmarks.load.client import ROOT, Tools
from benchmarks.load.program import Program, cpu_seconds
from benchmarks.load.relay import SLUG, Served, relay
from benchmarks.peers.mosquitto import Broker, mosquitto
from relay.channels.mqtt.link import Link, Terms
from relay.channels.mqtt.parcel import Arrival

BYTES = 299  # an item of a short post, as in the other benchmarks
TEXT = "x" * 120
GENEROUS = "[stream]\nsend_burst = 1000000\nsend_per_second = 1000000\n[plugins]\n"
IN_FLIGHT = 100  # as in the configuration that the relay writes for mosquitto
PATIENCE = 180.0
SETTLE = 0.3  # seconds between two measurements, for acknowledgements to settle


@dataclass
class Crowd:
    """The members' side: one connection that hears all of their topics and speaks on each."""

    link: Link
    is_wanted: Callable[[bytes], bool] = bool
    wanted: int = 0
    heard: int = 0
    done: asyncio.Event = field(default_factory=asyncio.Event)
    up: asyncio.Event = field(default_factory=asyncio.Event)
    waiting: list[tuple[str, bytes]] = field(default_factory=list)
    is_through: asyncio.Event = field(default_factory=asyncio.Event)

    def came(self) -> None:
        self.up.set()

    def went(self) -> None:
        """What is waited for then does not come, which is told by who waits."""

    def arrived(self, arrival: Arrival) -> None:
        self.link.settle(arrival)
        if self.is_wanted(arrival.payload):
            self.heard += 1
            if self.heard == self.wanted:
                self.done.set()

    def has_room(self) -> None:
        while self.waiting and self.link.publish(*self.waiting[-1]):
            self.waiting.pop()
        if not self.waiting:
            self.is_through.set()

    def expect(self, count: int, is_wanted: Callable[[bytes], bool]) -> None:
        self.wanted, self.heard, self.is_wanted = count, 0, is_wanted
        self.done.clear()

    async def all_there(self) -> None:
        async with asyncio.timeout(PATIENCE):
            await self.done.wait()

    def say(self, frames: list[tuple[str, bytes]]) -> None:
        self.waiting = frames[::-1]
        self.is_through.clear()
        self.has_room()

    async def said(self) -> None:
        """Returns when all of it is on its way."""
        await self.is_through.wait()


@asynccontextmanager
async def crowd(port: int) -> AsyncIterator[Crowd]:
    link = Link(Terms("127.0.0.1", port, "crowd", ("relay/v1/m/+/down", "bench/#"), is_durable=False), Random(1))
    found = link.handler = Crowd(link)
    task = asyncio.create_task(link.run())
    await found.up.wait()
    try:
        yield found
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@dataclass
class Figures:
    """Of one contender: messages a second, and processor microseconds each."""

    per_s: list[float] = field(default_factory=list)
    cpu_us: list[float] = field(default_factory=list)

    def add(self, count: int, seconds: float, cpu: float) -> None:
        self.per_s.append(count / seconds)
        self.cpu_us.append(cpu / count * 1e6)


@dataclass
class Ground:
    """Everything that runs, and what was measured. `seq` is the last one of every member."""

    broker: Broker
    crowd: Crowd
    served: Served
    bare: Program
    clients: Program | None
    members: list[str]
    figures: dict[str, Figures] = field(default_factory=dict)
    seq: int = 0

    async def measure(self, name: str, count: int, pid: int, work: Awaitable[object]) -> None:
        spent, started = cpu_seconds(pid), time.perf_counter()
        await work
        await self.crowd.all_there()
        took = time.perf_counter() - started
        self.figures.setdefault(name, Figures()).add(count, took, cpu_seconds(pid) - spent)
        await asyncio.sleep(SETTLE)

    async def meet(self) -> None:
        """The relay knows that everybody is there."""
        self.crowd.expect(len(self.members), lambda payload: b'"seq":1,' in payload)
        self.crowd.say([(f"relay/v1/m/{member}/up", b'{"type":"resume","after":0}') for member in self.members])
        await self.served.post("hello")
        await self.crowd.all_there()
        self.seq = 1
        await self.acknowledge()

    async def acknowledge(self) -> None:
        frame = b'{"type":"ack","seq":%d}' % self.seq
        self.crowd.say([(f"relay/v1/m/{member}/up", frame) for member in self.members])
        await self.crowd.said()
        await asyncio.sleep(SETTLE)

    async def round(self, posts: int, each: int, number: int) -> None:
        """All contenders, in turn: so many posts to everybody, so many replies of each."""
        await self._posts(posts)
        await self._replies(each, number)

    async def _posts(self, posts: int) -> None:
        count = posts * len(self.members)
        self.crowd.expect(count, lambda payload: b'"kind":"post"' in payload)
        await self.measure("posts: relay", count, self.served.pid, self._post(posts))
        self.seq += posts
        await self.acknowledge()
        self.crowd.expect(count, bool)
        await self.measure(
            "posts: bare aiomqtt", count, self.bare.pid, self.bare.ask(f"post {count} {BYTES}", "done", PATIENCE)
        )
        if self.clients is not None:
            self.crowd.expect(0, bool)
            self.crowd.done.set()
            await self.measure(
                "mosquitto, from and to C",
                count,
                self.broker.pid,
                self.clients.ask(f"send 1 {count} {BYTES}", "replies", PATIENCE),
            )

    async def _post(self, posts: int) -> None:
        for _ in range(posts):
            await self.served.post(TEXT)

    async def _replies(self, each: int, number: int) -> None:
        count = each * len(self.members)
        frames = self._frames(each, f"{number}-", self.members)
        self.crowd.expect(count, lambda payload: payload.startswith(b'{"type":"accepted"'))
        await self.measure("replies: relay, accepted after its commit", count, self.served.pid, self._say(frames))
        self.seq += each
        await self.acknowledge()
        strangers = [f"nobody-{place}" for place in range(len(self.members))]
        await self.bare.ask("answer", "done")
        self.crowd.expect(count, lambda payload: payload.startswith(b'{"type":"accepted"'))
        await self.measure(
            "replies: bare aiomqtt, answered", count, self.bare.pid, self._say(self._frames(each, f"{number}-", strangers))
        )
        await self.bare.ask("quiet", "done")

    def _frames(self, each: int, mark: str, members: list[str]) -> list[tuple[str, bytes]]:
        return [
            (
                f"relay/v1/m/{member}/up",
                b'{"type":"send","client_id":"%b%d","text":"%b"}' % (mark.encode(), turn, TEXT.encode()),
            )
            for turn in range(each)
            for member in members
        ]

    async def _say(self, frames: list[tuple[str, bytes]]) -> None:
        self.crowd.say(frames)


async def measured(asked: argparse.Namespace) -> dict[str, Figures]:
    """All rounds."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="relay-mqtt-")))
        tools = Tools(folder)
        broker = await stack.enter_async_context(mosquitto(folder, IN_FLIGHT))
        config = f'{GENEROUS}[mqtt]\nurl = "mqtt://127.0.0.1:{broker.port}"\n'
        served = await stack.enter_async_context(relay(asked.members, config))
        side = await stack.enter_async_context(crowd(broker.port))
        command = (sys.executable, "-m", "benchmarks.peers.bare_mqtt", str(broker.port))
        bare = await stack.enter_async_context(await Program.start(*command, folder=ROOT))
        await bare.hear("ready")
        clients = None
        if tools.is_compiled:
            clients = await stack.enter_async_context(await tools.subscribers(broker.port, 1))
            await clients.hear("ready")
        page, members = None, []
        while page is None or page["next"]:
            after = f"&after={page['next']}" if page else ""
            page = await served.call("GET", f"/v1/communities/{SLUG}/members?limit=200{after}")
            members += [each["id"] for each in page["items"]]
        ground = Ground(broker, side, served, bare, clients, members)
        await ground.meet()
        for number in range(asked.rounds):
            await ground.round(asked.posts, max(1, asked.replies // len(members)), number)
        return ground.figures


def report(figures: dict[str, Figures]) -> None:
    """The table and the JSON line."""
    print(f"{'':<42} messages/s (min-max)          CPU us each   of the bare client")
    peers = {"posts": "posts: bare aiomqtt", "replies": "replies: bare aiomqtt, answered"}
    rows = {}
    for name, found in figures.items():
        per_s, cpu = statistics.median(found.per_s), statistics.median(found.cpu_us)
        peer = figures.get(peers.get(name.partition(":")[0], ""))
        ratio = per_s / statistics.median(peer.per_s) if peer else float("nan")
        spread = f"({min(found.per_s):,.0f}-{max(found.per_s):,.0f})"
        print(f"{name:<42} {per_s:10,.0f} {spread:>18} {cpu:14.0f} {ratio:18.2f}")
        rows[name] = {"per_s": per_s, "cpu_us": cpu, "of_bare": ratio}
    print(json.dumps({"benchmark": "mqtt", "rows": rows}))


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--members", type=int, default=500)
    parser.add_argument("--posts", type=int, default=5, help="posts a round")
    parser.add_argument("--replies", type=int, default=3000, help="replies a round")
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    try:
        report(asyncio.run(measured(asked)))
    except FileNotFoundError as missing:
        print(f"{missing} is not installed: nothing to measure")


if __name__ == "__main__":
    main()
