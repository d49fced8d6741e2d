"""What arrives: each message is obeyed or refused by name, and settled after that; one sender's in their order.

The broker keeps a message until it is settled, so nothing is lost with the relay: what was not settled comes again, and is told
from new ones by its client_id or idempotency key. What can never be taken is settled as well, so that it does not stand in the
way of what comes behind it. How much may wait here is bounded by the Receive Maximum of the link.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import orjson
import structlog

from relay.channels.mqtt.company import MAX_ASKED, Company, is_too_long, refusal
from relay.channels.mqtt.figures import Figures
from relay.channels.mqtt.frames import LARGEST
from relay.channels.mqtt.lines import Lines
from relay.channels.mqtt.link import Link
from relay.channels.mqtt.members import Members
from relay.channels.mqtt.outbox import Outbox
from relay.channels.mqtt.parcel import Arrival, Stranger
from relay.channels.mqtt.topics import FromCompany, FromMember, Sender, sender_of
from relay.channels.web import render
from relay.core.errors import Denied, Invalid, RelayError, TooLarge, TooMany, Unavailable
from relay.core.problem import problem
from relay.core.rate import Buckets, Rate

FRAMES = Rate(256, 8)  # of one member, beside plain acknowledgements; twice what may be under way to them can be read at once
FAULTS = Rate(20, 1)  # bad messages of one sender that get an answer; the others are only counted
MAX_REFUSAL = 8192  # bytes of an answer that names every fault; past it it says that there are some
LOOK_AGAIN = 1.0  # seconds until a store that is away is asked again

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Inbox:
    """The link's handler. `is_away` says that the store cannot be asked for the moment: what came waits, unsettled.

    `frames` bounds what one member costs, whatever they say: past it nothing is read for them.
    """

    link: Link
    outbox: Outbox
    lines: Lines
    members: Members
    company: Company
    figures: Figures
    is_away: Callable[[], bool]
    frames: Buckets = field(default_factory=lambda: Buckets(FRAMES))
    _queues: dict[Sender, deque[Arrival]] = field(default_factory=dict)
    _faults: Buckets = field(default_factory=lambda: Buckets(FAULTS))
    _workers: set[asyncio.Task[None]] = field(default_factory=set)

    def came(self) -> None:
        self.lines.came()
        self.outbox.call()

    def went(self) -> None:
        self.lines.went()

    def has_room(self) -> None:
        self.outbox.call()

    def arrived(self, arrival: Arrival) -> None:
        """Acknowledgements are taken at once; everything else is answered in the order it came."""
        self.figures.came += 1
        sender = sender_of(arrival.topic)
        if sender is None:
            self._refused("topic", arrival)
        elif (fault := _fault(arrival)) is not None:
            self._refuse(sender, arrival, *fault)
            self.link.settle(arrival)
        elif isinstance(sender, FromMember) and self._is_quick(sender, arrival):
            self.link.settle(arrival)
        elif isinstance(sender, FromMember) and (too_many := self._is_too_many(sender)):
            self._refuse(sender, arrival, too_many, "too_many")
            self.link.settle(arrival)
        elif (queue := self._queues.get(sender)) is not None:
            queue.append(arrival)
        else:
            self._queues[sender] = deque((arrival,))
            worker = self.lines.hub.start(self._work(sender), "mqtt frames")
            self._workers.add(worker)
            worker.add_done_callback(self._workers.discard)

    async def close(self) -> None:
        """Nothing is handled any more when it returns; what was not settled comes again, perhaps to another relay."""
        workers = tuple(self._workers)
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)
        self._queues.clear()

    def _is_quick(self, sender: FromMember, arrival: Arrival) -> bool:
        seq = render.quick_ack(arrival.payload)
        return seq is not None and self.members.quick(sender.member, seq)

    def _is_too_many(self, sender: FromMember) -> TooMany | None:
        try:
            self.frames.take(sender.member, asyncio.get_running_loop().time())
        except TooMany as error:
            return error
        return None

    async def _work(self, sender: Sender) -> None:
        queue = self._queues[sender]
        try:
            while queue:
                await self.outbox.calm()
                if self.link.is_current(queue[0]):
                    await self._handle(sender, queue[0])
                queue.popleft()
        finally:
            self._queues.pop(sender, None)

    async def _handle(self, sender: Sender, arrival: Arrival) -> None:
        """Settled whatever comes of it, but not before; left with the broker while the store is away."""
        while True:
            try:
                await self._obey(sender, arrival)
            except Unavailable as error:
                if self.is_away():
                    await asyncio.sleep(LOOK_AGAIN)
                    if self.link.is_current(arrival):
                        continue
                    return
                self._refuse(sender, arrival, error)
            except RelayError as error:
                self._refuse(sender, arrival, error, _reason(error))
            except Exception:
                log.exception("mqtt message failed", kind=type(sender).__name__)
                self.figures.refused["internal"] += 1
            self.link.settle(arrival)
            return

    async def _obey(self, sender: Sender, arrival: Arrival) -> None:
        if isinstance(sender, FromMember):
            answer = await self.members.obey(sender.member, arrival.payload)
            if answer is not None:
                self.outbox.answer(sender.down, answer)
        else:
            receipt = await self.company.obey(sender, arrival)
            self.outbox.answer(receipt.topic, receipt.payload, receipt.correlation)

    def _refused(self, reason: str, arrival: Arrival) -> None:
        self.figures.refused[reason] += 1
        self.link.settle(arrival)

    def _refuse(self, sender: Sender, arrival: Arrival, error: RelayError, reason: str | None = None) -> None:
        """A stranger gets no answer, and whoever sends nothing but faults gets few."""
        if reason is not None:
            self.figures.refused[reason] += 1
        if isinstance(error, Stranger):
            return
        try:
            if isinstance(error, Invalid | Denied) or reason is not None:
                self._faults.take(arrival.topic, asyncio.get_running_loop().time())
        except TooMany:
            return
        if isinstance(sender, FromCompany):
            receipt = refusal(sender, arrival, _in_short(error))
            self.outbox.answer(receipt.topic, receipt.payload, receipt.correlation)
        else:
            mark = render.client_id_of(arrival.payload) if len(arrival.payload) <= LARGEST else None
            self.outbox.answer(sender.down, orjson.dumps(render.refusal(mark, _in_short(error))))


def _fault(arrival: Arrival) -> tuple[RelayError, str] | None:
    """What is wrong with it whatever it says."""
    if arrival.is_retained:
        return Invalid("Nothing here may be retained; send it without."), "retained"
    if arrival.qos != 1:
        return Invalid("Send it with QoS 1: anything else may be lost, or held back."), "qos"
    if len(arrival.payload) > LARGEST:
        return TooLarge(f"A message has {LARGEST} bytes at most."), "too_large"
    if is_too_long(arrival.reply):
        return TooLarge(f"Correlation data have {MAX_ASKED} bytes at most."), "too_large"
    return None


def _in_short(error: RelayError) -> RelayError:
    """Without its places where the answer would be a long one: they repeat the names of what was sent."""
    is_long = isinstance(error, Invalid) and len(orjson.dumps(problem(error))) > MAX_REFUSAL
    return Invalid(error.detail) if is_long else error


def _reason(error: RelayError) -> str | None:
    """As it is counted; None is no fault of the message."""
    if isinstance(error, Stranger):
        return "stranger"
    if isinstance(error, Denied):
        return "denied"
    return "malformed" if isinstance(error, Invalid) else None
