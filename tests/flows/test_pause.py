"""A pause: posts wait until it ends, answers do not."""

import asyncio
from datetime import timedelta

import pytest

from relay.core.community import Community
from relay.core.errors import Conflict, Invalid
from relay.core.pause import Pause, ReleaseDeferred
from relay.core.post import Draft
from relay.ports import SignedIn
from tests.flows.conftest import EVA, PATIENCE_S, House

DRAFT = Draft("Closed tomorrow.")


async def seen(house: House, signed: SignedIn) -> list[str]:
    return [item.text for item in await house.store.of(signed.member.n).items(0, 100)]


@pytest.fixture
async def bad(house: House) -> Community:
    return await house.community()


@pytest.fixture
async def ada(house: House, bad: Community) -> SignedIn:
    return await house.member(bad)


async def test_posts_wait_for_who_pauses_and_answers_do_not(house: House, bad: Community, ada: SignedIn) -> None:
    until = await house.pauses.pause(ada, house.clock.now() + timedelta(days=1))
    await house.publish.post(bad, DRAFT, EVA)
    await house.release()
    await house.answer.write_first(EVA, ada.member, "Your card is here.")
    before = await seen(house, ada)

    house.clock.pass_(24 * 3600)
    while await house.pauses.turn():
        pass

    assert until == house.clock.now()
    assert before == ["Your card is here."]
    assert await seen(house, ada) == ["Your card is here.", "Closed tomorrow."]


async def test_the_end_of_a_pause_is_noticed_by_itself(house: House, bad: Community, ada: SignedIn) -> None:
    await house.pauses.pause(ada, house.clock.now() + timedelta(days=1))
    await house.publish.post(bad, DRAFT, EVA)
    await house.release()
    resumed = asyncio.Event()
    house.bus.on(Pause, house.pauses.paused)
    house.bus.on(ReleaseDeferred, lambda _change, _outcome: resumed.set())
    running = asyncio.create_task(house.pauses.run())

    await house.pauses.pause(ada, None)
    async with asyncio.timeout(PATIENCE_S):
        await resumed.wait()
    running.cancel()

    assert await seen(house, ada) == ["Closed tomorrow."]


async def test_a_pause_is_at_most_a_year_and_one_in_the_past_is_none(house: House, ada: SignedIn) -> None:
    now = house.clock.now()

    with pytest.raises(Invalid):
        await house.pauses.pause(ada, now + timedelta(days=400))

    assert await house.pauses.pause(ada, now - timedelta(days=1)) is None


async def test_what_waits_can_be_cancelled_and_nothing_else_after_that(house: House, bad: Community, ada: SignedIn) -> None:
    await house.member(bad)
    await house.pauses.pause(ada, house.clock.now() + timedelta(days=1))
    post = await house.publish.post(bad, DRAFT, EVA)
    await house.release()

    await house.publish.cancel(EVA, post)
    with pytest.raises(Conflict):
        await house.publish.cancel(EVA, post)

    counts = await house.store.post_counts(post)
    assert {state.word: number for state, number in counts.items()} == {"cancelled": 1, "sending": 1}
