"""What staff write is looked at before it leaves: words or a number of another member, until somebody says why."""

import pytest

from relay.core.staff import Role
from tests.web.conftest import Person, Relay, is_problem

BENS = "My mother is in hospital until Friday, so please cancel. My number is 0170 1234567."
WORDS = "My mother is in hospital until Friday"
WHY = "agreed"


async def both(relay: Relay) -> tuple[Person, Person, str]:
    """Anna, Ben who said something, and Anna's thread."""
    await relay.community()
    anna, ben = await relay.member(), await relay.member()
    await relay.reply(anna, "Is the course on?")
    thread = await relay.only_thread()
    await relay.reply(ben, BENS)
    return anna, ben, thread


async def test_an_answer_with_another_members_words_waits_for_a_reason(relay: Relay) -> None:
    anna, _, thread = await both(relay)
    eva = await relay.staff(Role.AGENT)
    path = f"/v1/threads/{thread}/messages"

    stopped = await eva("POST", path, {"text": f"He wrote: {WORDS}."})
    before = (await anna.call("GET", "/v1/me/items")).body["items"]
    sent = await eva("POST", path, {"text": f"He wrote: {WORDS}.", "despite": WHY})
    after = (await anna.call("GET", "/v1/me/items")).body["items"]

    assert is_problem(stopped, 409)
    assert stopped.body["type"] == "/docs/errors#doubtful"
    (fault,) = stopped.body["errors"]
    assert fault["loc"] == ["body", "text", "words", 10, 10 + len(WORDS)]
    assert fault["msg"] == "these are words from the conversation with another member"
    assert sent.status == 202
    assert [one["text"] for one in after[len(before) :]] == [f"He wrote: {WORDS}."]
    (noted,) = [one for one in (await relay.owner("GET", "/v1/audit")).body["items"] if one["action"] == "thread.answer"]
    assert noted["detail"] == {"message": sent.body["id"], "despite": WHY, "cautions": "words"}


@pytest.mark.parametrize("where", ["answer", "first", "post"])
async def test_a_number_of_another_member_is_found_on_every_way_out(relay: Relay, where: str) -> None:
    anna, _, thread = await both(relay)
    paths = {
        "answer": f"/v1/threads/{thread}/messages",
        "first": f"/v1/members/{anna.id}/messages",
        "post": "/v1/communities/bad/posts",
    }

    stopped = await relay.owner("POST", paths[where], {"text": "Call +49 170 1234567"})
    sent = await relay.owner("POST", paths[where], {"text": "Call +49 170 1234567", "despite": WHY})

    assert is_problem(stopped, 409)
    assert [error["loc"][2] for error in stopped.body["errors"]] == ["contact"]
    assert sent.status == 202


async def test_the_same_answer_goes_to_whom_it_belongs(relay: Relay) -> None:
    _, ben, _ = await both(relay)

    said = await relay.owner("POST", f"/v1/members/{ben.id}/messages", {"text": f"You said: {BENS}"})

    assert said.status == 202


async def test_a_note_stays_among_staff_and_a_system_cannot_look_again(relay: Relay) -> None:
    _, _, thread = await both(relay)
    path = f"/v1/threads/{thread}/messages"

    note = await relay.owner("POST", path, {"text": BENS, "internal": True})
    by_key = await (await relay.key("threads:write"))("POST", path, {"text": BENS})

    assert (note.status, by_key.status) == (202, 202)


async def test_who_was_erased_is_compared_with_no_more(relay: Relay) -> None:
    _, ben, thread = await both(relay)
    await ben.call("DELETE", "/v1/me")

    said = await relay.owner("POST", f"/v1/threads/{thread}/messages", {"text": WORDS})

    assert said.status == 202


async def test_a_reason_is_one_of_a_few_for_the_audit_log_keeps_no_texts(relay: Relay) -> None:
    _, _, thread = await both(relay)

    said = await relay.owner("POST", f"/v1/threads/{thread}/messages", {"text": WORDS, "despite": WORDS})

    assert is_problem(said, 422)
