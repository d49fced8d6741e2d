"""Whatever happens in whatever order: the states of a post sum to its audience, and no stream has a gap."""

import random
from collections.abc import Callable

import pytest

from relay.core.change import AdvanceCursors, CancelPost, Erase, Leave, Reached, Rejoin
from relay.core.community import Community
from relay.core.errors import Stale
from relay.core.member import Consent, Member
from relay.core.post import Post
from relay.core.run import DropPlans
from tests.stores.conftest import World

STEPS = 60


@pytest.mark.parametrize("number", range(5))
async def test_nothing_is_lost_or_counted_twice(world: World, seed: int, number: int, size: Callable[[int, int], int]) -> None:
    course = Course(world, random.Random(f"{seed}:{number}"), await world.community())
    await course.join()

    for _ in range(size(STEPS, 100 * STEPS)):
        await course.step()
        await course.check()


class Course:
    """Members and posts, and a random thing after the other that happens to them."""

    def __init__(self, world: World, draw: random.Random, community: Community) -> None:
        self.world, self.draw, self.community = world, draw, community
        self.members: list[Member] = []
        self.posts: list[Post] = []
        self.planned: list[Post] = []

    async def step(self) -> None:
        acts = (
            self.join, self.join, self.leave, self.rejoin, self.erase, self.plan, self.accept, self.accept,
            self.release, self.release, self.release, self.cancel, self.reply, self.acknowledge, self.drop,
        )  # fmt: skip
        await self.draw.choice(acts)()

    async def check(self) -> None:
        for post in self.posts:
            assert sum((await self.world.store.post_counts(post)).values()) == post.audience
        for member in self.members:
            own = self.world.store.of(member.n)
            items = await own.items(0, 10_000)
            assert [item.seq for item in items] == list(range(1, (await own.cursors()).last + 1))
            assert len({item.id for item in items}) == len(items)

    async def join(self) -> None:
        self.members.append(await self.world.member(self.community))

    async def leave(self) -> None:
        if self.members:
            await self.world.store.commit(Leave(self.draw.choice(self.members).n, self.world.clock.now()))

    async def rejoin(self) -> None:
        if self.members:
            consent = Consent("web", "keyword", "3", self.world.clock.now())
            await self.world.store.commit(Rejoin(self.draw.choice(self.members).n, consent))

    async def erase(self) -> None:
        if len(self.members) > 1:
            member = self.members.pop(self.draw.randrange(len(self.members)))
            await self.world.store.commit(Erase(member.n, member.id, self.world.clock.now()))

    async def plan(self) -> None:
        draft = self.world.draft(self.community, expires_in=self.draw.choice((None, None, 1)))
        self.planned.append(await self.world.plan(draft, group=self.draw.randint(1, 5)))

    async def accept(self) -> None:
        if self.planned:
            self.posts.append(await self.world.accept(self.planned.pop(self.draw.randrange(len(self.planned)))))

    async def release(self) -> None:
        if self.posts:
            await self.world.release(self.draw.choice(self.posts), self.draw.randint(1, 7))
        self.world.clock.pass_(self.draw.random() / 2)

    async def cancel(self) -> None:
        if self.posts and self.draw.random() < 0.3:
            try:
                await self.world.store.commit(CancelPost(self.draw.choice(self.posts), self.world.clock.now()))
            except Stale:
                return  # it was sent already

    async def reply(self) -> None:
        if self.members:
            member = self.draw.choice(self.members)
            around = await self.world.store.of(member.n).surroundings(None, None)
            await self.world.store.commit(self.world.reply(member, around.latest))

    async def acknowledge(self) -> None:
        if self.members:
            cursors = [self.draw.randint(0, 9) for _ in range(3)]
            await self.world.store.commit(AdvanceCursors((Reached(self.draw.choice(self.members).n, *cursors),)))

    async def drop(self) -> None:
        await self.world.next_run()
        while (await self.world.store.commit(DropPlans(self.world.clock.now(), self.draw.randint(1, 5))))[0]:
            pass
        self.planned.clear()
