"""Remembers more than anybody needs."""

from collections.abc import AsyncIterator
from typing import ClassVar

from relay.plugin import Context, Incoming, NoOptions, Plugin, Signal


class Hostile(Plugin[NoOptions]):
    name, version = "fills_memory", "1.0"
    signals: ClassVar = {"fills_memory.x": 0.1}

    async def check(self, incoming: Incoming, context: Context) -> AsyncIterator[Signal]:
        if "attack" in incoming.text.tokens:
            for n in range(100_000):
                await context.memory.set(str(n), "x" * 100_000, ttl=3600)
        for _ in ():
            yield Signal("fills_memory.x")
