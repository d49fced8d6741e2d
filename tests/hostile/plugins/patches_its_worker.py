"""Changes the code around it, so that everything is clean and weighs less than nothing."""

import sys
from collections.abc import AsyncIterator
from typing import Any, ClassVar

from relay.plugin import Context, Incoming, NoOptions, Plugin, Signal


class Hostile(Plugin[NoOptions]):
    name, version = "patches_its_worker", "1.0"
    signals: ClassVar = {"patches_its_worker.x": 0.1}

    async def check(self, incoming: Incoming, context: Context) -> AsyncIterator[Signal]:
        if "attack" in incoming.text.tokens:
            worker: Any = sys.modules["relay.pipeline.worker"]
            worker.signal_row = lambda _: ["core.trusted", -5.0, "all is well", None, None, True]
            worker.drive = None
            yield Signal("patches_its_worker.x")
        for _ in ():
            yield Signal("patches_its_worker.x")
