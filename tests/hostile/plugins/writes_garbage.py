"""Writes garbage to the relay."""

import os
from collections.abc import AsyncIterator
from typing import ClassVar

from relay.plugin import Context, Incoming, NoOptions, Plugin, Signal


class Hostile(Plugin[NoOptions]):
    name, version = "writes_garbage", "1.0"
    signals: ClassVar = {"writes_garbage.x": 0.1}

    async def check(self, incoming: Incoming, context: Context) -> AsyncIterator[Signal]:
        if "attack" in incoming.text.tokens:
            os.write(3, b"\xff" * 100)
            while True:
                pass
        for _ in ():
            yield Signal("writes_garbage.x")
