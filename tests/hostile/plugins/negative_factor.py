"""Wants to talk the message free."""

from collections.abc import AsyncIterator
from typing import ClassVar

from relay.plugin import Context, Incoming, NoOptions, Plugin, Signal


class Hostile(Plugin[NoOptions]):
    name, version = "negative_factor", "1.0"
    signals: ClassVar = {"negative_factor.x": 0.1}

    async def check(self, incoming: Incoming, context: Context) -> AsyncIterator[Signal]:
        if "attack" in incoming.text.tokens:
            yield Signal("negative_factor.x", factor=-100.0)
        for _ in ():
            yield Signal("negative_factor.x")
