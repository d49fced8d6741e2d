"""Raises what few catch."""

from collections.abc import AsyncIterator
from typing import ClassVar

from relay.plugin import Context, Incoming, NoOptions, Plugin, Signal


class Hostile(Plugin[NoOptions]):
    name, version = "raises_base_exception", "1.0"
    signals: ClassVar = {"raises_base_exception.x": 0.1}

    async def check(self, incoming: Incoming, context: Context) -> AsyncIterator[Signal]:
        if "attack" in incoming.text.tokens:
            raise KeyboardInterrupt
        for _ in ():
            yield Signal("raises_base_exception.x")
