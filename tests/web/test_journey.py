"""The whole way over HTTP: a community, its members, a post, their replies, staff's answers."""

from datetime import timedelta

from relay.core.staff import Role
from tests.web.conftest import Relay


async def test_a_post_reaches_everybody_and_counts_say_so(relay: Relay) -> None:
    await relay.community()
    people = [await relay.member() for _ in range(3)]

    accepted = await relay.owner("POST", "/v1/communities/bad/posts", {"text": "Closed tomorrow", "title": "Pool"})
    await relay.release()
    read = await relay.owner("GET", f"/v1/posts/{accepted.body['id']}")
    got = [await person.call("GET", "/v1/me/items") for person in people]

    assert accepted.status == 202
    assert (accepted.body["state"], accepted.body["audience"], accepted.body["counts"]["planned"]) == ("sending", 3, 3)
    assert len(read.body["counts"]) == 12
    assert sum(read.body["counts"].values()) == 3 == read.body["counts"]["sending"]
    assert [(one.body["items"][0]["seq"], one.body["items"][0]["text"], one.body["next"]) for one in got] == [
        (1, "Closed tomorrow", None)
    ] * 3


async def test_a_reply_becomes_a_private_thread_and_the_answer_reaches_that_member_alone(relay: Relay) -> None:
    await relay.community()
    anna, ben = await relay.member(), await relay.member()
    post = await relay.post()

    stored = await relay.reply(anna, "Is the sauna open?")
    thread = await relay.only_thread()
    said = await relay.owner("POST", f"/v1/threads/{thread}/messages", {"text": "Yes, from ten."})
    note = await relay.owner("POST", f"/v1/threads/{thread}/messages", {"text": "a regular", "internal": True})
    seen = await relay.owner("GET", f"/v1/threads/{thread}/messages")
    annas = await anna.call("GET", "/v1/me/items?after=1")
    bens = await ben.call("GET", "/v1/me/items?after=1")

    assert (said.status, note.status) == (202, 202)
    assert [(one["role"], one["text"], one["internal"]) for one in seen.body["items"]] == [
        ("member", "Is the sauna open?", False),
        ("staff", "Yes, from ten.", False),
        ("staff", "a regular", True),
    ]
    assert seen.body["items"][0]["id"] == stored
    assert [(one["from"]["role"], one["text"]) for one in annas.body["items"]] == [
        ("self", "Is the sauna open?"),
        ("staff", "Yes, from ten."),
    ]
    assert bens.body["items"] == []
    assert (await relay.owner("GET", f"/v1/threads/{thread}")).body["post"] == post


async def test_staff_write_first_to_one_member(relay: Relay) -> None:
    await relay.community()
    anna = await relay.member()

    said = await relay.owner("POST", f"/v1/members/{anna.id}/messages", {"text": "Your order is ready."})
    items = await anna.call("GET", "/v1/me/items")

    assert said.status == 202
    assert [(one["kind"], one["text"]) for one in items.body["items"]] == [("message", "Your order is ready.")]


async def test_acknowledging_moves_the_counts(relay: Relay) -> None:
    await relay.community()
    anna = await relay.member()
    post = await relay.post()

    arrived = await anna.call("POST", "/v1/me/ack", {"seq": 1})
    delivered = (await relay.owner("GET", f"/v1/posts/{post}")).body["counts"]
    shown = await anna.call("POST", "/v1/me/read", {"seq": 1})
    read = (await relay.owner("GET", f"/v1/posts/{post}/deliveries?state=read")).body["items"]
    too_far = await anna.call("POST", "/v1/me/ack", {"seq": 2})

    assert (arrived.status, shown.status, too_far.status) == (204, 204, 422)
    assert delivered["delivered"] == 1
    assert [(one["member"], one["state"]) for one in read] == [(anna.id, "read")]


async def test_a_pressed_button_is_counted(relay: Relay) -> None:
    await relay.community()
    anna = await relay.member()
    post = await relay.post(buttons=[{"id": "yes", "label": "I come"}])

    pressed = await anna.call("POST", "/v1/me/press", {"post": post, "button": "yes"})
    unknown = await anna.call("POST", "/v1/me/press", {"post": post, "button": "no"})

    assert (pressed.status, unknown.status) == (204, 404)
    assert (await relay.owner("GET", f"/v1/posts/{post}")).body["presses"] == {"yes": 1}


