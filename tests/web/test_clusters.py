"""Held texts that are nearly the same: shown as one to staff, and each decided for itself."""

from relay.core.staff import Role
from tests.web.conftest import Relay

CALL = "hold on, come to the lake at ten tomorrow, they close our pool and nobody asked anybody of us"


async def test_nearly_equal_open_cases_are_one_cluster_until_they_are_decided(relay: Relay) -> None:
    await relay.community()
    await relay.community("see")
    anna, ben, eva, far = [await relay.member(slug) for slug in ("bad", "bad", "bad", "see")]
    for number, (person, text) in enumerate(
        [(anna, CALL), (eva, "hold Is the sauna open?"), (ben, f"{CALL}!"), (ben, CALL.replace("ten", "11")), (far, CALL)]
    ):
        await relay.reply(person, text, f"c{number}")
    moderator = await relay.staff(Role.MODERATOR)

    (found,) = (await moderator("GET", "/v1/communities/bad/clusters")).body["items"]

    cases = (await moderator("GET", "/v1/communities/bad/cases?state=open")).body["items"]
    assert (found["id"], found["members"]) == (cases[0]["id"], 2)
    assert found["cases"] == [cases[place] for place in (0, 2, 3)]
    for case in found["cases"][:2]:
        await moderator("POST", f"/v1/cases/{case['id']}:decide", {"action": "reject", "reason": "Adverts."})
    assert (await moderator("GET", "/v1/communities/bad/clusters")).body["items"] == []
