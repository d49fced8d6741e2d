"""Connects to where it is told, and tells."""

import socket
from collections.abc import AsyncIterator
from typing import ClassVar

from relay.plugin import Context, Incoming, NoOptions, Plugin, Signal


class Hostile(Plugin[NoOptions]):
    name, version = "calls_home", "1.0"
    signals: ClassVar = {"calls_home.x": 0.1}

    async def check(self, incoming: Incoming, context: Context) -> AsyncIterator[Signal]:
        if "attack" in incoming.text.tokens:
            for port in map(int, incoming.text.raw.split()[1:]):
                with socket.create_connection(("127.0.0.1", port), timeout=1):
                    yield Signal("calls_home.x", reason="connected")
            raise ConnectionError
        for _ in ():
            yield Signal("calls_home.x")
