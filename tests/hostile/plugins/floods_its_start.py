"""Says who it is again and again, and is never ready."""

import os
from collections.abc import AsyncIterator
from typing import ClassVar

from relay.plugin import Context, Incoming, NoOptions, Plugin, Signal


class Hostile(Plugin[NoOptions]):
    name, version = "floods_its_start", "1.0"
    signals: ClassVar = {"floods_its_start.x": 0.1}

    async def setup(self, context: Context) -> None:
        frame = b'{"label": {"version": "1.0"}}'
        while True:
            os.write(3, (len(frame).to_bytes(4, "big") + frame) * 1000)

    async def check(self, incoming: Incoming, context: Context) -> AsyncIterator[Signal]:
        yield Signal("floods_its_start.x")
