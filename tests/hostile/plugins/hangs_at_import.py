"""Never comes back from its import."""

from collections.abc import AsyncIterator
from typing import ClassVar

from relay.plugin import Context, Incoming, NoOptions, Plugin, Signal

while True:
    pass


class Hostile(Plugin[NoOptions]):
    name, version = "hangs_at_import", "1.0"
    signals: ClassVar = {"hangs_at_import.x": 0.1}

    async def check(self, incoming: Incoming, context: Context) -> AsyncIterator[Signal]:
        for _ in ():
            yield Signal("hangs_at_import.x")
