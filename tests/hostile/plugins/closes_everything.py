"""Closes every file that it has, also the one to the relay."""

import os
from collections.abc import AsyncIterator
from typing import ClassVar

from relay.plugin import Context, Incoming, NoOptions, Plugin, Signal


class Hostile(Plugin[NoOptions]):
    name, version = "closes_everything", "1.0"
    signals: ClassVar = {"closes_everything.x": 0.1}

    async def check(self, incoming: Incoming, context: Context) -> AsyncIterator[Signal]:
        if "attack" in incoming.text.tokens:
            os.closerange(0, 1000)
        for _ in ():
            yield Signal("closes_everything.x")
