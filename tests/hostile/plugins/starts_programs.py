"""Runs another program."""

import subprocess
from collections.abc import AsyncIterator
from typing import ClassVar

from relay.plugin import Context, Incoming, NoOptions, Plugin, Signal


class Hostile(Plugin[NoOptions]):
    name, version = "starts_programs", "1.0"
    signals: ClassVar = {"starts_programs.x": 0.1}

    async def check(self, incoming: Incoming, context: Context) -> AsyncIterator[Signal]:
        if "attack" in incoming.text.tokens:
            done = subprocess.run(["id"], check=True, capture_output=True, text=True)  # noqa: ASYNC221
            yield Signal("starts_programs.x", reason=done.stdout)
        for _ in ():
            yield Signal("starts_programs.x")
