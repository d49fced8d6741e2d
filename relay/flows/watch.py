"""Watch: raid mode as staff see it, written down when it begins and ends, and ended by them before its time."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from relay.core.change import Record
from relay.core.community import Community
from relay.core.raid import RaidNews
from relay.core.staff import RELAY, Actor
from relay.ports import Clock, Store
from relay.waiting import work

LOOK_EVERY: Final = 5.0  # seconds: the log says of each when it was, so it may be written a little later


def _nothing() -> Sequence[RaidNews]:
    return ()


def _is_off(_community: str) -> bool:
    return False


@dataclass(slots=True)
class Watch:
    """`news` tells what happened since it was asked; `over` ends the raid mode of a community and says whether it was on."""

    store: Store
    clock: Clock
    news: Callable[[], Sequence[RaidNews]] = _nothing
    over: Callable[[str], bool] = _is_off
    _untold: deque[RaidNews] = field(default_factory=deque)

    async def run(self) -> None:
        """Writes what happens into the audit log until it is cancelled."""
        await work("raid mode", self.turn, asyncio.Event(), LOOK_EVERY)

    async def turn(self) -> bool:
        """All that is new. Raises Unavailable when the store cannot take it; then it is written at the next turn."""
        self._untold.extend(self.news())
        while self._untold:
            told = self._untold[0]
            if (community := await self.store.community(told.community)) is not None:
                await self.store.commit(Record(told.at, RELAY, f"raid.{told.what}", community.id, {}))
            self._untold.popleft()
        return False

    async def end(self, actor: Actor, community: Community) -> None:
        """Nothing happens where it is not on."""
        await self.turn()  # its beginning stands in the log before its end
        if self.over(community.slug):
            await self.store.commit(Record(self.clock.now(), actor.id, "raid.end", community.id, {}))
