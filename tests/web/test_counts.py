"""What the console reckons with: sums of a community, the last words of threads, colleagues by name."""

from relay.core.staff import Role
from tests.web.conftest import Caller, Relay


async def test_counts_are_those_of_the_lists(relay: Relay) -> None:
    await relay.community()
    anna, ben = await relay.member(), await relay.member()
    await relay.member()
    await relay.post()
    await relay.reply(anna, "hello")
    await relay.reply(ben, "hold this", "c2")
    await ben.call("POST", "/v1/me/leave", {})
    eva = await relay.staff(Role.AGENT)
    thread = next(
        one for one in (await eva("GET", "/v1/communities/bad/threads")).body["items"] if one["member"]["id"] == anna.id
    )
    await eva("PATCH", f"/v1/threads/{thread['id']}", {"version": thread["version"], "assignee": await id_of(eva)})

    found = await eva("GET", "/v1/communities/bad/counts")

    assert found.body == {
        "members": {"active": 2, "left": 1},
        "threads": {"open": 2, "waiting": 0, "snoozed": 0, "closed": 0, "mine": 1},
        "cases": {"open": 1, "appealed": 0, "objected": 0},
    }


async def test_counts_are_the_communitys_own(relay: Relay) -> None:
    await relay.community()
    await relay.community("other")
    await relay.member()

    found = await relay.owner("GET", "/v1/communities/other/counts")

    assert found.body["members"] == {"active": 0, "left": 0}


async def test_the_list_shows_the_last_words_where_they_are_asked_for(relay: Relay) -> None:
    await relay.community()
    anna = await relay.member()
    await relay.reply(anna, "when does it open?")
    thread = await relay.only_thread()
    await relay.owner("POST", f"/v1/threads/{thread}/messages", {"text": "from ten"})
    await relay.owner("POST", f"/v1/threads/{thread}/messages", {"text": "a regular", "internal": True})

    plain = await relay.owner("GET", "/v1/communities/bad/threads")
    asked = await relay.owner("GET", "/v1/communities/bad/threads?words=true")

    assert plain.body["items"][0]["last"] is None
    assert asked.body["items"][0]["last"]["text"] == "from ten"
    assert {**asked.body["items"][0], "last": None} == plain.body["items"][0]


async def test_last_words_that_are_held_are_for_moderators_alone(relay: Relay) -> None:
    await relay.community()
    await relay.reply(await relay.member(), "hold this")
    agent = await relay.staff(Role.AGENT)

    for_agents = await agent("GET", "/v1/communities/bad/threads?words=true")
    for_managers = await relay.owner("GET", "/v1/communities/bad/threads?words=true")

    assert for_agents.body["items"][0]["last"]["text"] is None
    assert for_agents.body["items"][0]["last"]["status"] == "held"
    assert for_managers.body["items"][0]["last"]["text"] == "hold this"


async def test_who_reads_last_words_stands_in_the_log(relay: Relay) -> None:
    await relay.community()
    await relay.reply(await relay.member(), "hello")

    await relay.owner("GET", "/v1/communities/bad/threads")
    before = [row["action"] for row in (await relay.owner("GET", "/v1/audit")).body["items"]]
    await relay.owner("GET", "/v1/communities/bad/threads?words=true")
    after = [row["action"] for row in (await relay.owner("GET", "/v1/audit")).body["items"]]

    assert "thread.list" not in before
    assert "thread.list" in after


async def test_colleagues_keep_their_names_when_they_are_gone(relay: Relay) -> None:
    made = await relay.owner("POST", "/v1/staff", {"name": "Jan", "role": "agent"})
    eva = await relay.staff(Role.AGENT)
    await relay.owner("DELETE", f"/v1/staff/{made.body['id']}")

    found = {one["name"]: one for one in (await eva("GET", "/v1/colleagues")).body["items"]}

    others = [one for name, one in found.items() if name != "Jan"]
    assert found["Jan"] == {"id": made.body["id"], "name": "Jan", "role": "agent", "is_here": False}
    assert all(one["is_here"] for one in others)


async def id_of(caller: Caller) -> str:
    found = await caller("GET", "/v1/colleagues")
    return str(next(one["id"] for one in found.body["items"] if one["role"] == "agent"))
