"""mosquitto on a free loopback port with its own configuration, nothing kept on disk, started and ended with the block."""

import asyncio
import os
import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.load.program import raise_files

START_SECONDS = 10.0
# Queues as large as the job, so that nothing is dropped; no limit on connections but the files.
CONFIG = """\
listener {port} 127.0.0.1
allow_anonymous true
persistence false
log_type none
max_queued_messages 0
max_inflight_messages {in_flight}
set_tcp_nodelay true
"""


@dataclass(frozen=True, slots=True)
class Broker:
    port: int
    pid: int


@asynccontextmanager
async def mosquitto(folder: Path, in_flight: int = 20) -> AsyncIterator[Broker]:
    """`in_flight` messages may be under way with each client, 20 by default. Raises FileNotFoundError without mosquitto."""
    program = shutil.which("mosquitto", path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin"]))
    if program is None:
        raise FileNotFoundError("mosquitto")
    raise_files()
    port = _free_port()
    config = folder / "mosquitto.conf"
    config.write_text(CONFIG.format(port=port, in_flight=in_flight))
    process = await asyncio.create_subprocess_exec(
        program, "-c", str(config), stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        await _listening(port)
        yield Broker(port, process.pid)
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def _listening(port: int) -> None:
    async with asyncio.timeout(START_SECONDS):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except ConnectionRefusedError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                return