async def test_a_held_message_is_an_entry_without_text_for_agents(relay: Relay) -> None:
    await relay.community()
    anna = await relay.member()
    await relay.reply(anna, "hold this")
    thread = await relay.only_thread()
    agent, manager = await relay.staff(Role.AGENT), await relay.staff(Role.MANAGER)

    seen = [await who("GET", f"/v1/threads/{thread}/messages") for who in (agent, manager)]
    found = [await who("GET", "/v1/communities/bad/threads?q=this") for who in (agent, manager)]

    assert [one.body["items"][0]["text"] for one in seen] == [None, "hold this"]
    assert [one.body["items"][0]["status"] for one in seen] == ["held", "held"]
    assert [one.body["items"] for one in found] == [[], []]


async def test_a_moderator_rejects_with_a_reason_and_another_one_hears_the_appeal(relay: Relay) -> None:
    await relay.community()
    anna = await relay.member()
    await relay.reply(anna, "hold this")
    first, second = await relay.staff(Role.MODERATOR), await relay.staff(Role.MODERATOR)
    (case,) = (await first("GET", "/v1/communities/bad/cases?state=open")).body["items"]

    silent = await anna.call("POST", "/v1/me/appeals", {"case": case["id"], "text": "why"})
    without_reason = await first("POST", f"/v1/cases/{case['id']}:decide", {"action": "reject"})
    decided = await first("POST", f"/v1/cases/{case['id']}:decide", {"action": "reject", "reason": "advertising"})
    notice = (await anna.call("GET", "/v1/me/items?after=1")).body["items"][0]
    appealed = await anna.call("POST", "/v1/me/appeals", {"case": notice["case"], "text": "It was a question."})
    own = await first("POST", f"/v1/cases/{case['id']}:decide", {"action": "deliver"})
    other = await second("POST", f"/v1/cases/{case['id']}:decide", {"action": "deliver"})

    assert (silent.status, without_reason.status, own.status) == (404, 422, 403)
    assert (decided.body["state"], appealed.body["state"], other.body["state"]) == ("rejected", "appealed", "delivered")
    assert "advertising" in notice["text"]


async def test_a_stale_edit_and_a_taken_lease_are_conflicts(relay: Relay) -> None:
    await relay.community()
    anna = await relay.member()
    await relay.reply(anna, "hello")
    thread = await relay.only_thread()
    eva, jan = await relay.staff(Role.AGENT), await relay.staff(Role.AGENT)
    version = (await eva("GET", f"/v1/threads/{thread}")).body["version"]

    edited = await eva("PATCH", f"/v1/threads/{thread}", {"version": version, "labels": ["pool", "pool"], "state": "waiting"})
    stale = await jan("PATCH", f"/v1/threads/{thread}", {"version": version, "state": "closed"})
    lease = await eva("POST", f"/v1/threads/{thread}/lease")
    taken = await jan("POST", f"/v1/threads/{thread}/lease", {})
    freed = await eva("DELETE", f"/v1/threads/{thread}/lease")
    later = await jan("POST", f"/v1/threads/{thread}/lease")
    labelled = await eva("GET", "/v1/communities/bad/threads?label=pool&state=waiting")
    hers = await eva("GET", f"/v1/communities/bad/threads?member={anna.id}")
    nobodys = await eva("GET", f"/v1/communities/bad/threads?member={thread}")

    assert (edited.status, edited.body["labels"], edited.body["state"]) == (200, ["pool"], "waiting")
    assert (stale.status, taken.status, freed.status, later.status) == (409, 409, 204, 200)
    assert lease.body["name"] in taken.body["detail"]
    assert [one["id"] for one in labelled.body["items"]] == [one["id"] for one in hers.body["items"]] == [thread]
    assert nobodys.body["items"] == []


