"""What one connection of a member hears, whatever carries it: frames as they came, and waiting for what has to come."""

import asyncio
from collections.abc import Callable
from typing import Final

import orjson

from tests.proof.knowledge import Knowledge

LIMIT: Final = 10.0  # seconds; far beyond what a busy machine needs


class Ear:
    """`heard` is what nobody has taken yet; `seen` the highest seq; `answers` counts the frames that are no items."""

    def __init__(self, known: Knowledge) -> None:
        self.heard: list[str] = []
        self.seen = 0
        self.answers = 0
        self.is_open = True
        self._known = known
        self._moved = asyncio.Event()

    def text(self, payload: bytes) -> None:
        """One frame of the relay."""
        frame = orjson.loads(payload)
        if frame["type"] == "item":
            self.seen = max(self.seen, frame["seq"])
        else:
            self.answers += 1
        self._known.learn(frame)
        self.heard.append(payload.decode())
        self._moved.set()

    def closed(self, code: int | None) -> None:
        """The connection ended; the relay's code, None without one."""
        if self.is_open:
            self.is_open = False
            self.heard.append(f"closed {code}")
            self._moved.set()

    def take(self) -> list[str]:
        """What was heard since the last time."""
        taken, self.heard = self.heard, []
        return taken

    async def until(self, come: Callable[[], bool]) -> None:
        """Returns when it has come or the connection is over. Raises AssertionError when it does not come."""
        try:
            async with asyncio.timeout(LIMIT):
                while self.is_open and not come():
                    self._moved.clear()
                    await self._moved.wait()
        except TimeoutError:
            raise AssertionError(f"an answer or an item never came; heard last: {self.heard[-3:]}") from None
