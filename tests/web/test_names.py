"""Names of members: staff see pseudonyms, and lift one at a time, for a reason that stays in the audit log."""

import pytest

from tests.web.conftest import Relay, is_problem

NAME = "Ada Lovelace"


async def ada(relay: Relay) -> str:
    """The path to her."""
    await relay.community()
    body = {"name": NAME, "consent": {"source": "desk", "text_version": "1"}}
    made = await relay.owner("POST", "/v1/communities/bad/members", body)
    assert NAME not in str(made.body)
    return f"/v1/members/{made.body['id']}"


async def test_no_look_at_members_shows_a_name(relay: Relay) -> None:
    path = await ada(relay)

    looks = [
        await relay.owner("GET", path),
        await relay.owner("GET", "/v1/communities/bad/members"),
        await relay.owner("PATCH", path, {"tags": ["season"]}),
    ]

    assert [look.status for look in looks] == [200, 200, 200]
    assert not any(NAME in str(look.body) for look in looks)
    assert looks[0].body["has_name"] is True


async def test_a_name_comes_for_a_reason_that_stays_in_the_log(relay: Relay) -> None:
    path = await ada(relay)

    lifted = await relay.owner("POST", f"{path}:lift", {"reason": "harm"})
    await relay.owner("POST", f"{path}:lift", {"reason": "harm"})

    log = (await relay.owner("GET", "/v1/audit?limit=2")).body["items"]
    assert lifted.body == {"id": path.rpartition("/")[2], "name": NAME}
    assert [(row["action"], row["subject"], row["detail"]) for row in log] == [
        ("member.lift", lifted.body["id"], {"reason": "harm"})
    ] * 2


@pytest.mark.parametrize("body", [{}, {"reason": ""}, {"reason": "because"}])
async def test_without_a_reason_there_is_no_name(relay: Relay, body: dict[str, str]) -> None:
    path = await ada(relay)

    refused = await relay.owner("POST", f"{path}:lift", body)

    assert is_problem(refused, 422)
    assert NAME not in str(refused.body)
