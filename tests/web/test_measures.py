"""Measures over HTTP and on the member's pages: refused by name, the text kept, the end shown, objected to once."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from relay.core.moment import rfc3339
from relay.core.staff import Role
from tests.web.browser import Browser
from tests.web.conftest import Person, Relay
from tests.web.test_staff_stream import hello, until

DAY = timedelta(days=1)


async def impose(relay: Relay, member: str, kind: str = "mute") -> dict[str, Any]:
    body = {"kind": kind, "until": rfc3339(relay.clock.now() + DAY), "reason": "Insults."}
    found: dict[str, Any] = (await relay.owner("POST", f"/v1/members/{member}/measures", body)).body
    return found


async def only_member(relay: Relay) -> str:
    (member,) = (await relay.owner("GET", "/v1/communities/bad/members")).body["items"]
    return str(member["id"])


@pytest.fixture
async def anna(relay: Relay) -> Person:
    await relay.community()
    return await relay.member()


async def test_a_muted_member_is_refused_by_name_with_the_end_and_it_comes(relay: Relay, anna: Person) -> None:
    measure = await impose(relay, anna.id)
    say = {"client_id": "c1", "text": "Hello?"}

    refused = await anna.call("POST", "/v1/me/messages", say)
    (own,) = (await anna.call("GET", "/v1/me/measures")).body["items"]
    relay.clock.pass_(DAY.total_seconds())
    taken = await anna.call("POST", "/v1/me/messages", say)

    assert (refused.status, refused.body["type"]) == (403, "/docs/errors#muted")
    assert datetime.fromisoformat(refused.body["until"]) == datetime.fromisoformat(measure["until"])
    assert (own["kind"], own["until"], own["reason"]) == ("mute", measure["until"], "Insults.")
    assert taken.status == 202
    assert (await anna.call("GET", "/v1/me/measures")).body["items"] == []


async def test_rejecting_and_muting_is_one_act_however_often_it_is_sent(relay: Relay, anna: Person) -> None:
    await relay.reply(anna, "hold You fool")
    (case,) = (await relay.owner("GET", "/v1/communities/bad/cases")).body["items"]
    until = rfc3339(relay.clock.now() + DAY)
    body = {"action": "reject", "reason": "Insults.", "measure": {"kind": "mute", "until": until}}

    answers = [await relay.owner("POST", f"/v1/cases/{case['id']}:decide", body, Idempotency_Key="k1") for _ in range(2)]

    assert (answers[0].status, answers[0].body["state"], answers[0].raw) == (200, "rejected", answers[1].raw)
    (measure,) = (await relay.owner("GET", f"/v1/members/{anna.id}/measures")).body["measures"]
    assert (measure["id"], measure["kind"], measure["case"]) == (answers[0].body["measure"], "mute", case["id"])
    assert (await anna.call("POST", "/v1/me/messages", {"client_id": "c2", "text": "Hello?"})).status == 403


async def test_what_steers_the_relay_passes_a_mute(relay: Relay, anna: Person) -> None:
    measure = await impose(relay, anna.id)

    answers = [
        await anna.call("POST", "/v1/me/messages", {"client_id": "c1", "text": "STOP"}),
        await anna.call("POST", "/v1/me/appeals", {"case": measure["id"], "text": "That was not me"}),
        await anna.call("POST", "/v1/me/leave", {}),
        await anna.call("GET", "/v1/me/export"),
        await anna.call("DELETE", "/v1/me"),
    ]

    assert [answer.status for answer in answers] == [202, 202, 204, 200, 204]
    assert (await relay.owner("GET", f"/v1/members/{anna.id}/measures")).status == 404


async def test_staff_see_strikes_and_measures_and_who_objected(relay: Relay, anna: Person) -> None:
    measure = await impose(relay, anna.id)
    await anna.call("POST", "/v1/me/appeals", {"case": measure["id"], "text": "That was not me"})

    against = (await relay.owner("GET", f"/v1/members/{anna.id}/measures")).body

    assert (against["points"], against["strikes"]) == (0, [])
    (found,) = against["measures"]
    assert (found["is_in_force"], found["member"], found["by"]) == (True, anna.id, measure["by"])
    assert found["objected_at"] is not None


async def test_who_is_in_shadow_mode_sees_what_everybody_sees_until_they_read_their_export(relay: Relay, anna: Person) -> None:
    measure = await impose(relay, anna.id, "shadow")
    said = await anna.call("POST", "/v1/me/messages", {"client_id": "c1", "text": "Hello?"})

    own = (await anna.call("GET", "/v1/me/measures")).body["items"]
    items = (await anna.call("GET", "/v1/me/items")).body["items"]
    threads = (await relay.owner("GET", "/v1/communities/bad/threads")).body["items"]
    kept = (await relay.owner("GET", f"/v1/members/{anna.id}/shadow")).body["items"]
    against = (await relay.owner("GET", f"/v1/members/{anna.id}/measures")).body
    (time,) = (await anna.call("GET", "/v1/me/export")).body["kept_from_the_team"]

    assert (said.status, own, [item["text"] for item in items]) == (202, [], ["Hello?"])
    assert (threads, [one["text"] for one in kept]) == ([], ["Hello?"])
    assert (against["may_shadow"], against["measures"][0]["kept"]) == (True, 1)
    assert (time["measure"], time["reason"], len(time["messages"])) == (measure["id"], "Insults.", 1)


async def test_an_end_in_the_past_is_no_measure(relay: Relay, anna: Person) -> None:
    body = {"kind": "ban", "until": rfc3339(relay.clock.now() - DAY), "reason": "Insults."}

    refused = await relay.owner("POST", f"/v1/members/{anna.id}/measures", body)

    assert (refused.status, refused.body["errors"]) == (422, [{"loc": ["body", "until"], "msg": "lies in the past"}])


async def test_the_page_shows_what_holds_and_keeps_the_text_of_who_is_muted(relay: Relay, ada: Browser) -> None:
    await impose(relay, await only_member(relay))

    stream = await ada.open("/c/bad")
    refused = await ada.submit("/messages", text="Ten minutes of work")

    assert "You cannot write to the team until" in stream.text
    assert (refused.status, "Ten minutes of work" in refused.html) == (403, True)
    assert "Nothing was sent." in refused.text


async def test_the_page_lets_a_muted_member_object_once(relay: Relay, ada: Browser) -> None:
    member = await only_member(relay)
    await impose(relay, member)
    form = (await ada.open("/c/bad")).form("/appeal")

    again = await ada.send(form, text="That was not me")

    assert [form for form in again.forms if form.action.endswith("/appeal")] == []
    (thread,) = (await relay.owner("GET", "/v1/communities/bad/threads")).body["items"]
    messages = (await relay.owner("GET", f"/v1/threads/{thread['id']}/messages")).body["items"]
    assert [message["text"] for message in messages if message["role"] == "member"] == ["That was not me"]


async def test_an_objection_is_listed_with_what_was_said_and_answered_by_another_person(relay: Relay, anna: Person) -> None:
    measure = await impose(relay, anna.id)
    await anna.call("POST", "/v1/me/appeals", {"case": measure["id"], "text": "That was not me"})
    moderator = await relay.staff(Role.MODERATOR)
    path, body = f"/v1/measures/{measure['id']}:answer", {"action": "uphold", "reason": "Three insults."}

    (found,) = (await moderator("GET", "/v1/communities/bad/objections")).body["items"]
    denied = await relay.owner("POST", path, body)
    answers = [await moderator("POST", path, body, Idempotency_Key="k1") for _ in range(2)]

    assert (found["measure"]["id"], found["text"], found["member"]["id"]) == (measure["id"], "That was not me", anna.id)
    assert (denied.status, [one.status for one in answers], answers[0].raw) == (403, [200, 200], answers[1].raw)
    assert (answers[0].body["is_in_force"], answers[0].body["answer"]) == (True, "Three insults.")
    assert (await moderator("GET", "/v1/communities/bad/objections")).body["items"] == []
    assert (await relay.owner("GET", "/v1/communities/bad/counts")).body["cases"]["objected"] == 0


async def test_what_ended_is_not_shown_any_more(relay: Relay, ada: Browser) -> None:
    measure = await impose(relay, await only_member(relay), "slow")
    before = await ada.open("/c/bad")

    await relay.owner("POST", f"/v1/measures/{measure['id']}:lift", {})
    after = await ada.open("/c/bad")

    assert "Slow mode until" in before.text
    assert "Slow mode until" not in after.text
    assert "No longer in force for you: the slow mode." in after.text


async def test_staff_who_may_moderate_hear_what_is_imposed_objected_to_and_ended(relay: Relay, anna: Person) -> None:
    moderator, agent = await relay.staff(Role.MODERATOR), await relay.staff(Role.AGENT)
    async with moderator.stream() as socket, agent.stream() as other:
        for one in (socket, other):
            await hello(one)
        measure = await impose(relay, anna.id)
        await anna.call("POST", "/v1/me/appeals", {"case": measure["id"], "text": "That was not me"})
        await relay.owner("POST", f"/v1/measures/{measure['id']}:lift", {})
        told = await until(socket, "measure.ended")
        await relay.post()
        heard = [one["event"] for one in await until(other, "post.accepted")]

    assert [(one["event"], one["measure"], one["member"], one["community"]) for one in told] == [
        (name, measure["id"], anna.id, "bad") for name in ("measure.imposed", "measure.objected", "measure.ended")
    ]
    assert (told[0]["kind"], told[0]["until"], "Insults" in str(told)) == ("mute", measure["until"], False)
    assert [name for name in heard if name.startswith("measure.")] == []


async def test_an_appeal_that_succeeds_is_told_as_what_it_takes_back(relay: Relay, anna: Person) -> None:
    await relay.reply(anna, "hold You fool")
    (case,) = (await relay.owner("GET", "/v1/communities/bad/cases")).body["items"]
    path, until_ = f"/v1/cases/{case['id']}:decide", rfc3339(relay.clock.now() + DAY)
    term = {"kind": "mute", "until": until_}
    made = await relay.owner("POST", path, {"action": "reject", "reason": "Insults.", "measure": term})
    await anna.call("POST", "/v1/me/appeals", {"case": case["id"], "text": "It is a bird"})
    moderator = await relay.staff(Role.MODERATOR)
    async with moderator.stream() as socket:
        await hello(socket)
        await moderator("POST", path, {"action": "deliver"})
        last = (await until(socket, "measure.taken_back"))[-1]

    assert (last["member"], last["case"], last["measures"]) == (anna.id, case["id"], [made.body["measure"]])
