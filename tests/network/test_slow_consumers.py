"""Members who read a kilobyte a second cost others nothing and the relay little memory, and get everything all the same."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from statistics import median

import aiohttp

from tests.e2e.cast import Cast
from tests.e2e.conftest import Relay, unlimited
from tests.network.crowd import Crowd, Member
from tests.network.memory import MIB, Memory

SLUG = "town"
MEMBERS, SLOW = 1000, 200
ROUNDS = 3, 7  # of each kind, in turn: at least, and at most while it looks bad; medians are compared
POSTS = 12  # before a slow reader is cut off, and as many after
FAR_BEHIND = 48  # posts that slow readers lack when they come back
TEXT = "\N{SLIGHTLY SMILING FACE}" * 4096  # 16 KiB, the largest there is: a slow reader is behind at once
WORSE = 1.5  # times the base that the others' p99 may be
GROWTH = 64 * MIB
LIMIT = 20.0


@dataclass(slots=True)
class Town:
    """A community in which some read slowly, when they are told to."""

    cast: Cast
    crowd: Crowd
    slow: list[Member] = field(default_factory=list)
    others: list[Member] = field(default_factory=list)
    posted: int = 0

    async def fill(self) -> None:
        await self.cast.found(SLUG)
        await self.crowd.enrol(self.cast.owner, SLUG, MEMBERS)
        self.slow, self.others = self.crowd.members[:SLOW], self.crowd.members[SLOW:]
        self.crowd.start(*self.crowd.members)
        await self.crowd.all_in(limit=LIMIT)

    async def posts(self, count: int) -> list[float]:
        """Posts that all others get; the seconds from a post's request until each of them has it."""
        found: list[float] = []
        for _ in range(count):
            self.crowd.mark()
            await self.cast.post(SLUG, TEXT)
            self.posted += 1
            await self.crowd.all_have(self.posted, *self.others, limit=LIMIT)
            found += self.crowd.arrivals
        return found

    async def base(self) -> float:
        found = await self.posts(2 * POSTS)
        await self.crowd.all_have(self.posted, limit=LIMIT)
        return p99_ms(found)

    async def loaded(self) -> float:
        """Slow readers are cut off on the way, come back, and are written to again."""
        await self.turn(is_slow=True)
        losses = [member.losses for member in self.slow]
        found = await self.posts(POSTS)
        await self.crowd.heard.until(lambda: all(map(has_come_back, self.slow, losses)), LIMIT)
        found += await self.posts(POSTS)
        assert {member.seq < self.posted for member in self.slow} == {True}, "readers who are not behind show nothing"
        return p99_ms(found)

    async def turn(self, *, is_slow: bool) -> None:
        """The slow ones come back by seq, slowly or like everybody."""
        self.crowd.stop(*self.slow)
        await self.crowd.heard.until(lambda: not any(member.is_in for member in self.slow), LIMIT)
        for member in self.slow:
            member.is_slow = is_slow
        self.crowd.start(*self.slow)
        await self.crowd.all_in(*self.slow, limit=LIMIT)


def has_come_back(member: Member, losses: int) -> bool:
    return member.is_in and member.losses > losses


def p99_ms(seconds: list[float]) -> float:
    return round(sorted(seconds)[int(len(seconds) * 0.99)] * 1000, 1)


async def test_slow_readers_cost_others_nothing_and_the_relay_little_memory(
    start_relay: Relay, http: aiohttp.ClientSession, seed: int, figures: Callable[..., None]
) -> None:
    server = await start_relay(**unlimited("staff", "visitor"))
    async with Cast(http, server) as cast, Crowd(server, Random(seed), is_hasty=True) as crowd:
        town = Town(cast, crowd)
        await town.fill()
        await town.base()
        memory = Memory(server.pid)
        base: list[float] = []
        loaded: list[float] = []
        least, most = (1, 1) if "RELAY_EXAMPLES" in os.environ else ROUNDS

        while len(base) < least or (median(loaded) > WORSE * median(base) and len(base) < most):
            base.append(await town.base())
            loaded.append(await town.loaded())
            await town.turn(is_slow=False)
            await crowd.all_have(town.posted, limit=LIMIT)
        crowd.stop(*town.slow)
        await town.posts(FAR_BEHIND)
        await town.turn(is_slow=True)
        await town.posts(1)
        far_behind = max(town.posted - member.seq for member in town.slow)
        await town.turn(is_slow=False)
        await crowd.all_have(town.posted, limit=LIMIT)

        cut = sum(member.losses for member in town.slow)
        figures(p99_ms=base, p99_ms_with_slow=loaded, cut=cut, behind=far_behind, memory=memory)
        assert cut >= SLOW
        assert far_behind >= FAR_BEHIND / 2
        assert [(member.gaps, member.repeated) for member in crowd.members] == [(0, 0)] * MEMBERS
        assert memory.growth <= GROWTH
        assert most == 1 or median(loaded) <= WORSE * median(base)
