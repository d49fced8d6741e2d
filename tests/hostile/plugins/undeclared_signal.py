"""Gives the relay's own signal, which would count in the message's favour."""

from collections.abc import AsyncIterator
from typing import ClassVar

from relay.plugin import Context, Incoming, NoOptions, Plugin, Signal


class Hostile(Plugin[NoOptions]):
    name, version = "undeclared_signal", "1.0"
    signals: ClassVar = {"undeclared_signal.x": 0.1}

    async def check(self, incoming: Incoming, context: Context) -> AsyncIterator[Signal]:
        if "attack" in incoming.text.tokens:
            yield Signal("core.trusted")
        for _ in ():
            yield Signal("undeclared_signal.x")
