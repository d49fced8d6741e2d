"""A house whose members are reached on a platform in memory, and the relay's side of it, which can die and start again."""

import asyncio
from datetime import timedelta
from random import Random

from relay.core.community import Community
from relay.core.member import Address
from relay.core.post import Draft, Post
from relay.flows.attempt import Attempt, Line
from relay.flows.enrol import Newcomer
from relay.ports import SignedIn
from relay.testing.clock import Drawn
from relay.testing.loopback import Loopback
from tests.flows.conftest import EVA, House

DAY = 86_400  # seconds


class Pushed:
    """`attempt` is the run of the relay that is alive."""

    def __init__(self, house: House, platform: Loopback) -> None:
        self.house = house
        self.platform = platform
        self.count = 0
        self.attempt = self.made()

    def made(self) -> Attempt:
        self.count += 1
        house, drawn, random = self.house, Drawn(f"run {self.count}"), Random(self.count)
        return Attempt(house.store, house.clock, drawn, random, house.keep.sure, (self.platform,))

    @property
    def line(self) -> Line:
        return self.attempt.lines[0]

    async def restart(self) -> int:
        """As after a crash: what was in memory is gone."""
        for task in tuple(self.line.under_way):
            task.cancel()
        await self.house.keep.end()
        await self.house.keep.renew()
        self.attempt = self.made()
        return await self.attempt.recover()

    async def member(self, community: Community) -> SignedIn:
        self.count += 1
        address = Address(self.platform.name, f"address {self.count}")
        return await self.house.member(community, Newcomer("counter", "3.4", addresses=(address,)))

    async def posted(self, community: Community, text: str = "Closed tomorrow", lasts: float = 30 * DAY) -> Post:
        draft = Draft(text, expires_at=self.house.clock.now() + timedelta(seconds=lasts))
        post = await self.house.publish.post(community, draft, EVA)
        await self.house.release()
        return post

    async def turn(self) -> float:
        """Starts what is due, waits for its end, and writes it down; until nothing more happens at this moment."""
        return await self.turn_of(self.attempt)

    async def turn_of(self, attempt: Attempt) -> float:
        """The same of another process."""
        line = attempt.lines[0]
        while True:
            pause = await attempt.turn(line)
            if not line.under_way and not line.done and pause:
                return pause
            await asyncio.gather(*line.under_way, return_exceptions=True)

    async def counts(self, post: Post) -> dict[str, int]:
        found = await self.house.store.post(post.id)
        assert found is not None
        counts = await self.house.store.post_counts(found)
        assert sum(counts.values()) == found.audience
        return {state.word: count for state, count in counts.items()}
