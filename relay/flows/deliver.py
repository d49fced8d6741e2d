"""Deliver: what was accepted goes into the members' streams, group by group; their acknowledgements come back."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import structlog

from relay.core.change import AdvanceCursors, Reached, ReleasePost
from relay.core.errors import Invalid, Unavailable
from relay.core.post import Post
from relay.core.run import DropPlans
from relay.ports import Clock, SignedIn, Store
from relay.waiting import RETRY_AFTER, woken, work

GROUP = 2000  # deliveries a commit: 6 ms of the writer, so that answers overtake bulk
FLUSH_AFTER = 0.03  # seconds: acknowledgements of many members gather into one commit
SENT_AFTER = 1.0  # seconds: while an acknowledgement is awaited, what was sent is not worth a write of its own

Room = Callable[[], Awaitable[None]]

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Deliver:
    """The single exit of posts. `rooms` are awaited between groups of so many, so that no channel grows without bound."""

    store: Store
    clock: Clock
    rooms: Sequence[Room] = ()
    group: int = GROUP
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _reached: dict[int, Reached] = field(default_factory=dict)
    _moved: asyncio.Event = field(default_factory=asyncio.Event)

    async def recover(self) -> int:
        """At start: drops plans nobody was told about. Returns how many accepted posts go on."""
        while (await self.store.commit(DropPlans(self.clock.now(), self.group)))[0]:
            pass
        return len(await self.store.sending())

    def accepted(self, _change: object, _outcome: object) -> None:
        """Hears that there may be work."""
        self._wake.set()

    async def run(self) -> None:
        """Releases what is due until it is cancelled."""
        await work("releases", self.turn, self._wake)

    async def turn(self) -> bool:
        """Releases one group of each post that is being sent; False when there is none."""
        posts = await self.store.sending()
        for post in posts:
            await self._release(post)
        return bool(posts)

    async def _release(self, post: Post) -> None:
        while True:
            for room in self.rooms:
                await room()
            try:
                await self.store.commit(ReleasePost(post, self.group, self.clock.now()))
            except Unavailable as problem:
                log.warning("release waits", post=post.id, why=problem.detail)
                await asyncio.sleep(RETRY_AFTER)
            else:
                return

    def reached(self, reached: Reached) -> None:
        """Notes how far a member's devices are; committed soon, with others. Lost in a crash, items repeat."""
        before = self._reached.get(reached.member)
        self._reached[reached.member] = reached if before is None else reached.merged(before)
        if reached.delivered >= reached.sent:
            self._moved.set()

    async def run_cursors(self) -> None:
        """Writes acknowledgements down in groups until it is cancelled."""
        while True:
            await woken(self._moved, SENT_AFTER)
            await asyncio.sleep(FLUSH_AFTER)
            if not await self.flush():
                await asyncio.sleep(RETRY_AFTER)

    async def flush(self) -> bool:
        """Writes down all acknowledgements noted so far; False when the store cannot take them, and they wait."""
        self._moved.clear()
        reached, self._reached = self._reached, {}
        if not reached:
            return True
        try:
            await self.store.commit(AdvanceCursors(tuple(reached.values())))
        except Unavailable as problem:
            log.warning("acknowledgements wait", members=len(reached), why=problem.detail)
            for each in reached.values():
                self.reached(each)
            return False
        return True

    async def acknowledge(self, signed: SignedIn, *, delivered: int, read: int) -> None:
        """One member's acknowledgement, on stable storage when it returns. Raises Invalid beyond the last seq."""
        last = (await self.store.of(signed.member.n).cursors()).last
        if max(delivered, read) > last:
            raise Invalid(f"There is no item {max(delivered, read)} yet.")
        await self.store.commit(AdvanceCursors((Reached(signed.member.n, delivered, delivered, read),)))
