"""Dies while it is imported."""

import os
from collections.abc import AsyncIterator
from typing import ClassVar

from relay.plugin import Context, Incoming, NoOptions, Plugin, Signal

os._exit(1)


class Hostile(Plugin[NoOptions]):
    name, version = "dies_at_import", "1.0"
    signals: ClassVar = {"dies_at_import.x": 0.1}

    async def check(self, incoming: Incoming, context: Context) -> AsyncIterator[Signal]:
        for _ in ():
            yield Signal("dies_at_import.x")