async def test_a_thread_is_given_only_to_somebody_who_works_here(relay: Relay) -> None:
    await relay.community()
    await relay.reply(await relay.member(), "hello")
    thread = await relay.only_thread()
    me = (await relay.owner("GET", "/v1/staff")).body["items"][0]["id"]

    stranger = await relay.owner("PATCH", f"/v1/threads/{thread}", {"version": 1, "assignee": "a" * 26})
    given = await relay.owner("PATCH", f"/v1/threads/{thread}", {"version": 1, "assignee": me})
    mine = await relay.owner("GET", "/v1/communities/bad/threads?assignee=me")
    taken = await relay.owner("PATCH", f"/v1/threads/{thread}", {"version": 2, "assignee": ""})

    assert (stranger.status, stranger.body["errors"][0]["loc"]) == (422, ["body", "assignee"])
    assert (given.body["assignee"], taken.body["assignee"]) == (me, None)
    assert len(mine.body["items"]) == 1


async def test_leaving_erasing_and_exporting(relay: Relay) -> None:
    await relay.community()
    anna, ben = await relay.member(name="Anna"), await relay.member()
    await relay.reply(anna, "hello")

    export = await anna.call("GET", "/v1/me/export")
    left = await anna.call("POST", "/v1/me/leave")
    again = await anna.call("POST", "/v1/me/leave")
    standing = (await anna.call("GET", "/v1/me")).body["standing"]
    erased = await anna.call("DELETE", "/v1/me")
    by_staff = await relay.owner("DELETE", f"/v1/members/{ben.id}")

    assert export.body["member"]["name"] == "Anna"
    assert (left.status, again.status, standing, erased.status, by_staff.status) == (204, 204, "left", 204, 204)
    assert [(await one.call("GET", "/v1/me")).status for one in (anna, ben)] == [401, 401]
    assert (await relay.owner("GET", "/v1/communities/bad/members")).body["items"] == []


async def test_communities_are_founded_read_changed_and_closed(relay: Relay) -> None:
    rules = {"quiet_hours": {"from": "21:00", "to": "08:00"}, "posts_per_day": 2}

    made = await relay.owner("POST", "/v1/communities", {"slug": "bad", "name": "Bad", "rules": rules})
    same = await relay.owner("POST", "/v1/communities", {"slug": "bad", "name": "Other"})
    edited = await relay.owner("PATCH", "/v1/communities/bad", {"name": "Bad am See", "closed": True})
    read = await relay.owner("GET", "/v1/communities/bad")
    post = await relay.owner("POST", "/v1/communities/bad/posts", {"text": "hello"})
    member = await relay.owner("POST", "/v1/communities/bad/members", {"consent": {"source": "a", "text_version": "1"}})
    opened = await relay.owner("PATCH", "/v1/communities/bad", {"closed": False})

    assert made.body["rules"] == {**rules, "retention_days": None}
    assert (same.status, post.status, member.status) == (409, 409, 409)
    assert read.body == edited.body
    assert read.body["closed_at"] is not None
    assert opened.body["closed_at"] is None
    assert [one["slug"] for one in (await relay.owner("GET", "/v1/communities")).body["items"]] == ["bad"]


async def test_a_cancelled_post_goes_to_nobody_more(relay: Relay) -> None:
    await relay.community()
    anna = await relay.member()
    made = await relay.owner("POST", "/v1/communities/bad/posts", {"text": "hello"})

    cancelled = await relay.owner("POST", f"/v1/posts/{made.body['id']}:cancel")
    again = await relay.owner("POST", f"/v1/posts/{made.body['id']}:cancel")
    await relay.release()

    assert (cancelled.status, cancelled.body["state"], cancelled.body["counts"]["cancelled"]) == (200, "cancelled", 1)
    assert again.status == 409
    assert (await anna.call("GET", "/v1/me/items")).body["items"] == []


