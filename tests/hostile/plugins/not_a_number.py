"""Gives a factor that is no number, and compares as it likes."""

from collections.abc import AsyncIterator
from typing import ClassVar

from relay.plugin import Context, Incoming, NoOptions, Plugin, Signal


class Hostile(Plugin[NoOptions]):
    name, version = "not_a_number", "1.0"
    signals: ClassVar = {"not_a_number.x": 0.1}

    async def check(self, incoming: Incoming, context: Context) -> AsyncIterator[Signal]:
        if "attack" in incoming.text.tokens:
            yield Signal("not_a_number.x", factor=float("nan"))
        for _ in ():
            yield Signal("not_a_number.x")
