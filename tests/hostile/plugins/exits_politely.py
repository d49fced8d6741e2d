"""Exits as a script does."""

import sys
from collections.abc import AsyncIterator
from typing import ClassVar

from relay.plugin import Context, Incoming, NoOptions, Plugin, Signal


class Hostile(Plugin[NoOptions]):
    name, version = "exits_politely", "1.0"
    signals: ClassVar = {"exits_politely.x": 0.1}

    async def check(self, incoming: Incoming, context: Context) -> AsyncIterator[Signal]:
        if "attack" in incoming.text.tokens:
            sys.exit(0)
        for _ in ():
            yield Signal("exits_politely.x")
