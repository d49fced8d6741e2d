"""An appeal is looked at by another person, and a key counts as the person who issued it."""

import pytest

from relay.core.staff import Role
from tests.web.conftest import Caller, Person, Relay

REJECT = {"action": "reject", "reason": "no"}


@pytest.fixture
async def anna(relay: Relay) -> Person:
    await relay.community()
    return await relay.member()


async def appealed(relay: Relay, anna: Person, first: Caller) -> str:
    """A case that `first` rejected and the member appeals."""
    await relay.reply(anna, "hold this")
    (case,) = (await relay.owner("GET", "/v1/communities/bad/cases")).body["items"]
    assert (await first("POST", f"/v1/cases/{case['id']}:decide", REJECT)).status == 200
    assert (await anna.call("POST", "/v1/me/appeals", {"case": case["id"], "text": "why"})).status == 202
    return str(case["id"])


async def test_nobody_decides_their_own_appeal_with_a_key_of_theirs(relay: Relay, anna: Person) -> None:
    key = await relay.key("cases:write")
    case = await appealed(relay, anna, relay.owner)

    said = await key("POST", f"/v1/cases/{case}:decide", REJECT)

    assert said.status == 403


@pytest.mark.parametrize("is_other_key", [False, True], ids=["in person", "with another key"])
async def test_nobody_decides_the_appeal_against_their_keys_decision(relay: Relay, anna: Person, *, is_other_key: bool) -> None:
    case = await appealed(relay, anna, await relay.key("cases:write"))
    again = await relay.key("cases:write") if is_other_key else relay.owner

    said = await again("POST", f"/v1/cases/{case}:decide", REJECT)

    assert said.status == 403


async def test_another_person_decides_it(relay: Relay, anna: Person) -> None:
    case = await appealed(relay, anna, await relay.key("cases:write"))
    moderator = await relay.staff(Role.MODERATOR)

    said = await moderator("POST", f"/v1/cases/{case}:decide", {"action": "deliver"})

    assert (said.status, said.body["state"]) == (200, "delivered")
