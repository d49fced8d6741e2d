"""What was said lately, on every engine: what a text of staff is compared with before it leaves."""

from relay.core.thread import Role
from tests.stores.conftest import World


async def test_what_was_said_lately_is_that_of_the_community_and_all_of_the_members_own(world: World) -> None:
    here, elsewhere = await world.community(), await world.community("elsewhere")
    one, two = await world.members(here, 2)
    (other,) = await world.members(elsewhere, 1)
    for member in (one, two, other):
        await world.replied(member)

    said = await world.store.lately(here.n, None)
    beside = await world.store.lately(here.n, other.n)

    assert {whose for whose, _, _ in said} == {one.n, two.n}
    assert {whose for whose, _, _ in beside} == {one.n, two.n, other.n}
    assert all(text for _, _, text in beside)
    assert {role for _, role, _ in beside} == {Role.MEMBER}
