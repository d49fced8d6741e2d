"""Asks for a fresh process as soon as it has one."""

import os
from collections.abc import AsyncIterator
from typing import ClassVar

from relay.plugin import Context, Incoming, NoOptions, Plugin, Signal


class Hostile(Plugin[NoOptions]):
    name, version = "renews_for_ever", "1.0"
    signals: ClassVar = {"renews_for_ever.x": 0.1}

    async def setup(self, context: Context) -> None:
        for frame in (b'{"ready": true}', b'{"renew": true}'):
            os.write(3, len(frame).to_bytes(4, "big") + frame)
        while True:
            pass

    async def check(self, incoming: Incoming, context: Context) -> AsyncIterator[Signal]:
        yield Signal("renews_for_ever.x")
