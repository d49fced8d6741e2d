"""The first journey, told once from the first post to the last goodbye, over the wire alone."""

from dataclasses import dataclass

import aiohttp

from tests.e2e.cast import Cast
from tests.e2e.client import REVOKED, Api, Json, MemberClient
from tests.e2e.conftest import HELD_WORD, HOLDING, Relay
from tests.e2e.server import Server
from tests.e2e.staff import StaffStream

SLUG = "town"
RESTART = 1012
AT_ONCE_S = 1.0  # promised: how long authority that was taken away may still be felt


@dataclass(slots=True)
class Town:
    """Who takes part."""

    cast: Cast
    agent: Api
    moderator: Api
    other_moderator: Api
    ada: MemberClient
    bob: MemberClient
    desk: StaffStream


async def test_the_first_journey(start_relay: Relay, http: aiohttp.ClientSession) -> None:
    server = await start_relay(**HOLDING)
    async with Cast(http, server) as cast:
        town = await _open_up(cast)

        post = await _a_post_reaches_everybody(town)
        thread = await _a_reply_becomes_a_private_thread(town, post)
        await _the_answer_reaches_that_member_alone(town, thread)
        await _a_note_stays_among_staff(town, thread)
        case = await _a_message_is_held_and_rejected_with_a_reason(town)
        await _an_appeal_is_decided_by_another_person(town, case)
        await _a_button_is_pressed_and_counted(town, post)
        await _stop_and_start_are_obeyed(town)
        await _a_member_takes_their_data_along_and_is_erased(town, post, thread)
        await _a_revoked_token_ends_the_socket_at_once(town)
        await _the_relay_says_goodbye_and_comes_back(town, server)

        assert cast.faults == []


async def _open_up(cast: Cast) -> Town:
    """The owner founds a community, hires people, and two members join."""
    await cast.found(SLUG)
    agent = await cast.hire("Agnes", "agent")
    return Town(
        cast=cast,
        agent=agent,
        moderator=await cast.hire("Mona", "moderator"),
        other_moderator=await cast.hire("Mirko", "moderator"),
        ada=await cast.join(SLUG, name="Ada"),
        bob=await cast.join(SLUG, name="Bob"),
        desk=await cast.watch(agent),
    )


async def _a_post_reaches_everybody(town: Town) -> str:
    buttons = [{"id": "yes", "label": "I come"}, {"id": "no", "label": "Not this time"}]

    post = await town.cast.post(SLUG, "We open on Friday.", title="Opening", buttons=buttons)

    assert (post["audience"], sum(post["counts"].values()), len(post["counts"])) == (2, 2, 12)
    for member in (town.ada, town.bob):
        item = await member.item(1)
        assert (item["kind"], item["id"], item["text"], item["title"]) == ("post", post["id"], "We open on Friday.", "Opening")
        assert item["from"] == {"role": "company", "name": f"The {SLUG}"}
        assert [button["id"] for button in item["buttons"]] == ["yes", "no"]
    path = f"/v1/posts/{post['id']}"
    await town.agent.until(path, lambda now: (now["state"], now["counts"]["delivered"]) == ("sent", 2))
    await town.ada.frame({"type": "read", "seq": 1})
    await town.agent.until(path, lambda now: (now["counts"]["read"], now["counts"]["delivered"]) == (1, 1))
    return str(post["id"])


async def _a_reply_becomes_a_private_thread(town: Town, post: str) -> Json:
    ada, agent = town.ada, town.agent

    await ada.send("first", "Is there parking?", post)
    accepted = await ada.answered("first")
    own = await ada.item(2)

    assert accepted["type"] == "accepted"
    assert (own["id"], own["from"]["role"], own["text"], own["in_reply_to"]) == (
        accepted["id"],
        "self",
        "Is there parking?",
        post,
    )
    again = await ada.api.want(
        202, "POST", "/v1/me/messages", {"client_id": "first", "text": "Is there parking?", "in_reply_to": post}
    )
    assert (again["id"], again["at"]) == (accepted["id"], accepted["at"])
    thread = (await agent.get(f"/v1/communities/{SLUG}/threads?post={post}"))["items"][0]
    assert thread["member"] == {"id": ada.id, "pseudonym": ada.pseudonym}
    assert (thread["state"], thread["post"]) == ("open", post)
    (entry,) = (await agent.get(f"/v1/threads/{thread['id']}/messages"))["items"]
    assert (entry["id"], entry["role"], entry["status"], entry["text"]) == (own["id"], "member", "filed", "Is there parking?")
    await town.desk.heard_of(accepted["id"])
    return thread


async def _the_answer_reaches_that_member_alone(town: Town, thread: Json) -> None:
    answer = await town.agent.want(202, "POST", f"/v1/threads/{thread['id']}/messages", {"text": "Behind the house."})

    item = await town.ada.item(3)
    assert (item["kind"], item["id"], item["text"]) == ("message", answer["id"], "Behind the house.")
    assert item["from"] == {"role": "staff", "name": f"The {SLUG}"}
    assert (await town.agent.get(f"/v1/threads/{thread['id']}"))["state"] == "waiting"
    assert [each["seq"] for each in (await town.bob.api.get("/v1/me/items"))["items"]] == [1]
    assert answer["id"].encode() not in town.bob.seen


async def _a_note_stays_among_staff(town: Town, thread: Json) -> None:
    path = f"/v1/threads/{thread['id']}/messages"

    await town.agent.want(202, "POST", path, {"text": "Ada is the one with the van.", "internal": True})

    assert [entry["internal"] for entry in (await town.agent.get(path))["items"]] == [False, False, True]
    assert [each["seq"] for each in (await town.ada.api.get("/v1/me/items"))["items"]] == [1, 2, 3]
    assert b"with the van" not in town.ada.seen


