"""Owners do things at the same time: none is lost, and the relay never stays without one."""

import asyncio

from relay.core.errors import Conflict
from relay.core.identity import token_digest
from relay.core.session import LINK_LASTS
from relay.core.staff import Actor, Role, Staff, TokenKind
from tests.flows.conftest import EVA, House

ROUNDS = 20  # times that two start together


async def _owners(house: House) -> list[Staff]:
    return [person for person in await house.store.staff() if person.role is Role.OWNER and person.removed_at is None]


async def test_two_owners_who_remove_each_other_leave_one(house: House) -> None:
    await house.govern.first_owner("a-token-of-the-first-owner-0123456789")

    for _ in range(ROUNDS):
        await house.govern.hire(EVA, "Another", Role.OWNER)
        one, other = await _owners(house)
        ends = await asyncio.gather(
            house.govern.dismiss(Actor(one.id, one.name, Role.OWNER), other),
            house.govern.dismiss(Actor(other.id, other.name, Role.OWNER), one),
            return_exceptions=True,
        )

        assert [type(end) for end in ends if end is not None] == [Conflict]
        assert len(await _owners(house)) == 1


async def test_edits_from_the_same_reading_both_last(house: House) -> None:
    read = await house.community()

    await house.govern.edit(EVA, read, {"closed": True})
    found = await house.govern.edit(EVA, read, {"name": "Bad"})

    assert (found.name, found.closed_at) == ("Bad", house.clock.now())
    assert found == await house.store.community(read.slug)


async def test_a_community_that_is_closed_again_keeps_its_time_and_opens(house: House) -> None:
    read = await house.community()
    closed = await house.govern.edit(EVA, read, {"closed": True})
    house.clock.pass_(60)

    again = await house.govern.edit(EVA, read, {"closed": True})
    opened = await house.govern.edit(EVA, read, {"closed": False})

    assert again == closed
    assert opened == read


async def test_edits_of_a_member_from_the_same_reading_both_last(house: House) -> None:
    member = (await house.member(await house.community())).member

    await house.enrol.edit(EVA, member, {"tags": ("pool",)})
    found = await house.enrol.edit(EVA, member, {"attributes": {"age": 30}, "language": "de"})

    assert (found.tags, found.attributes, found.language, found.name) == (("pool",), {"age": 30}, "de", member.name)
    assert found == await house.store.member(member.id)


async def test_the_first_owners_link_lasts_a_day_like_any_other(house: House) -> None:
    await house.govern.first_owner("a-token-of-the-first-owner-0123456789", "the-first-link-0123456789")
    digest = token_digest("the-first-link-0123456789")
    fresh = await house.store.token(digest, house.clock.now())

    house.clock.pass_(LINK_LASTS.total_seconds())

    assert fresh is not None
    assert fresh.kind is TokenKind.LINK
    assert await house.store.token(digest, house.clock.now()) is None
