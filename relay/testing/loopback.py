"""A platform in memory, for tests of what sends: takes, refuses in every known way, loses its answer, repeats its receipts."""

import asyncio
from collections import deque
from collections.abc import Iterable

from relay.core.attempt import Receipt, Sending
from relay.core.delivery import DeliveryState
from relay.core.rate import Rate
from relay.ports import Channel

FAST = Rate(burst=1000, per_second=1000)


class Lost(ConnectionError):
    """The platform took it, and the connection broke before it said so."""


class Loopback:
    """Keeps in `got` what it took. `ends` says how the next sendings end: None is taken, an exception is raised.

    `Lost` is raised after taking. With `holds` set, nothing ends before `go` is, and with `is_deaf` nothing is even taken
    before. With `repeats`, each receipt comes twice.
    """

    def __init__(self, name: str = "loopback", rate: Rate = FAST, *, repeats: bool = False) -> None:
        self.name = name
        self.rate = rate
        self.repeats = repeats
        self.got: list[Sending] = []
        self.asked: list[Sending] = []
        self.ends: deque[Exception | None] = deque()
        self.holds = False
        self.is_deaf = False
        self.go = asyncio.Event()
        self.taken = asyncio.Event()

    def fail(self, *ends: Exception | None) -> None:
        """How the next sendings end, one each; afterwards all are taken."""
        self.ends.extend(ends)

    async def send(self, sending: Sending) -> Receipt:
        self.asked.append(sending)
        if self.is_deaf:
            await self.go.wait()
        end = self.ends.popleft() if self.ends else None
        if end is not None and not isinstance(end, Lost):
            raise end
        self.got.append(sending)
        self.taken.set()
        if self.holds:
            await self.go.wait()
        if end is not None:
            raise end
        return Receipt(sending.reference)

    def receipts(self, *states: DeliveryState, of: Iterable[Sending] | None = None) -> tuple[Receipt, ...]:
        """What the platform says later of these sendings (all that it took), each in these states one after another."""
        said = [Receipt(each.reference, state) for each in (self.got if of is None else of) for state in states]
        return tuple(each for each in said for _ in range(2 if self.repeats else 1))


_: type[Channel] = Loopback
