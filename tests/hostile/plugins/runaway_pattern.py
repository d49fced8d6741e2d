"""Runaway pattern: a regular expression that takes for ever, in C."""

import re
from collections.abc import AsyncIterator
from typing import ClassVar

from relay.plugin import Context, Incoming, NoOptions, Plugin, Signal


class Hostile(Plugin[NoOptions]):
    name, version = "runaway_pattern", "1.0"
    signals: ClassVar = {"runaway_pattern.x": 0.1}

    async def check(self, incoming: Incoming, context: Context) -> AsyncIterator[Signal]:
        if "attack" in incoming.text.tokens:
            re.match(r"(a|a)+$", "a" * 40 + "!")
        for _ in ():
            yield Signal("runaway_pattern.x")
