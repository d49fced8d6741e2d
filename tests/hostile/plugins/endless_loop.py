"""Endless loop: never gives the processor back."""

from collections.abc import AsyncIterator
from typing import ClassVar

from relay.plugin import Context, Incoming, NoOptions, Plugin, Signal


class Hostile(Plugin[NoOptions]):
    name, version = "endless_loop", "1.0"
    signals: ClassVar = {"endless_loop.x": 0.1}

    async def check(self, incoming: Incoming, context: Context) -> AsyncIterator[Signal]:
        if "attack" in incoming.text.tokens:
            while True:
                pass
        for _ in ():
            yield Signal("endless_loop.x")
