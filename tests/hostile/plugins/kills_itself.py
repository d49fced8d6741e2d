"""Kills itself; where it is the first process that does nothing, so it goes on for ever."""

import os
import signal
from collections.abc import AsyncIterator
from typing import ClassVar

from relay.plugin import Context, Incoming, NoOptions, Plugin, Signal


class Hostile(Plugin[NoOptions]):
    name, version = "kills_itself", "1.0"
    signals: ClassVar = {"kills_itself.x": 0.1}

    async def check(self, incoming: Incoming, context: Context) -> AsyncIterator[Signal]:
        if "attack" in incoming.text.tokens:
            os.kill(os.getpid(), signal.SIGKILL)
            while True:
                pass
        for _ in ():
            yield Signal("kills_itself.x")
