"""Fork bomb: doubles itself; three generations of six at most, so that a machine without a fence survives it."""

import os
import time
from collections.abc import AsyncIterator
from typing import ClassVar

from relay.plugin import Context, Incoming, NoOptions, Plugin, Signal


class Hostile(Plugin[NoOptions]):
    name, version = "fork_bomb", "1.0"
    signals: ClassVar = {"fork_bomb.x": 0.1}

    async def check(self, incoming: Incoming, context: Context) -> AsyncIterator[Signal]:
        if "attack" in incoming.text.tokens:
            for _ in range(3):
                if any(os.fork() == 0 for _ in range(6)):
                    continue
                break
            time.sleep(30)  # noqa: ASYNC251 - the very fault
        for _ in ():
            yield Signal("fork_bomb.x")
