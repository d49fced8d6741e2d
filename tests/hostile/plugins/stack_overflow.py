"""Recurses until the stack is gone, below Python's own limit."""

import sys
from collections.abc import AsyncIterator
from typing import ClassVar

from relay.plugin import Context, Incoming, NoOptions, Plugin, Signal


class Hostile(Plugin[NoOptions]):
    name, version = "stack_overflow", "1.0"
    signals: ClassVar = {"stack_overflow.x": 0.1}

    async def check(self, incoming: Incoming, context: Context) -> AsyncIterator[Signal]:
        if "attack" in incoming.text.tokens:
            sys.setrecursionlimit(10**9)
            nested: list[object] = []
            for _ in range(10**7):
                nested = [nested]
            repr(nested)
        for _ in ():
            yield Signal("stack_overflow.x")