async def test_tokens_of_a_device_replace_each_other_and_end(relay: Relay) -> None:
    await relay.community()
    anna = await relay.member()

    first = await relay.owner("POST", f"/v1/members/{anna.id}/tokens", {"kind": "web", "device": "phone"})
    second = await relay.owner("POST", f"/v1/members/{anna.id}/tokens", {"kind": "web", "device": "phone"})
    mqtt = await relay.owner("POST", f"/v1/members/{anna.id}/tokens", {"kind": "mqtt", "device": "phone"})
    opens = [(await relay.caller(one.body["token"])("GET", "/v1/me")).status for one in (first, second)]
    ended = await relay.owner("DELETE", f"/v1/members/{anna.id}/tokens?device=phone")
    after = [(await one("GET", "/v1/me")).status for one in (relay.caller(second.body["token"]), anna.call)]

    assert (mqtt.status, mqtt.body["errors"][0]["loc"]) == (422, ["body", "kind"])
    assert opens == [401, 200]
    assert ended.status == 204
    assert after == [401, 200]


async def test_lists_come_in_pieces(relay: Relay) -> None:
    await relay.community()
    people = {(await relay.member()).id for _ in range(5)}

    first = await relay.owner("GET", "/v1/communities/bad/members?limit=3")
    second = await relay.owner("GET", f"/v1/communities/bad/members?limit=3&after={first.body['next']}")

    assert {one["id"] for one in (*first.body["items"], *second.body["items"])} == people
    assert (len(first.body["items"]), second.body["next"]) == (3, None)


async def test_staff_and_keys_come_and_go_and_the_log_says_who(relay: Relay) -> None:
    agent = await relay.staff(Role.AGENT)
    people = (await relay.owner("GET", "/v1/staff")).body["items"]
    (person,) = [one for one in people if one["role"] == "agent"]
    key = await relay.key("posts:read")
    (issued,) = (await relay.owner("GET", "/v1/keys")).body["items"]

    renewed = await relay.owner("POST", f"/v1/staff/{person['id']}/tokens")
    before = (await agent("GET", "/v1/communities")).status
    after = (await relay.caller(renewed.body["token"])("GET", "/v1/communities")).status
    gone = await relay.owner("DELETE", f"/v1/staff/{person['id']}")
    again = await relay.owner("DELETE", f"/v1/staff/{person['id']}")
    revoked = await relay.owner("DELETE", f"/v1/keys/{issued['id']}")
    log = (await relay.owner("GET", "/v1/audit")).body["items"]

    assert (before, after, gone.status, again.status, revoked.status) == (401, 200, 204, 404, 204)
    assert (await key("GET", "/v1/communities")).status == 401
    assert [one["action"] for one in log[:3]] == ["key.revoke", "staff.remove", "staff.token"]


async def test_the_last_owner_stays(relay: Relay) -> None:
    me = (await relay.owner("GET", "/v1/staff")).body["items"][0]["id"]

    refused = await relay.owner("DELETE", f"/v1/staff/{me}")

    assert refused.status == 409


async def test_reading_a_thread_is_written_to_the_log(relay: Relay) -> None:
    await relay.community()
    await relay.reply(await relay.member(), "hello")
    thread = await relay.only_thread()

    await relay.owner("GET", f"/v1/threads/{thread}/messages")

    last = (await relay.owner("GET", "/v1/audit?limit=1")).body["items"][0]
    assert (last["action"], last["subject"]) == ("thread.read", thread)


async def test_a_snoozed_thread_comes_back_when_its_time_is_over(relay: Relay) -> None:
    await relay.community()
    await relay.reply(await relay.member(), "hello")
    path = f"/v1/threads/{await relay.only_thread()}"
    version = (await relay.owner("GET", path)).body["version"]
    until = (relay.clock.now() + timedelta(hours=1)).isoformat()
    await relay.owner("PATCH", path, {"version": version, "state": "snoozed", "snoozed_until": until})

    asleep = [await _of_state(relay, state) for state in ("open", "snoozed")]
    relay.clock.pass_(3600)
    awake = [await _of_state(relay, state) for state in ("open", "snoozed")]

    assert (asleep, awake) == ([[], ["snoozed"]], [["open"], []])
    assert (await relay.owner("GET", path)).body["state"] == "open"


async def _of_state(relay: Relay, state: str) -> list[str]:
    found = await relay.owner("GET", f"/v1/communities/bad/threads?state={state}")
    return [thread["state"] for thread in found.body["items"]]
