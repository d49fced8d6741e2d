"""Attempt: what is due at the members' addresses goes to their platforms, once each, and what becomes of it is written down."""

import asyncio
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from dataclasses import InitVar, dataclass, field
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
    ReturnAttempts,
    SendError,
    Sending,
    SetPushed,
    SettleAttempts,
    Settlement,
    given_back,
    settled,
)
from relay.core.errors import Stale, Unavailable
from relay.core.identity import Ids
from relay.core.rate import Bucket
from relay.ports import Channel, Clock, Run, Store
from relay.waiting import RETRY_AFTER, woken

WINDOW = 64  # sendings under way on a channel: bounds memory, and what a crash can leave unknown
SEND_LIMIT = 30.0  # seconds for one sending; a platform that has not answered by then may have taken it
SHORTEST = 0.001  # seconds: a bucket may lack less than a clock can tell, and waiting for that would be none
LOOK_EVERY = 60.0  # seconds at most without a look, since a machine's time may jump
DRAIN = 5.0  # seconds at the end for what is under way

log = structlog.get_logger(__name__)


@dataclass(slots=True, eq=False)
class Line:
    """One channel at work.

    `known` are the references that were claimed and are not settled. `doubtful` is the run of a claim that failed and may have
    been written after all; 0: there is none.
    """

    channel: Channel
    bucket: Bucket
    closed_until: float = 0.0
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    under_way: set[asyncio.Task[None]] = field(default_factory=set)
    done: list[tuple[int, Settlement]] = field(default_factory=list)
    known: set[str] = field(default_factory=set)
    doubtful: int = 0

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
        if not task.cancelled() and (error := task.exception()) and not isinstance(error, Unavailable):
            log.error("attempt broke off", channel=self.channel.name, exc_info=error)


@dataclass(slots=True)
class Attempt:
    """The exit to platforms, beside the members' streams. With no channel it does nothing.

    What is claimed belongs to the run that is `sure`. Once it is not, nothing is claimed, and what was claimed under it and
    not yet handed over is given back.
    """

    store: Store
    clock: Clock
    ids: Ids
    random: Random
    sure: Run
    channels: InitVar[Sequence[Channel]] = ()
    lines: tuple[Line, ...] = field(init=False)

    def __post_init__(self, channels: Sequence[Channel]) -> None:
        start = self.clock.monotonic()
        self.lines = tuple(Line(channel, Bucket(channel.rate.burst, start)) for channel in channels)

    async def recover(self) -> int:
        """At start: what ended runs had under way is unknown from now on, and never sent again by itself. Returns how many."""
        names = tuple(line.channel.name for line in self.lines)
        _, unknown = await self.store.commit(SetPushed(names), RecoverAttempts(self.clock.now()))
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
        """At the end, after `run`: waits a little for what is under way. What is cut off is unknown once the run ends."""
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
                await woken(line.wake, min(pause, LOOK_EVERY))

    async def turn(self, line: Line) -> float:
        """Writes down what ended, starts what is due. Returns the seconds until there may be more; a wake-up comes before."""
        await self._settle(line)
        if (run := self.sure()) is None:
            return RETRY_AFTER
        await self._give_back_what_is_doubtful(line)
        now, monotonic = self.clock.now(), self.clock.monotonic()
        if pause := _until_room(line, monotonic):
            return pause
        due = await self.store.attempt_due(line.channel.name, now)
        if due is None:
            return LOOK_EVERY
        if due > now:
            return (due - now).total_seconds()
        room = min(line.free, line.bucket.holds(line.channel.rate, monotonic))
        await asyncio.shield(line.start(self._claim(line, run, room)))  # what is claimed is sent, even if this is cancelled
        return 0.0

    async def _claim(self, line: Line, run: int, room: int) -> None:
        references = tuple(self.ids() for _ in range(room))
        try:
            (claimed,) = await self.store.commit(ClaimAttempts(line.channel.name, references, self.clock.now(), run))
        except Stale:  # the store has another time, or another took over; the next renewal tells
            line.closed_until = self.clock.monotonic() + RETRY_AFTER
            return
        except Unavailable:
            line.doubtful = run
            raise
        for claim in claimed.claims if isinstance(claimed, Claimed) else ():
            line.known.add(claim.reference)
            line.bucket.take(line.channel.rate, self.clock.monotonic())
            line.start(self._try(line, run, claim))

    async def _give_back_what_is_doubtful(self, line: Line) -> None:
        if line.doubtful:
            known = tuple(line.known)
            await self.store.commit(ReturnAttempts(line.channel.name, known, self.clock.now(), line.doubtful))
            line.doubtful = 0

    async def _settle(self, line: Line) -> None:
        """One commit for all that ended; kept for the next time when the store cannot take them."""
        if not line.done:
            return
        done, now = tuple(line.done), self.clock.now()
        of_run: dict[int, list[Settlement]] = {}
        for run, settlement in done:
            of_run.setdefault(run, []).append(settlement)
        await self.store.commit(*(SettleAttempts(tuple(each), now, run) for run, each in of_run.items()))
        del line.done[: len(done)]
        line.known -= {settlement.reference for _, settlement in done}

    async def _try(self, line: Line, run: int, claim: Claim) -> None:
        end = await self._handed_over(line, run, claim)
        now = self.clock.now()
        settlement = given_back(claim, now) if end is None else settled(claim, end, now, self.random)
        if settlement.closed_until is not None:
            pause = (settlement.closed_until - now).total_seconds()
            line.closed_until = max(line.closed_until, self.clock.monotonic() + pause)
            log.warning("channel closed", channel=line.channel.name, seconds=pause, why=type(end).__name__)
        line.done.append((run, settlement))
        line.wake.set()

    async def _handed_over(self, line: Line, run: int, claim: Claim) -> Receipt | SendError | None:
        """How it ended; None: it did not begin, since the item cannot be read now or others may have taken over."""
        try:
            items = await self.store.of(claim.member).items(claim.seq - 1, 1)
        except Unavailable:
            line.closed_until = max(line.closed_until, self.clock.monotonic() + RETRY_AFTER)
            return None
        if not items or items[0].seq != claim.seq:
            return Never("the item is gone")
        if self.sure() != run:
            return None
        return await _sent(line.channel, Sending(claim.reference, claim.address, items[0], claim.tries))


def _until_room(line: Line, monotonic: float) -> float:
    """Seconds until the channel may take something; 0 when it may now."""
    if line.closed_until > monotonic:
        return line.closed_until - monotonic
    if line.free <= 0:
        return LOOK_EVERY
    if not line.bucket.holds(line.channel.rate, monotonic):
        return max(SHORTEST, line.bucket.take(line.channel.rate, monotonic))
    return 0.0


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
