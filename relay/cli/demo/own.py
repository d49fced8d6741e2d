"""A relay of its own for the demo: a process of `relay serve` on a free port, with a data folder that goes away afterwards."""

import asyncio
import contextlib
import os
import secrets
import shutil
import signal
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from relay.cli.limits import raise_files
from relay.cli.shape import Exit, Failure

START = 30.0  # seconds
WIDE = '{"burst": 1000000, "per_second": 100000}'
STOP = 15.0  # seconds; the contract gives 10


@dataclass(frozen=True, slots=True)
class Place:
    """Where a relay is, and what opens it; `data` is its folder when it is our own."""

    url: str
    token: str
    data: Path | None = None


@asynccontextmanager
async def own_relay(*, keep: bool) -> AsyncIterator[Place]:
    """Start it, and stop it at the end; with `keep` its folder stays. Raises Failure when it does not start or stop well."""
    raise_files()
    token = secrets.token_urlsafe(32)
    with contextlib.ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="relay-demo-"))
        if not keep:
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
        with (folder / "log.jsonl").open("wb") as log:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "relay", "serve", "--data", str(folder), "--port", "0", "--log-format", "json"),
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                env=_environment(token),
            )
            try:
                yield Place(await _ready(process, folder), token, folder)
            finally:
                await _stop(process)
        if process.returncode:
            raise Failure(f"The relay ended with {process.returncode}:\n{_tail(folder)}")


def _environment(token: str) -> dict[str, str]:
    """The defaults, whatever this shell has set; only the limits of one address and of one person are wider.

    For here a whole community comes from one machine, and one person does everybody's work.
    """
    plain = {name: value for name, value in os.environ.items() if not name.startswith("RELAY_")}
    wide = {f"RELAY_HTTP__LIMITS__{who}": WIDE for who in ("VISITOR", "STAFF")}
    return {**plain, **wide, "RELAY_OWNER_TOKEN": token}


async def _ready(process: asyncio.subprocess.Process, folder: Path) -> str:
    if process.stdout is None:
        raise AssertionError
    try:
        async with asyncio.timeout(START):
            line = (await process.stdout.readline()).decode()
    except TimeoutError:
        line = ""
    word, _, url = line.strip().partition(" ")
    if word != "ready":
        raise Failure(f"The relay did not start:\n{_tail(folder)}", Exit.UNAVAILABLE)
    return url


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    process.send_signal(signal.SIGTERM)
    try:
        async with asyncio.timeout(STOP):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


def _tail(folder: Path) -> str:
    return "\n".join((folder / "log.jsonl").read_text("utf-8", "replace").splitlines()[-10:])
