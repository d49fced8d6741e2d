"""Memory bomb: takes all that it can get."""

from collections.abc import AsyncIterator
from typing import ClassVar

from relay.plugin import Context, Incoming, NoOptions, Plugin, Signal


class Hostile(Plugin[NoOptions]):
    name, version = "memory_bomb", "1.0"
    signals: ClassVar = {"memory_bomb.x": 0.1}
    deadline_ms = 5000

    async def check(self, incoming: Incoming, context: Context) -> AsyncIterator[Signal]:
        if "attack" in incoming.text.tokens:
            hoard = []
            while True:
                hoard.append(b"x" * 16 * 1024 * 1024)
        for _ in ():
            yield Signal("memory_bomb.x")
