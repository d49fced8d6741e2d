"""Exits at once, without a word."""

import os
from collections.abc import AsyncIterator
from typing import ClassVar

from relay.plugin import Context, Incoming, NoOptions, Plugin, Signal


class Hostile(Plugin[NoOptions]):
    name, version = "exits_at_once", "1.0"
    signals: ClassVar = {"exits_at_once.x": 0.1}

    async def check(self, incoming: Incoming, context: Context) -> AsyncIterator[Signal]:
        if "attack" in incoming.text.tokens:
            os._exit(0)
        for _ in ():
            yield Signal("exits_at_once.x")
