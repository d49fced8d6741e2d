"""What staff see of a member's trust, and of raid mode."""

from relay.core.staff import Role
from tests.web.conftest import Relay

LONG = "We would like to bring four children on Monday."


async def test_a_members_page_says_how_far_they_are_trusted_and_of_what_it_is_made(relay: Relay) -> None:
    await relay.community()
    anna = await relay.member()
    for number, text in enumerate([*[LONG] * 5, "ok", f"hold {LONG}"]):
        await relay.reply(anna, text, f"c{number}")
    manager = await relay.staff(Role.MANAGER)

    found = (await manager("GET", f"/v1/members/{anna.id}")).body

    assert found["trust"] == {
        "value": 0.15,
        "lightly": False,
        "approved": 5,
        "days": 0,
        "known": False,
        "of_messages": 0.15,
        "of_time": 0.0,
        "of_being_known": 0.0,
    }


async def test_where_there_is_no_raid_it_says_so(relay: Relay) -> None:
    await relay.community()
    moderator = await relay.staff(Role.MODERATOR)

    found = (await moderator("GET", "/v1/communities/bad/raid")).body

    assert found == {"is_on": False, "began_at": None, "ends_at": None, "members": 0}
