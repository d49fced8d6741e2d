"""Asks for another member's memory."""

import os
from collections.abc import AsyncIterator
from typing import ClassVar

from relay.plugin import Context, Incoming, NoOptions, Plugin, Signal


class Hostile(Plugin[NoOptions]):
    name, version = "forges_requests", "1.0"
    signals: ClassVar = {"forges_requests.x": 0.1}

    async def check(self, incoming: Incoming, context: Context) -> AsyncIterator[Signal]:
        if "attack" in incoming.text.tokens:
            request = b'{"n": 2, "do": "get", "member": "ada", "shared": true, "key": "secret"}'
            os.write(3, len(request).to_bytes(4, "big") + request)
            answer = os.read(3, 65536)
            yield Signal("forges_requests.x", reason=answer.decode("ascii", "replace"))
        for _ in ():
            yield Signal("forges_requests.x")
