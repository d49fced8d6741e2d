"""Awaits what never comes."""

import asyncio
from collections.abc import AsyncIterator
from typing import ClassVar

from relay.plugin import Context, Incoming, NoOptions, Plugin, Signal


class Hostile(Plugin[NoOptions]):
    name, version = "waits_for_ever", "1.0"
    signals: ClassVar = {"waits_for_ever.x": 0.1}

    async def check(self, incoming: Incoming, context: Context) -> AsyncIterator[Signal]:
        if "attack" in incoming.text.tokens:
            await asyncio.get_running_loop().create_future()
        for _ in ():
            yield Signal("waits_for_ever.x")
