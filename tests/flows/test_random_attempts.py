"""Whatever happens to members, platform and relay: the states sum to the audience, and nothing is handed over twice."""

import asyncio
import os
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from relay.core.attempt import MayHaveLeft, MemberGone, Misconfigured, Never, RetryAt, WindowClosed
from relay.core.community import Community
from relay.core.delivery import DeliveryState
from relay.core.post import Post
from relay.ports import SignedIn
from relay.testing.loopback import Loopback, Lost
from tests.flows.conftest import open_house
from tests.flows.pushed import DAY, Pushed

EXAMPLES = 50
FEWER = os.environ.get("RELAY_EXAMPLES")  # with it, a fault is shown as it was found
PHASES = [Phase.generate] if FEWER else list(Phase)
ENDS: tuple[Exception | None, ...] = (
    None, RetryAt(), RetryAt(for_all=True), Never(), WindowClosed(), MemberGone(), Misconfigured(), MayHaveLeft(), Lost(),
)  # fmt: skip
SAID = (DeliveryState.SENT, DeliveryState.DELIVERED, DeliveryState.READ, DeliveryState.FAILED)
ACTS = st.one_of(
    st.just(("turn", None)),
    st.tuples(st.just("end"), st.sampled_from(ENDS)),
    st.tuples(st.just("pass"), st.integers(1, DAY)),
    st.tuples(st.just("receipt"), st.sampled_from(SAID)),
    st.tuples(st.sampled_from(["join", "post", "start", "crash", "leave", "erase", "read"]), st.none()),
)
Act = tuple[str, Exception | DeliveryState | int | None]


@settings(max_examples=int(FEWER or EXAMPLES), phases=PHASES)
@given(acts=st.lists(ACTS, min_size=5, max_size=40), seed=st.integers(0, 2**32))
def test_the_states_sum_to_the_audience_and_nothing_is_handed_over_twice(acts: list[Act], seed: int) -> None:
    asyncio.run(_course(acts, Random(seed)))


async def _course(acts: list[Act], random: Random) -> None:
    with TemporaryDirectory() as folder:
        house = await open_house(Path(folder))
        course = Course(Pushed(house, Loopback()), await house.community(), random)
        await course.pushed.attempt.recover()
        await course.join()
        await course.post()
        try:
            for name, value in acts:
                await course.act(name, value)
                await course.check()
        finally:
            await course.pushed.restart()
            await house.store.close()


class Course:
    """Members, posts and a platform to which one thing after the other happens."""

    def __init__(self, pushed: Pushed, community: Community, random: Random) -> None:
        self.pushed, self.community, self.random = pushed, community, random
        self.members: list[SignedIn] = []
        self.posts: list[Post] = []

    async def act(self, name: str, value: Exception | DeliveryState | int | None) -> None:
        platform, attempt = self.pushed.platform, self.pushed.attempt
        if isinstance(value, DeliveryState):
            of = self.random.sample(platform.got, min(1, len(platform.got)))
            await attempt.receipts(*platform.receipts(value, of=of))
        elif isinstance(value, int):
            self.pushed.house.clock.pass_(value)
        elif name == "end":
            platform.fail(value)
        else:
            await getattr(self, name)()

    async def check(self) -> None:
        for post in self.posts:
            await self.pushed.counts(post)
        taken = [(sending.address, sending.item.id) for sending in self.pushed.platform.got]
        assert len(taken) == len(set(taken))

    async def join(self) -> None:
        self.members.append(await self.pushed.member(self.community))

    async def post(self) -> None:
        self.posts.append(await self.pushed.posted(self.community, lasts=10 * DAY))

    async def turn(self) -> None:
        await self.pushed.turn()

    async def start(self) -> None:
        """Claims, and does not wait for what comes of it."""
        await self.pushed.attempt.turn(self.pushed.line)

    async def crash(self) -> None:
        await asyncio.sleep(0)
        await self.pushed.restart()

    async def leave(self) -> None:
        await self.pushed.house.enrol.leave(self.random.choice(self.members))

    async def erase(self) -> None:
        if len(self.members) > 1:
            member = self.members.pop(self.random.randrange(len(self.members)))
            await self.pushed.house.enrol.erase("eva", member.member)

    async def read(self) -> None:
        member = self.random.choice(self.members)
        last = (await self.pushed.house.store.of(member.member.n).cursors()).last
        await self.pushed.house.deliver.acknowledge(member, delivered=last, read=last)
