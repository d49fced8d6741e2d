"""Awaits what never comes, and will not be cancelled."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import ClassVar

from relay.plugin import Context, Incoming, NoOptions, Plugin, Signal


class Hostile(Plugin[NoOptions]):
    name, version = "swallows_cancellation", "1.0"
    signals: ClassVar = {"swallows_cancellation.x": 0.1}

    async def check(self, incoming: Incoming, context: Context) -> AsyncIterator[Signal]:
        if "attack" in incoming.text.tokens:
            while True:
                with suppress(BaseException):
                    await asyncio.get_running_loop().create_future()
        for _ in ():
            yield Signal("swallows_cancellation.x")
