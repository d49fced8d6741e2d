"""Looks for secrets in its environment, and tells."""

import os
from collections.abc import AsyncIterator
from typing import ClassVar

from relay.plugin import Context, Incoming, NoOptions, Plugin, Signal


class Hostile(Plugin[NoOptions]):
    name, version = "reads_environment", "1.0"
    signals: ClassVar = {"reads_environment.x": 0.1}

    async def check(self, incoming: Incoming, context: Context) -> AsyncIterator[Signal]:
        if "attack" in incoming.text.tokens:
            for name in os.environ:
                if name.startswith("RELAY_"):
                    yield Signal("reads_environment.x", reason=name)
            raise KeyError
        for _ in ():
            yield Signal("reads_environment.x")
