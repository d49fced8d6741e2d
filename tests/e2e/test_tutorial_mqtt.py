"""The tutorial "members on MQTT with mosquitto" does what it says: its commands are run, in their order, on free ports."""

import asyncio
import os
import re
import shutil
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Final

import aiohttp
import pytest

from tests.e2e.server import DRAINED_S, OWNER_TOKEN, ROOT, within
from tests.servers.ports import own_port

TUTORIAL: Final = ROOT / "docs/tutorial/members-on-mqtt.md"
FENCE: Final = re.compile(r"^```sh(?P<rest>[^\n]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
LIMIT: Final = 60.0  # seconds for all commands of a terminal that ends
UP: Final = "relay_mqtt_connected 1.0"


class Reader:
    """Somebody with terminals, who does what the page says. `rest` of a fence: `terminal` for one that is left running."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.port = port
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("RELAY_")}
        path = os.pathsep.join([str(Path(sys.executable).parent), inherited["PATH"]])
        own = {"RELAY_OWNER_TOKEN": OWNER_TOKEN, "RELAY_TOKEN": OWNER_TOKEN, "RELAY_HTTP__PORT": "0"}
        self.environment = {**inherited, "PATH": path, **own}

    def typed(self, text: str) -> str:
        """On this reader's port; root names who mosquitto is to be, since the test's folder is closed to others."""
        text = text.replace("-p 1883", f"-p {self.port}")
        listener = f"--listener 127.0.0.1:{self.port}" + (" --user root" if os.geteuid() == 0 else "")
        return text.replace("broker-config mosquitto", f"broker-config mosquitto {listener}")

    async def does(self, text: str) -> str:
        """What the terminal shows. Every command has to go well."""
        process = await self._start(text, "-euo", "pipefail")
        async with within(LIMIT, text):
            shown, _ = await process.communicate()
        assert process.returncode == 0, f"{text}\n{shown.decode()}"
        return shown.decode()

    @asynccontextmanager
    async def leaves_running(self, text: str) -> AsyncIterator[asyncio.StreamReader]:
        """What it prints. Ends with the block, as by Ctrl-C."""
        *before, last = self.typed(text).strip().splitlines()
        process = await self._start("\n".join([*before, re.sub(r"^(PATH=\S+ )?", r"\1exec ", last)]))
        assert process.stdout is not None
        try:
            yield process.stdout
        finally:
            if process.returncode is None:
                process.terminate()
            async with within(DRAINED_S, "it ends"):
                await process.wait()

    async def _start(self, text: str, *options: str) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            "bash",
            *options,
            "-c",
            self.typed(text),
            cwd=self.folder,
            env=self.environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT if options else asyncio.subprocess.DEVNULL,
        )


@pytest.fixture
def reader(require: Callable[[str], Path], tmp_path: Path) -> Reader:
    require("mosquitto")
    require("mosquitto_rr")
    assert shutil.which("bash")
    return Reader(tmp_path, own_port())


async def test_all_of_it_happens_as_it_says(reader: Reader, http: aiohttp.ClientSession) -> None:
    blocks = [(match["rest"].strip(), match["text"]) for match in FENCE.finditer(TUTORIAL.read_text("utf-8"))]
    first = blocks.index(next(block for block in blocks if block[0] == "terminal"))
    last = len(blocks) - 1 - [rest for rest, _ in blocks[::-1]].index("terminal")

    for _, text in blocks[:first]:
        await reader.does(text)
    async with AsyncExitStack() as stack:
        for _, text in blocks[first:last]:
            await stack.enter_async_context(reader.leaves_running(text))
        printed = await stack.enter_async_context(reader.leaves_running(blocks[last][1]))
        await until_ready(printed, http)
        shown = await reader.does("".join(text for _, text in blocks[last + 1 :]))

    assert "denies by default, and the first administrator is gone" in shown
    assert "We are closed tomorrow." in shown
    assert '"Until when?"' in shown or '"accepted"' in shown
    assert "open" in shown
    assert shown.count("Not authorized") == 2
    assert shown.count("refused") == 1
    assert shown.count('"type":') == 2


async def until_ready(printed: asyncio.StreamReader, http: aiohttp.ClientSession) -> None:
    """Whoever reads has waited for both terminals to say so."""
    async with within(LIMIT, "the relay is at the broker"):
        url = (await printed.readline()).decode().removeprefix("ready ").strip()
        while UP not in await (await http.get(f"{url}/metrics")).text():
            pass
