"""Starts a process that leaves its family, its group and its session, and then hangs."""

import os
import time
from collections.abc import AsyncIterator
from typing import ClassVar

from relay.plugin import Context, Incoming, NoOptions, Plugin, Signal


class Hostile(Plugin[NoOptions]):
    name, version = "leaves_daemons", "1.0"
    signals: ClassVar = {"leaves_daemons.x": 0.1}

    async def check(self, incoming: Incoming, context: Context) -> AsyncIterator[Signal]:
        if "attack" in incoming.text.tokens:
            if os.fork() == 0:
                os.setsid()
                if os.fork() == 0:
                    os.setsid()
                    time.sleep(30)  # noqa: ASYNC251 - the very fault
                os._exit(0)
            while True:
                pass
        for _ in ():
            yield Signal("leaves_daemons.x")
