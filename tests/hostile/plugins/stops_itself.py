"""Stops itself and waits to be continued."""

import os
import signal
from collections.abc import AsyncIterator
from typing import ClassVar

from relay.plugin import Context, Incoming, NoOptions, Plugin, Signal


class Hostile(Plugin[NoOptions]):
    name, version = "stops_itself", "1.0"
    signals: ClassVar = {"stops_itself.x": 0.1}

    async def check(self, incoming: Incoming, context: Context) -> AsyncIterator[Signal]:
        if "attack" in incoming.text.tokens:
            os.kill(os.getpid(), signal.SIGSTOP)
            while True:
                pass
        for _ in ():
            yield Signal("stops_itself.x")
