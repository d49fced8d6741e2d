"""Sends answers without end, to messages that there may be."""

import os
from collections.abc import AsyncIterator
from typing import ClassVar

from relay.plugin import Context, Incoming, NoOptions, Plugin, Signal


class Hostile(Plugin[NoOptions]):
    name, version = "endless_verdicts", "1.0"
    signals: ClassVar = {"endless_verdicts.x": 0.1}

    async def check(self, incoming: Incoming, context: Context) -> AsyncIterator[Signal]:
        if "attack" in incoming.text.tokens:
            n = 1000
            while True:
                n += 1
                answer = f'{{"n": {n}, "signals": [], "why": null}}'.encode()
                os.write(3, len(answer).to_bytes(4, "big") + answer)
        for _ in ():
            yield Signal("endless_verdicts.x")
