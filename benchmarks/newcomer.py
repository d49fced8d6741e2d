"""A newcomer: from a fresh clone to the first post in a member's stream, with every download, in seconds.

    python -m benchmarks.newcomer [--caches]

Clones the last commit into a folder that goes away and does there what the README says: `make run`, the printed link, an owner,
a community, a member, a post. It downloads everything anew unless `--caches` lets pip and npm use what they have. The people
are programs, so the figure is that of the machine and its line. `make bench` leaves it out: it asks nobody else for anything.
"""

import argparse
import asyncio
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

ROOT = Path(__file__).parents[1]
AIM = 120.0  # seconds
PATIENCE = 900.0  # seconds until it counts as failed
LINK = re.compile(r"(http://\S+)/console#link=(\S+)")


@dataclass
class Steps:
    """Seconds by step, each told when it is done."""

    seconds: dict[str, float] = field(default_factory=dict)
    begun: float = field(default_factory=time.monotonic)

    def done(self, step: str) -> None:
        self.seconds[step] = time.monotonic() - self.begun - sum(self.seconds.values())
        print(f"{step:<44} {self.seconds[step]:7.1f} s", flush=True)

    @property
    def total(self) -> float:
        return sum(self.seconds.values())


def environment(folder: Path, *, caches: bool) -> Mapping[str, str]:
    """That of somebody who has never been here."""
    own = {
        name: value for name, value in os.environ.items() if not name.startswith(("RELAY_", "VIRTUAL_ENV", "MAKE", "MFLAGS"))
    }
    if not caches:
        own |= {"PIP_NO_CACHE_DIR": "1", "npm_config_cache": str(folder / "npm")}
    return own


@contextmanager
def running(clone: Path, log: Path, given: Mapping[str, str]) -> Iterator[subprocess.Popen[str]]:
    with log.open("w") as errors:
        command = ["make", "run", "ARGS=--port 0"]
        relay = subprocess.Popen(command, cwd=clone, env=given, stdout=subprocess.PIPE, stderr=errors, text=True)
        try:
            yield relay
        finally:
            relay.terminate()
            relay.wait(PATIENCE)


def ready(relay: subprocess.Popen[str], log: Path) -> tuple[str, str]:
    """Where it is, and the secret of the link that the first start shows."""
    for line in relay.stdout or ():
        if line.startswith("ready "):
            found = LINK.search(log.read_text("utf-8"))
            if found is None:
                break
            return found[1], found[2]
    raise RuntimeError(f"the relay did not start\n{log.read_text('utf-8')[-4000:]}")


@dataclass(frozen=True, slots=True)
class Visitor:
    """A browser, as far as the relay can tell: it keeps cookies and says where it comes from."""

    http: aiohttp.ClientSession
    url: str

    async def send(self, path: str, body: object) -> Any:  # noqa: ANN401  JSON
        async with self.http.post(self.url + path, json=body, headers={"Origin": self.url}) as answer:
            answer.raise_for_status()
            return await answer.json()


async def first_post(url: str, link: str, steps: Steps) -> None:
    jar = aiohttp.CookieJar(unsafe=True)  # the address is a number
    async with aiohttp.ClientSession(cookie_jar=jar) as staff, aiohttp.ClientSession() as member:
        desk, guest = Visitor(staff, url), Visitor(member, url)
        await desk.send("/v1/sign-in:link", {"link": link, "name": "Eva", "passphrase": "lantern orbit meadow thirteen"})
        steps.done("the link is followed: an owner")
        await desk.send("/v1/communities", {"slug": "pool", "name": "Town Pool"})
        invite = await desk.send("/v1/communities/pool/invites", {"label": "Counter"})
        steps.done("a community, and an invite")
        asked = {"invite": invite["code"], "text_version": "default-1", "language": "en"}
        step = await guest.send("/v1/communities/pool/join", asked)
        token = (await guest.send("/v1/join:confirm", {"code": step["code"]}))["token"]
        async with member.ws_connect(url + "/v1/me/stream") as stream:
            await stream.send_json({"type": "hello", "token": token, "after": 0})
            await stream.receive_json()
            steps.done("a member, who listens")
            await desk.send("/v1/communities/pool/posts", {"text": "We are closed tomorrow."})
            item = await stream.receive_json()
    if item["text"] != "We are closed tomorrow.":
        raise RuntimeError(f"something else came: {item}")
    steps.done("the first post is there")


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--caches", action="store_true", help="let pip and npm use what they downloaded before")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="relay-newcomer-") as name:
        folder, steps = Path(name), Steps()
        clone, log = folder / "foureyes", folder / "log"
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
        steps.done("git clone")
        with running(clone, log, environment(folder, caches=asked.caches)) as relay:
            url, link = ready(relay, log)
            steps.done("make run: set up, downloads, ready")
            asyncio.run(first_post(url, link, steps))
    print(f"{'in all':<44} {steps.total:7.1f} s, aim {AIM:.0f}; load {os.getloadavg()[0]:.1f}")
    print(json.dumps({"benchmark": "newcomer", "caches": asked.caches, "seconds": steps.seconds, "total": steps.total}))
    sys.exit(steps.total > AIM)


if __name__ == "__main__":
    main()
