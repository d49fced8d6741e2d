"""Poison: messages that ended a worker, so that none ends it twice.

Remembered are keyed digests, never texts: that member's message with that text, for whom one failure is enough; and the text
alone, once messages with it from several members ended a worker, as a machine that paused can fail an innocent one. A member
whose messages ended it again and again is not heard by that plugin for a while: their messages are held without it, so that
everybody else's are still judged. It is bounded, and forgets.
"""

import os
from collections import OrderedDict
from collections.abc import Callable
from hashlib import blake2b

TEXT_FOR = 3600.0  # seconds
MEMBER_FOR = 600.0
MOST = 10_000  # entries: an hour of failures, far beyond what the breaker lets happen
OF_ONE_MEMBER = 3  # fewer than open the breaker: nobody alone switches a plugin off for others
OF_SEVERAL = 3  # members


class Poison:
    """Of one plugin. `monotonic` gives seconds that never go back."""

    __slots__ = ("_key", "_monotonic", "_noted")

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._key = os.urandom(32)
        self._noted: OrderedDict[tuple[str, bytes], tuple[int, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._noted)

    def note(self, member: str, text: str) -> None:
        """That message ended the worker."""
        if not self._count((member, self._digest(text))):
            self._add(("", self._digest(text)))
        self._add((member, self._digest(text)))
        self._add((member, b""))

    def why(self, member: str, text: str) -> tuple[str, bool] | None:
        """Why it must not be given to the worker, and whether that rests on other members too; None when it may."""
        if not self._noted:
            return None
        if self._count((member, self._digest(text))):
            return "was not asked: this message ended its process before", False
        if self._count((member, b"")) >= OF_ONE_MEMBER:
            return "was not asked: messages of this member ended its process again and again", False
        if self._count(("", self._digest(text))) >= OF_SEVERAL:
            return "was not asked: messages with this text ended its process before", True
        return None

    def forget(self, member: str) -> None:
        for entry in [entry for entry in self._noted if entry[0] == member]:
            del self._noted[entry]

    def _add(self, entry: tuple[str, bytes]) -> None:
        self._noted[entry] = (self._count(entry) + 1, self._monotonic() + (TEXT_FOR if entry[1] else MEMBER_FOR))
        self._noted.move_to_end(entry)
        while len(self._noted) > MOST:
            self._noted.popitem(last=False)

    def _count(self, entry: tuple[str, bytes]) -> int:
        times, until = self._noted.get(entry, (0, 0.0))
        return times if until > self._monotonic() else 0

    def _digest(self, text: str) -> bytes:
        return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16, key=self._key).digest()
