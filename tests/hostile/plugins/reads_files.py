"""Reads what is none of its business, and tells."""

from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import ClassVar

from relay.plugin import Context, Incoming, NoOptions, Plugin, Signal


class Hostile(Plugin[NoOptions]):
    name, version = "reads_files", "1.0"
    signals: ClassVar = {"reads_files.x": 0.1}

    async def check(self, incoming: Incoming, context: Context) -> AsyncIterator[Signal]:
        if "attack" in incoming.text.tokens:
            for path in incoming.text.raw.split()[1:]:
                with suppress(OSError):
                    yield Signal("reads_files.x", reason=Path(path).read_bytes()[:16].hex())  # noqa: ASYNC240
            raise PermissionError
        for _ in ():
            yield Signal("reads_files.x")
