"""Kills whoever started it."""

import os
import signal
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import ClassVar

from relay.plugin import Context, Incoming, NoOptions, Plugin, Signal


class Hostile(Plugin[NoOptions]):
    name, version = "kills_its_parent", "1.0"
    signals: ClassVar = {"kills_its_parent.x": 0.1}

    async def check(self, incoming: Incoming, context: Context) -> AsyncIterator[Signal]:
        if "attack" in incoming.text.tokens:
            with suppress(OSError):
                os.kill(os.getppid(), signal.SIGKILL)
            while True:
                pass
        for _ in ():
            yield Signal("kills_its_parent.x")
