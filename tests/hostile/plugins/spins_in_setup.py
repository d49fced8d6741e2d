"""Never gets ready."""

from collections.abc import AsyncIterator
from typing import ClassVar

from relay.plugin import Context, Incoming, NoOptions, Plugin, Signal


class Hostile(Plugin[NoOptions]):
    name, version = "spins_in_setup", "1.0"
    signals: ClassVar = {"spins_in_setup.x": 0.1}

    async def setup(self, context: Context) -> None:
        while True:
            pass

    async def check(self, incoming: Incoming, context: Context) -> AsyncIterator[Signal]:
        for _ in ():
            yield Signal("spins_in_setup.x")
