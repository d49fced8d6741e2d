"""Thinks for half as long again as it may, and then says that all is well."""

import time
from collections.abc import AsyncIterator
from typing import ClassVar

from relay.plugin import Context, Incoming, NoOptions, Plugin, Signal


class Hostile(Plugin[NoOptions]):
    name, version = "answers_late", "1.0"
    signals: ClassVar = {"answers_late.x": 0.1}
    deadline_ms = 50

    async def check(self, incoming: Incoming, context: Context) -> AsyncIterator[Signal]:
        if "attack" in incoming.text.tokens:
            time.sleep(0.15)  # noqa: ASYNC251 - the very fault
        for _ in ():
            yield Signal("answers_late.x")
