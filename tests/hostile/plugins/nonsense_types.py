"""Yields what is no signal."""

from collections.abc import AsyncIterator
from typing import ClassVar

from relay.plugin import Context, Incoming, NoOptions, Plugin, Signal


class Hostile(Plugin[NoOptions]):
    name, version = "nonsense_types", "1.0"
    signals: ClassVar = {"nonsense_types.x": 0.1}

    async def check(self, incoming: Incoming, context: Context) -> AsyncIterator[Signal]:
        if "attack" in incoming.text.tokens:
            yield {"name": "nonsense_types.x", "factor": "much"}  # type: ignore[misc]
        for _ in ():
            yield Signal("nonsense_types.x")
