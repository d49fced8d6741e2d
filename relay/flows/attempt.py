"""Attempt: what is due at the members' addresses goes to their platforms, once each, and what becomes of it is written down."""

import asyncio
from collections.abc import Coroutine, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random

import structlog

from relay.core.attempt import (
    AddReceipts,
    Claim,
    ClaimAttempts,
    Claimed,
    HearFrom,
    MayHaveLeft,
    Never,
    Receipt,
    RecoverAttempts,
    SendError,
    Sending,
    SetPushed,
    SettleAttempts,
    Settlement,
    settled,
)
from relay.core.errors import Unavailable
from relay.core.identity import Ids
from relay.core.rate import Bucket
from relay.ports import Channel, Clock, Store

WINDOW = 64  # sendings under way on a channel: bounds memory, and what a crash can leave unknown
SEND_LIMIT = 30.0  # seconds for one sending; a platform that has not answered by then may have taken it
RETRY_AFTER = 1.0  # seconds until a store that refused is asked again
LOOK_EVERY = 60.0  # seconds at most without a look, since a machine's time may jump
DRAIN = 5.0  # seconds at the end for what is under way

log = structlog.get_logger(__name__)


@dataclass(slots=True, eq=False)
class Line:
    """One channel at work."""

    channel: Channel
    bucket: Bucket
    closed_until: float = 0.0
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    under_way: set[asyncio.Task[None]] = field(default_factory=set)
    done: list[Settlement] = field(default_factory=list)

    @property
    def free(self) -> int:
        """How many more may be under way."""
        return WINDOW - len(self.under_way) - len(self.done)

    def start(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        """Runs on when who waits for it is cancelled; `drain` ends it."""
        task = asyncio.create_task(work, name=f"attempt on {self.channel.name}")
        self.under_way.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        self.under_way.discard(task)
        if not task.cancelled() and (error := task.exception()):
            log.error("attempt broke off", channel=self.channel.name, exc_info=error)


class Attempt:
    """The exit to platforms, beside the members' streams. With no channel it does nothing."""

    def __init__(self, store: Store, clock: Clock, ids: Ids, random: Random, channels: Iterable[Channel] = ()) -> None:
        self.store = store
        self.clock = clock
        self.ids = ids
        self.random = random
        start = clock.monotonic()
        self.lines = tuple(Line(channel, Bucket(channel.rate.burst, start)) for channel in channels)

    async def recover(self) -> int:
        """At start: what was under way is unknown from now on, and never sent again by itself. Returns how many."""
        names = tuple(line.channel.name for line in self.lines)
        _, unknown = await self.store.commit(SetPushed(names), RecoverAttempts())
        return unknown if isinstance(unknown, int) else 0

    def released(self, _change: object, _outcome: object) -> None:
        """Hears from the bus that something may be due."""
        for line in self.lines:
            line.wake.set()

    async def receipts(self, *receipts: Receipt) -> None:
        """What platforms say later, on stable storage when it returns; repeated, late and unknown ones change nothing."""
        await self.store.commit(AddReceipts(receipts))

    async def heard(self, member: int, channel: str) -> None:
        """The member wrote: what waited for that goes out."""
        heard = HearFrom(member, channel, self.clock.now())
        await self.store.commit(heard)
        self.released(heard, None)

    async def run(self) -> None:
        """Sends what is due until it is cancelled."""
        async with asyncio.TaskGroup() as group:
            for line in self.lines:
                group.create_task(self._work(line), name=f"attempts on {line.channel.name}")

    async def drain(self) -> None:
        """At the end, after `run`: waits a little for what is under way. What is cut off is unknown at the next start."""
        with suppress(TimeoutError):
            async with asyncio.timeout(DRAIN):
                while under_way := self._under_way():
                    await asyncio.wait(under_way)
        cut_off = self._under_way()
        for task in cut_off:
            task.cancel()
        await asyncio.gather(*cut_off, return_exceptions=True)
        try:
            for line in self.lines:
                await self._settle(line)
        except Unavailable as problem:
            log.warning("attempts not written down", why=problem.detail)

    def _under_way(self) -> list[asyncio.Task[None]]:
        return [task for line in self.lines for task in line.under_way]

    async def _work(self, line: Line) -> None:
        while True:
            line.wake.clear()
            try:
                pause = await self.turn(line)
            except Unavailable as problem:
                log.warning("attempts wait", channel=line.channel.name, why=problem.detail)
                await asyncio.sleep(RETRY_AFTER)
                continue
            if pause:
                with suppress(TimeoutError):
                    await asyncio.wait_for(line.wake.wait(), min(pause, LOOK_EVERY))

    async def turn(self, line: Line) -> float:
        """Writes down what ended, starts what is due. Returns the seconds until there may be more; a wake-up comes before."""
        await self._settle(line)
        now, monotonic = self.clock.now(), self.clock.monotonic()
        if line.closed_until > monotonic:
            return line.closed_until - monotonic
        if line.free <= 0:
            return LOOK_EVERY
        if not line.bucket.holds(line.channel.rate, monotonic):
            return line.bucket.take(line.channel.rate, monotonic)
        due = await self.store.attempt_due(line.channel.name, now)
        if due is None:
            return LOOK_EVERY
        if due > now:
            return (due - now).total_seconds()
        room = min(line.free, line.bucket.holds(line.channel.rate, monotonic))
        await asyncio.shield(line.start(self._claim(line, room)))  # what is claimed is sent, even if this is cancelled
        return 0.0

    async def _claim(self, line: Line, room: int) -> None:
        references = tuple(self.ids() for _ in range(room))
        (claimed,) = await self.store.commit(ClaimAttempts(line.channel.name, references, self.clock.now()))
        for claim in claimed.claims if isinstance(claimed, Claimed) else ():
            line.bucket.take(line.channel.rate, self.clock.monotonic())
            line.start(self._try(line, claim))

    async def _settle(self, line: Line) -> None:
        """One commit for all that ended; kept for the next time when the store cannot take them."""
        if not line.done:
            return
        done = tuple(line.done)
        await self.store.commit(SettleAttempts(done, self.clock.now()))
        del line.done[: len(done)]

    async def _try(self, line: Line, claim: Claim) -> None:
        items = await self.store.of(claim.member).items(claim.seq - 1, 1)
        end: Receipt | SendError = Never("the item is gone")
        if items and items[0].seq == claim.seq:
            end = await _sent(line.channel, Sending(claim.reference, claim.address, items[0], claim.tries))
        now = self.clock.now()
        settlement = settled(claim, end, now, self.random)
        if settlement.closed_until is not None:
            pause = (settlement.closed_until - now).total_seconds()
            line.closed_until = max(line.closed_until, self.clock.monotonic() + pause)
            log.warning("channel closed", channel=line.channel.name, seconds=pause, why=type(end).__name__)
        line.done.append(settlement)
        line.wake.set()


async def _sent(channel: Channel, sending: Sending) -> Receipt | SendError:
    """How one sending ended. What nobody foresaw may have happened after the platform took it."""
    try:
        async with asyncio.timeout(SEND_LIMIT):
            return await channel.send(sending)
    except SendError as problem:
        return problem
    except TimeoutError:
        return MayHaveLeft(f"no answer in {SEND_LIMIT:g} s")
    except Exception:
        log.exception("channel failed", channel=channel.name)
        return MayHaveLeft("the channel failed")
