"""The app with a platform that it pushes to: what is posted goes there, and stopping leaves nothing in between."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from relay.app import App, open_app
from relay.configuration import Settings, StoreSettings
from relay.core.community import Community
from relay.core.delivery import DeliveryState
from relay.core.member import Address
from relay.core.outgoing import Doubtful
from relay.core.post import Draft
from relay.core.staff import Actor, Role
from relay.flows.enrol import Newcomer
from relay.testing.clock import START
from relay.testing.loopback import Loopback

EVA = Actor("eva", "Eva", Role.MANAGER)
OWNER = "a-token-of-an-owner-with-more-than-32-characters"


@asynccontextmanager
async def opened(folder: Path, *platforms: Loopback) -> AsyncIterator[App]:
    async with AsyncExitStack() as stack:
        yield await open_app(Settings(store=StoreSettings(folder=folder)), stack, OWNER, platforms)


async def test_a_post_is_pushed_and_what_is_under_way_at_the_end_is_waited_for(tmp_path: Path) -> None:
    platform, stop = Loopback(), asyncio.Event()
    platform.holds = True
    async with opened(tmp_path, platform) as app:
        working = asyncio.create_task(app.work(stop))
        await app.flows.govern.found(EVA, Community("c", "bad", "Bad am See", START))
        community = await app.store.community("bad")
        assert community is not None
        person = Newcomer("counter", "3.4", addresses=(Address(platform.name, "somewhere"),))
        await app.flows.enrol.add(EVA, community, person)

        post = await app.flows.publish.post(community, Draft("Closed tomorrow"), EVA)
        await asyncio.wait_for(platform.taken.wait(), 10)
        stop.set()
        await working
        platform.go.set()
        await app.flows.attempt.drain()

        assert await app.store.post_counts(post) == {DeliveryState.SENT: 1}


async def test_without_a_platform_nothing_is_attempted(tmp_path: Path) -> None:
    async with opened(tmp_path) as app:
        await asyncio.wait_for(app.flows.attempt.run(), 10)

        assert app.flows.attempt.lines == ()


async def test_what_staff_write_passes_the_word_lists_too(tmp_path: Path) -> None:
    async with opened(tmp_path) as app:
        with pytest.raises(Doubtful) as stopped:
            await app.flows.look.before(EVA, 1, None, "So ein Arschloch!", None)
        noted = await app.flows.look.before(EVA, 1, None, "So ein Arschloch!", "theirs")
        clean = await app.flows.look.before(EVA, 1, None, "Bis morgen!", None)

        assert [fault.loc for fault in stopped.value.faults] == [("body", "text", "insult", 7, 16)]
        assert noted == {"despite": "theirs", "cautions": "insult"}
        assert clean == {}
