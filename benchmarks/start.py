"""Start-up: from the command to the ready line, with an empty database and with many deliveries open.

    python -m benchmarks.start [--members 20000] [--posts 5] [--rounds 3]

`members` times `posts` deliveries are planned and not released, as after a crash in the middle of a large post. The floor is
the same Python that only imports what the relay imports.
"""

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.load.relay import OWNER, SLUG, seed
from relay.app import new_id
from relay.bus import Bus
from relay.clock import SystemClock
from relay.core.post import Draft
from relay.flows.publish import Publish
from relay.stores.sqlite import SqliteStore

IMPORTS = "import relay.app"


async def fill(folder: Path, members: int, posts: int) -> None:
    """Accepts the posts and releases none of their deliveries."""
    await seed(folder, members)
    store = await SqliteStore.open(folder / "relay.db", told=Bus().announce)
    community = await store.community(SLUG)
    if community is None:
        raise LookupError(SLUG)
    for _ in range(posts):
        await Publish(store, SystemClock(), new_id).post(community, Draft("Closed tomorrow"), OWNER)
    await store.close()


def seconds_to_ready(folder: Path) -> float:
    """Starts the relay, waits for the ready line, and stops it."""
    started = time.monotonic()
    command = [sys.executable, "-m", "relay", "serve", "--data", str(folder), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
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
    asked = parser.parse_args()
    rows: dict[str, list[float]] = {"imports alone": [], "empty": [], "deliveries open": []}
    for _ in range(asked.rounds):
        with (
            tempfile.TemporaryDirectory(prefix="relay-start-") as empty,
            tempfile.TemporaryDirectory(prefix="relay-start-") as full,
        ):
            asyncio.run(fill(Path(full), asked.members, asked.posts))
            rows["imports alone"].append(seconds_to_import())
            rows["empty"].append(seconds_to_ready(Path(empty)))
            rows["deliveries open"].append(seconds_to_ready(Path(full)))
    print(f"{asked.members * asked.posts:,} deliveries open")
    medians = {name: statistics.median(found) for name, found in rows.items()}
    for name, seconds in medians.items():
        print(f"{name:<18} {seconds:6.2f} s   {seconds / medians['imports alone']:5.2f} x the imports")
    print(json.dumps({"benchmark": "start", "deliveries": asked.members * asked.posts, "seconds": medians}))


if __name__ == "__main__":
    main()
