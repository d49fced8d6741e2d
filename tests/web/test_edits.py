"""Two people change different things at the same time, and both changes last."""

import asyncio

from relay.core.staff import Role
from tests.web.conftest import Relay

ROUNDS = 20  # times that both start together


async def test_a_community_is_closed_while_somebody_else_renames_it(relay: Relay) -> None:
    await relay.community()
    manager = await relay.staff(Role.MANAGER)
    path = "/v1/communities/bad"

    lost = []
    for n in range(ROUNDS):
        await relay.owner("PATCH", path, {"closed": False})
        await asyncio.gather(
            relay.owner("PATCH", path, {"closed": True}), manager("PATCH", path, {"name": f"Bad {n}", "language": "de"})
        )
        found = (await relay.owner("GET", path)).body
        if found["closed_at"] is None or found["name"] != f"Bad {n}":
            lost.append(found)

    assert lost == []


async def test_a_member_is_renamed_while_somebody_else_tags_them(relay: Relay) -> None:
    await relay.community()
    anna = await relay.member()
    manager = await relay.staff(Role.MANAGER)
    path = f"/v1/members/{anna.id}"

    lost = []
    for n in range(ROUNDS):
        edits = ({"name": f"Anna {n}"}, {"tags": [f"t{n}"]}, {"attributes": {"n": n}})
        await asyncio.gather(*(manager("PATCH", path, edit) for edit in edits))
        found = (await relay.owner("GET", path)).body
        name = (await relay.owner("POST", f"{path}:lift", {"reason": "data"})).body["name"]
        if (name, found["tags"], found["attributes"]) != (f"Anna {n}", [f"t{n}"], {"n": n}):
            lost.append(found)

    assert lost == []


async def test_what_is_not_given_stays_and_what_is_given_is_told(relay: Relay) -> None:
    await relay.community(imprint="Bad GmbH", rules={"posts_per_day": 2})
    path = "/v1/communities/bad"

    closed = (await relay.owner("PATCH", path, {"closed": True})).body
    again = (await relay.owner("PATCH", path, {"closed": True, "name": "Bad"})).body
    opened = (await relay.owner("PATCH", path, {"closed": False, "rules": {"retention_days": 30}})).body
    audit = (await relay.owner("GET", "/v1/audit?limit=3")).body["items"]

    assert again == {**closed, "name": "Bad"}
    assert closed["closed_at"] is not None
    assert opened == {
        **again,
        "closed_at": None,
        "rules": {"quiet_hours": None, "posts_per_day": None, "retention_days": 30},
    }
    assert [one["detail"]["fields"] for one in audit] == ["closed rules", "closed name", "closed"]
