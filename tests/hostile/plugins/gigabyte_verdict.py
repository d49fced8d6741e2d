"""Says that a gigabyte comes, and sends it."""

import os
from collections.abc import AsyncIterator
from typing import ClassVar

from relay.plugin import Context, Incoming, NoOptions, Plugin, Signal


class Hostile(Plugin[NoOptions]):
    name, version = "gigabyte_verdict", "1.0"
    signals: ClassVar = {"gigabyte_verdict.x": 0.1}

    async def check(self, incoming: Incoming, context: Context) -> AsyncIterator[Signal]:
        if "attack" in incoming.text.tokens:
            os.write(3, (2**30).to_bytes(4, "big"))
            while True:
                os.write(3, b"x" * 65536)
        for _ in ():
            yield Signal("gigabyte_verdict.x")
