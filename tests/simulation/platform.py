"""A platform that the relay pushes to: takes, refuses, is late, breaks off, and says later what became of it, in any order."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from random import Random

from relay.core.attempt import (
    MayHaveLeft,
    MemberGone,
    Misconfigured,
    Never,
    Receipt,
    RetryAt,
    SendError,
    Sending,
    WindowClosed,
)
from relay.core.delivery import DeliveryState
from relay.core.rate import Rate
from relay.flows.attempt import SEND_LIMIT
from relay.ports import Channel
from tests.simulation.exits import End, Exits, OneExit
from tests.simulation.fates import Fates
from tests.simulation.ledger import BrokenPromise
from tests.simulation.life import Life
from tests.simulation.still_loop import owner
from tests.simulation.turns import Turns

RATE = Rate(burst=8, per_second=8)
DELAYS = (0.0, 0.0, 0.01, 0.5, 5.0)  # seconds
QUICK = (0.0, 0.01)  # when all goes well
LATE = (0.0, 0.1, 3.0, 40.0, 4000.0)  # seconds until a receipt comes
ROWS = (
    (DeliveryState.SENT, DeliveryState.DELIVERED, DeliveryState.READ),
    (DeliveryState.DELIVERED,),
    (DeliveryState.DELIVERED, DeliveryState.READ),
    (DeliveryState.SENT,),
    (DeliveryState.SENT, DeliveryState.FAILED),
    (),
)
"""What is said of one sending after it was taken."""


class LostError(ConnectionError):
    """The connection broke off; nobody foresaw that."""


@dataclass(frozen=True, slots=True)
class Webhook:
    """How the platform's receipts come in: called with some, it returns when the relay has them."""

    deliver: Callable[[tuple[Receipt, ...]], Awaitable[None]]


class Platform:
    """Keeps in `oracle` what it knows of each try."""

    def __init__(self, name: str, turns: Turns, fates: Fates, exits: Exits, webhook: Webhook) -> None:
        self.name = name
        self.rate = RATE
        self._turns = turns
        self._fates = fates
        self._draw: Random = fates.draw
        self._exits = exits
        self._webhook = webhook

    async def send(self, sending: Sending) -> Receipt:
        life = owner.get()
        if not isinstance(life, Life) or life.is_doomed:
            raise asyncio.CancelledError
        try:
            each = self._exits.handed_over(sending.reference, sending.address, sending.item.id, was_read_before=life.has_server)
        except BrokenPromise as broken:
            self._turns.wrong(str(broken))
            raise
        return await self._received(each, sending)

    async def _received(self, each: OneExit, sending: Sending) -> Receipt:
        """What is cancelled on its way may have arrived."""
        try:
            await self._pause()
        except asyncio.CancelledError:
            if self._draw.random() < 0.5:
                self._take(each)
            raise
        if self._fates.happens(self._fates.platform):
            await self._fail(each)
        self._take(each)
        await self._pause()
        each.end = End.TAKEN
        return Receipt(sending.reference)

    async def _pause(self) -> None:
        await asyncio.sleep(self._draw.choice(QUICK if self._fates.calm else DELAYS))

    async def _fail(self, each: OneExit) -> None:
        """Raises what it says, or what becomes of the connection."""
        draw = self._draw.random()
        life = owner.get()
        if draw < 0.5:
            await self._refuse(each)
        self._turns.note(f"in doubt at {self.name}: {each.item}")
        if self._draw.random() < 0.7:
            self._take(each)
        if draw < 0.6 and isinstance(life, Life) and self._fates.crashes:
            self._turns.note(f"process {life.number} dies while {self.name} answers")
            self._turns.doom(life)
            await asyncio.Future()
        if draw < 0.8:
            await asyncio.sleep(2 * SEND_LIMIT)
        raise self._draw.choice((LostError(), MayHaveLeft("half an answer"), ZeroDivisionError()))

    async def _refuse(self, each: OneExit) -> None:
        await self._pause()
        later = self._turns.clock.now() + timedelta(seconds=self._draw.choice((0.5, 30, 7200)))
        refusals: tuple[SendError, ...] = (
            RetryAt(),
            RetryAt(later),
            RetryAt(later, for_all=True),
            Never("too long"),
            WindowClosed(),
            MemberGone(),
            Misconfigured("no token"),
        )
        refusal = self._draw.choice(refusals)
        self._turns.note(f"{type(refusal).__name__} from {self.name}: {each.item}")
        each.end = End.REFUSED
        raise refusal

    def _take(self, each: OneExit) -> None:
        if each.was_taken:
            self._turns.wrong(f"{self.name} has {each} twice")
        each.was_taken = True
        self._turns.note(f"taken by {self.name}: {each.item} for {each.address.address}")
        said = [Receipt(each.reference, state) for state in self._draw.choice(ROWS)]
        if self._draw.random() < 0.3:
            said += said
        if self._draw.random() < 0.5:
            self._draw.shuffle(said)
        for receipt in said:
            if not self._fates.happens(self._fates.receipts_lost):
                self._turns.begin(self._say(receipt))

    async def _say(self, receipt: Receipt) -> None:
        """Sooner or later, and until the relay has it."""
        await asyncio.sleep(self._draw.choice(LATE))
        await self._webhook.deliver((receipt,))


_: type[Channel] = Platform