async def _a_message_is_held_and_rejected_with_a_reason(town: Town) -> Json:
    bob, path = town.bob, f"/v1/communities/{SLUG}/cases?state=open"

    await bob.send("rude", f"You {HELD_WORD}!")
    accepted = await bob.answered("rude")

    assert accepted["type"] == "accepted", "who is held hears the same as anybody"
    await bob.item(2)
    (case,) = (await town.moderator.get(path))["items"]
    assert (case["kind"], case["text"], case["member"]["id"]) == ("held", f"You {HELD_WORD}!", bob.id)
    (entry,) = (await town.agent.get(f"/v1/threads/{case['thread']}/messages"))["items"]
    assert (entry["status"], entry["text"]) == ("held", None)
    decision = {"action": "reject", "reason": "Please stay polite."}
    await town.moderator.want(200, "POST", f"/v1/cases/{case['id']}:decide", decision)
    notice = await bob.item(3)
    assert (notice["kind"], notice["from"]["role"], notice["case"]) == ("notice", "relay", case["id"])
    assert "Please stay polite" in notice["text"]
    return case


async def _an_appeal_is_decided_by_another_person(town: Town, case: Json) -> None:
    path, decision = f"/v1/cases/{case['id']}:decide", {"action": "deliver", "reason": "It is the name of a dish."}

    await town.bob.api.want(202, "POST", "/v1/me/appeals", {"case": case["id"], "text": "It is a dish."})

    (waiting,) = (await town.moderator.get(f"/v1/communities/{SLUG}/cases?state=appealed"))["items"]
    assert waiting["appeal"]["text"] == "It is a dish."
    await town.moderator.want(403, "POST", path, decision)
    await town.other_moderator.want(200, "POST", path, decision)
    notice = await town.bob.item(4)
    assert (notice["kind"], notice["case"]) == ("notice", case["id"])
    entries = (await town.agent.get(f"/v1/threads/{case['thread']}/messages"))["items"]
    assert (entries[0]["status"], entries[0]["text"]) == ("filed", f"You {HELD_WORD}!")


async def _a_button_is_pressed_and_counted(town: Town, post: str) -> None:
    await town.ada.press("press", post, "yes")
    await town.bob.press("press", post, "yes")

    assert (await town.ada.answered("press"))["id"] == post
    await town.bob.answered("press")
    assert (await town.agent.get(f"/v1/posts/{post}"))["presses"] == {"yes": 2}
    await town.bob.press("again", post, "no")
    await town.bob.answered("again")
    assert (await town.agent.get(f"/v1/posts/{post}"))["presses"] == {"yes": 1, "no": 1}


async def _stop_and_start_are_obeyed(town: Town) -> None:
    ada, bob = town.ada, town.bob

    await bob.send("stop", "STOP")
    await bob.answered("stop")
    without = await town.cast.post(SLUG, "Only who stayed gets this.")
    await bob.send("start", "Start!")
    await bob.answered("start")
    for_both = await town.cast.post(SLUG, "Good to have you back.")

    assert (without["audience"], for_both["audience"]) == (1, 2)
    await ada.heard.until(lambda: for_both["id"] in ada.posts and for_both["id"] in bob.posts)
    assert without["id"] in ada.posts
    assert without["id"] not in bob.posts
    assert [item["kind"] for item in bob.items[4:]] == ["message", "notice", "message", "notice", "post"]


async def _a_member_takes_their_data_along_and_is_erased(town: Town, post: str, thread: Json) -> None:
    ada, path = town.ada, f"/v1/posts/{post}"

    export = await ada.api.ask("GET", "/v1/me/export")
    await ada.api.want(204, "DELETE", "/v1/me")
    await ada.heard.until(lambda: bool(ada.closes), AT_ONCE_S)

    for own in (b"Ada", b"Is there parking?", b"Behind the house.", b"We open on Friday."):
        assert own in export.raw
    for other in (b"Bob", b"with the van", HELD_WORD.encode()):
        assert other not in export.raw
    assert ada.closes == [REVOKED]
    await ada.api.want(401, "GET", "/v1/me")
    await town.agent.want(404, "GET", f"/v1/threads/{thread['id']}")
    counts = (await town.agent.get(path))["counts"]
    assert (counts["erased"], sum(counts.values())) == (1, 2)


async def _a_revoked_token_ends_the_socket_at_once(town: Town) -> None:
    cleo = await town.cast.join(SLUG, name="Cleo")

    await town.cast.owner.want(204, "DELETE", f"/v1/members/{cleo.id}/tokens")
    await cleo.heard.until(lambda: bool(cleo.closes), AT_ONCE_S)

    assert cleo.closes == [REVOKED]
    assert cleo.byes[-1]["reason"] == "revoked"
    await cleo.api.want(401, "GET", "/v1/me")


async def _the_relay_says_goodbye_and_comes_back(town: Town, server: Server) -> None:
    bob = town.bob

    code = await server.stop()
    await bob.heard.until(lambda: bool(bob.closes))

    assert code == 0
    assert bob.closes == [RESTART]
    assert bob.byes[-1]["reason"] == "restart"
    await server.start()
    last = (await bob.connected())["last_seq"]
    await town.cast.post(SLUG, "Here we are again.")
    assert (await bob.item(last + 1))["text"] == "Here we are again."
