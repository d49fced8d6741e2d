"""Start-up: from the command to the ready line, with an empty database and with many deliveries open.

    python -m benchmarks.start [--members 20000] [--posts 5] [--rounds 3] [--engine both]

`members` times `posts` deliveries are planned and not released, as after a crash in the middle of a large post. The floor is
the same Python that only imports what the relay imports.
"""

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.engines import Engines, Place, add_choice, engines, run_of
from benchmarks.load.relay import OWNER, SLUG, seed
from relay.clock import SystemClock
from relay.compose.flows import new_id
from relay.core.post import Draft
from relay.flows.publish import Publish

IMPORTS = "import relay.app"


async def fill(place: Place, members: int, posts: int) -> None:
    """Accepts the posts and releases none of their deliveries."""
    await seed(place, 1)
    await place.multiply(members - 1)
    async with place.opened() as store, run_of(store) as keep:
        community = await store.community(SLUG)
        if community is None:
            raise LookupError(SLUG)
        for _ in range(posts):
            await Publish(store, SystemClock(), new_id, keep.sure).post(community, Draft("Closed tomorrow"), OWNER)


def seconds_to_ready(place: Place) -> float:
    """Starts the relay, waits for the ready line, and stops it."""
    started = time.monotonic()
    command = [sys.executable, "-m", "relay", "serve", "--data", str(place.folder), "--port", "0"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=place.environment
    ) as process:
        line = process.stdout.readline() if process.stdout else ""
        passed = time.monotonic() - started
        process.terminate()
        process.wait()
    if not line.startswith("ready "):
        raise RuntimeError("the relay did not start")
    return passed


def seconds_to_import() -> float:
    """The floor."""
    started = time.monotonic()
    subprocess.run([sys.executable, "-c", IMPORTS], check=True)
    return time.monotonic() - started


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--members", type=int, default=20_000)
    parser.add_argument("--posts", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    add_choice(parser)
    asked = parser.parse_args()
    rows: dict[str, list[float]] = {"imports alone": []}
    with engines(asked.engine) as which:
        for _ in range(asked.rounds):
            rows["imports alone"].append(seconds_to_import())
            for engine in which.names:
                asyncio.run(measure(which, engine, asked, rows))
    print(f"{asked.members * asked.posts:,} deliveries open, load {os.getloadavg()[0]:.1f}")
    medians = {name: statistics.median(found) for name, found in rows.items()}
    for name, seconds in medians.items():
        print(f"{name:<30} {seconds:6.2f} s   {seconds / medians['imports alone']:5.2f} x the imports")
    print(json.dumps({"benchmark": "start", "deliveries": asked.members * asked.posts, "seconds": medians}))


async def measure(which: Engines, engine: str, asked: argparse.Namespace, rows: dict[str, list[float]]) -> None:
    """An empty and a full database; what the first start makes in an empty one counts."""
    for name, is_full in ((f"{engine}, empty", False), (f"{engine}, deliveries open", True)):
        with tempfile.TemporaryDirectory(prefix="relay-start-") as folder:
            place = await which.place(engine, Path(folder))
            if is_full:
                await fill(place, asked.members, asked.posts)
            rows.setdefault(name, []).append(await asyncio.to_thread(seconds_to_ready, place))
            await which.end(place)


if __name__ == "__main__":
    main()
