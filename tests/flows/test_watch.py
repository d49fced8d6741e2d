"""Raid mode in the audit log: when it began and ended, by itself or by staff."""

from relay.core.raid import RaidNews
from relay.flows.watch import Watch
from relay.ports import Paging
from tests.flows.conftest import EVA, House


async def logged(house: House) -> list[tuple[str, str, str]]:
    rows = (await house.store.audit(Paging())).items
    return [(row.actor, row.action, row.subject) for row in rows if row.action.startswith("raid.")]


async def test_its_beginning_and_its_end_are_written_down_once(house: House) -> None:
    bad = await house.community()
    told = [RaidNews(bad.slug, "begin", house.clock.now()), RaidNews("gone", "begin", house.clock.now())]
    told.append(RaidNews(bad.slug, "end", house.clock.now()))
    watch = Watch(house.store, house.clock, news=lambda: [told.pop(0)] if told else [])

    for _ in range(4):
        await watch.turn()

    assert sorted(await logged(house)) == [("relay", "raid.begin", bad.id), ("relay", "raid.end", bad.id)]


async def test_staff_end_it_once(house: House) -> None:
    bad = await house.community()
    on = {bad.slug}

    def over(slug: str) -> bool:
        was_on = slug in on
        on.discard(slug)
        return was_on

    watch = Watch(house.store, house.clock, over=over)
    await watch.end(EVA, bad)
    await watch.end(EVA, bad)

    assert await logged(house) == [("eva", "raid.end", bad.id)]
