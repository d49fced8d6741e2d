"""No attack: says what it was given, so that a test can see whose it was; it is slow at what begins with `slow`."""

import time
from collections.abc import AsyncIterator
from typing import ClassVar

from relay.plugin import Context, Incoming, NoOptions, Plugin, Signal


class Echoes(Plugin[NoOptions]):
    name, version = "echoes", "1.0"
    signals: ClassVar = {"echoes.x": 0.1, "echoes.times": 0.1}
    deadline_ms = 500

    async def check(self, incoming: Incoming, context: Context) -> AsyncIterator[Signal]:
        if incoming.text.raw.startswith("slow"):
            time.sleep(0.1)  # noqa: ASYNC251 - so slow that a caller has gone away before
        yield Signal("echoes.x", reason=f"{incoming.member.id} says {incoming.text.raw}")
        times = await context.memory.increment("times", ttl=60)
        await context.memory.set("last", (incoming.text.raw, [1.5, None, True]), ttl=60)
        last, rest = await context.memory.get("last", ("", [0.0]))
        yield Signal("echoes.times", reason=f"{times} {last == incoming.text.raw} {rest}")
