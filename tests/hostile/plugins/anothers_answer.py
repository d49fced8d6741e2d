"""Answers another message than the one that it was given."""

import os
from collections.abc import AsyncIterator
from typing import ClassVar

from relay.plugin import Context, Incoming, NoOptions, Plugin, Signal


class Hostile(Plugin[NoOptions]):
    name, version = "anothers_answer", "1.0"
    signals: ClassVar = {"anothers_answer.x": 0.1}

    async def check(self, incoming: Incoming, context: Context) -> AsyncIterator[Signal]:
        if "attack" in incoming.text.tokens:
            answer = b'{"n": 1, "signals": [], "why": null}'
            os.write(3, len(answer).to_bytes(4, "big") + answer)
            while True:
                pass
        for _ in ():
            yield Signal("anothers_answer.x")
