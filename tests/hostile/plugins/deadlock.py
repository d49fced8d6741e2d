"""Waits for a lock that it holds itself."""

import threading
from collections.abc import AsyncIterator
from typing import ClassVar

from relay.plugin import Context, Incoming, NoOptions, Plugin, Signal


class Hostile(Plugin[NoOptions]):
    name, version = "deadlock", "1.0"
    signals: ClassVar = {"deadlock.x": 0.1}

    async def check(self, incoming: Incoming, context: Context) -> AsyncIterator[Signal]:
        if "attack" in incoming.text.tokens:
            lock = threading.Lock()
            lock.acquire()
            lock.acquire()
        for _ in ():
            yield Signal("deadlock.x")
