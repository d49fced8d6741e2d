"""Writes without end to where nobody reads."""

import os
from collections.abc import AsyncIterator
from typing import ClassVar

from relay.plugin import Context, Incoming, NoOptions, Plugin, Signal


class Hostile(Plugin[NoOptions]):
    name, version = "floods_output", "1.0"
    signals: ClassVar = {"floods_output.x": 0.1}

    async def check(self, incoming: Incoming, context: Context) -> AsyncIterator[Signal]:
        if "attack" in incoming.text.tokens:
            while True:
                os.write(1, b"x" * 65536)
                os.write(2, b"x" * 65536)
        for _ in ():
            yield Signal("floods_output.x")
