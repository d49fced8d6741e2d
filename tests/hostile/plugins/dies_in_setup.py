"""Dies while it gets ready."""

import os
from collections.abc import AsyncIterator
from typing import ClassVar

from relay.plugin import Context, Incoming, NoOptions, Plugin, Signal


class Hostile(Plugin[NoOptions]):
    name, version = "dies_in_setup", "1.0"
    signals: ClassVar = {"dies_in_setup.x": 0.1}

    async def setup(self, context: Context) -> None:
        os._exit(1)

    async def check(self, incoming: Incoming, context: Context) -> AsyncIterator[Signal]:
        for _ in ():
            yield Signal("dies_in_setup.x")
