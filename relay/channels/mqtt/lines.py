"""All members who are reached through the broker: known again after a restart, and brought up to date after every loss."""

import asyncio
import heapq
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import structlog

from relay.channels.mqtt.line import Line
from relay.channels.mqtt.outbox import Outbox
from relay.channels.web.hub import Hub
from relay.channels.web.session import Presence
from relay.core.change import Reached
from relay.core.errors import Unavailable
from relay.core.member import AddAddress, Address
from relay.ports import Reachable, SignedIn, Store

CHANNEL = "mqtt"
TOGETHER = 1000  # members that are read at once
AT_ONCE = 32  # members who are read from the store at the same time
LOOK_AGAIN = 1.0  # seconds until a store that does not answer is asked again

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Lines:
    """A member is here from the first word of a device of theirs; their address says so from then on."""

    store: Store
    hub: Hub
    outbox: Outbox
    _lines: dict[str, Line] = field(default_factory=dict)
    _behind: deque[Line] = field(default_factory=deque)
    _more: asyncio.Event = field(default_factory=asyncio.Event)
    _asleep: list[tuple[float, str]] = field(default_factory=list)
    _alarm: asyncio.TimerHandle | None = None
    _has_missed: bool = False

    def __post_init__(self) -> None:
        self.outbox.emptied = self._look

    def __len__(self) -> int:
        return len(self._lines)

    def get(self, member_id: str) -> Line | None:
        return self._lines.get(member_id)

    # -------------------------------------------------------------------------------------------------- coming and going

    async def open(self) -> None:
        """Everybody whom the broker reached before, each from what they acknowledged."""
        self._has_missed = False
        names = {community.n: community.name for community in await self.store.communities()}
        async for each in self._reached():
            self._enter(each, names.get(each.community, ""))
        async for each in self._reached():  # what was released before they were here was told to nobody
            if line := self._lines.get(each.id):
                line.last = max(line.last, each.cursors.last)

    async def _reached(self) -> AsyncIterator[Reachable]:
        after = 0
        while found := await self.store.reached_by(CHANNEL, after, TOGETHER):
            for each in found:
                yield each
            after = found[-1].n

    def close(self) -> None:
        """Another process does it from now on."""
        for line in tuple(self._lines.values()):
            self._leave(line)
        self._behind.clear()
        self._asleep.clear()
        self._set_alarm()
        self.outbox.forget_items()

    async def admit(self, signed: SignedIn) -> Line:
        """The line of a member who said something. Raises Unavailable."""
        member = signed.member
        line = self._lines.get(member.id)
        if line is not None:
            return line
        await self.store.commit(AddAddress(member.n, Address(CHANNEL, member.id)))
        line = self._lines.get(member.id)
        if line is None:
            line = self._enter(Reachable(member.n, member.id, member.community, signed.cursors), signed.community.name)
            line.missed = True  # perhaps: what was released meanwhile was told to nobody
        return line

    def _enter(self, found: Reachable, company: str) -> Line:
        if older := self._lines.get(found.id):
            self._leave(older)
        cursors = found.cursors
        presence = self.hub.find(found.n) or Presence(
            found.n, found.id, found.community, delivered=cursors.delivered, read=cursors.read
        )
        start = max(cursors.delivered, cursors.first - 1)
        line = Line(self.outbox, found.id, self._moved, self._revoked, self._rests)
        line.sent = line.acked = start
        line.left, line.last = cursors.sent, cursors.last
        self._lines[found.id] = line
        self.hub.enter(line, presence, company)
        return line

    def _leave(self, line: Line) -> None:
        if self._lines.pop(line.member_id, None) is not None:
            line.end()
            self.hub.leave(line)

    def _moved(self, line: Line) -> None:
        """The broker has confirmed more."""
        presence = line.presence
        self.hub.reached(Reached(presence.member, line.left, presence.delivered, presence.read))
        self.look_at(line)

    def look_at(self, line: Line) -> None:
        """Somebody listens there: they get what they lack."""
        if line.is_behind:
            self.hub.fill(line)

    def _revoked(self, line: Line) -> None:
        """Web credentials ended, or the member is erased: in that case they are not there any more."""
        self.hub.start(self._look_again(line), "mqtt revoked")

    async def _look_again(self, line: Line) -> None:
        while line.member_id in self._lines:
            try:
                if await self.store.signed_member(line.member_id) is None:
                    self._leave(line)
            except Unavailable:
                await asyncio.sleep(LOOK_AGAIN)
            else:
                return

    # ------------------------------------------------------------------------------------------------ who is tried again

    def _rests(self, line: Line) -> None:
        """The broker did not take what was for them: they are tried again by themselves."""
        heapq.heappush(self._asleep, (line.wakes_at, line.member_id))
        self._set_alarm()

    def _set_alarm(self) -> None:
        """One, for whoever wakes first."""
        first = self._asleep[0][0] if self._asleep else None
        if self._alarm is not None:
            if first == self._alarm.when():
                return
            self._alarm.cancel()
        self._alarm = None if first is None else asyncio.get_running_loop().call_at(first, self._wake)

    def _wake(self) -> None:
        self._alarm, now = None, asyncio.get_running_loop().time()
        while self._asleep and self._asleep[0][0] <= now:
            line = self._lines.get(heapq.heappop(self._asleep)[1])
            if line is not None and line.is_behind:
                self._behind.append(line)
        self._more.set()
        self._set_alarm()

    # ----------------------------------------------------------------------------------------------------- after a loss

    def look_again(self, _missed: object = None, _outcome: object = None) -> None:
        """News of other processes may be missing: what they released, and who is gone, is asked of the store."""
        self._has_missed = True
        self._more.set()

    async def _learn(self) -> None:
        """Raises Unavailable."""
        before, here = tuple(self._lines.values()), set()
        async for each in self._reached():
            here.add(each.id)
            if line := self._lines.get(each.id):
                line.last = max(line.last, each.cursors.last)
        for line in before:
            if line.member_id not in here and self._lines.get(line.member_id) is line:
                self._leave(line)
        self._look()

    def came(self) -> None:
        """The broker is there again, with or without what it had."""
        for line in self._lines.values():
            line.come_back()
        self._look()

    def went(self) -> None:
        self.outbox.forget_items()

    def _look(self) -> None:
        self._behind = deque(line for line in self._lines.values() if line.is_behind)
        self._more.set()

    async def run(self) -> None:
        """Has those read from the store who are behind, a few at a time, until it is cancelled."""
        filling: set[asyncio.Task[None]] = set()
        while True:
            if self._has_missed:
                await self._learn_all()
            while self._behind and self.outbox.is_taking:
                line = self._behind.popleft()
                filling.add(self.hub.start(self.hub.filled(line), "mqtt fill"))
                if len(filling) >= AT_ONCE:
                    _, filling = await asyncio.wait(filling, return_when=asyncio.FIRST_COMPLETED)
            self._more.clear()
            if not self._has_missed:
                await self._more.wait()

    async def _learn_all(self) -> None:
        self._has_missed = False
        try:
            await self._learn()
        except Unavailable:
            self._has_missed = True
            await asyncio.sleep(LOOK_AGAIN)
