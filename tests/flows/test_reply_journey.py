"""Member reply -> moderation -> private thread -> staff answer -> that member alone."""

import asyncio
from dataclasses import replace

import pytest

from relay.core.case import CaseState, Finding, Ruling
from relay.core.errors import Conflict, Denied, Invalid, Stale, Unknown
from relay.core.member import Standing
from relay.core.post import Button, Draft
from relay.core.stream import ItemKind, Sender
from relay.core.thread import Message, Status, Thread, ThreadEdit, ThreadState
from relay.core.verdict import Action, Decision, MemberFacts, Seen, Signal, Submission
from relay.flows.judge import Judging
from relay.flows.receive import Reply
from relay.ports import Paging, SignedIn, ThreadFilter
from tests.flows.conftest import EVA, JAN, PERSON, House

HOLD = Decision(Action.HOLD, 5.0, signals=(Seen(Signal("words.insult", reason="an insult"), "words", "1", 5.0),))
TOLD = {"en": "it holds an insult", "de": "sie enthält eine Beleidigung"}
REJECT = Decision(Action.REJECT, 9.0, signals=(Seen(Signal("words.insult", reason="an insult"), "words", "1", 9.0, told=TOLD),))


async def _threads(house: House, community: int) -> tuple[Thread, ...]:
    return (await house.store.threads(community, ThreadFilter(), Paging())).items


async def _messages(house: House, thread: Thread) -> list[Message]:
    return list((await house.store.messages(thread.n, Paging())).items)


async def test_a_reply_to_a_post_becomes_a_thread_that_knows_the_post(house: House) -> None:
    community = await house.community()
    member = await house.member(community)
    post = await house.publish.post(community, Draft("Closed tomorrow"), EVA)
    await house.release()

    stored = await house.receive.reply(member, Reply("Is the pool open?", "web", "c1", post.id))

    (thread,) = await _threads(house, community.n)
    (message,) = await _messages(house, thread)
    assert (thread.post, thread.state, thread.pseudonym) == (post.id, ThreadState.OPEN, member.member.pseudonym)
    assert (message.id, message.text, message.status) == (stored.id, "Is the pool open?", Status.FILED)


async def test_the_members_own_message_stands_in_their_stream(house: House) -> None:
    community = await house.community()
    member = await house.member(community)

    stored = await house.receive.reply(member, Reply("Hello", "web", "c1"))

    (item,) = await house.store.of(member.member.n).items(0, 10)
    assert (item.seq, item.id, item.sender, item.kind) == (1, stored.id, Sender.SELF, ItemKind.MESSAGE)


async def test_a_repeated_client_id_is_answered_the_same_and_stored_once(house: House) -> None:
    community = await house.community()
    member = await house.member(community)

    first = await house.receive.reply(member, Reply("Hello", "web", "c1"))
    again = await house.receive.reply(member, Reply("Hello", "web", "c1"))

    assert (again.id, again.at) == (first.id, first.at)
    assert len(house.filed()) == 1
    with pytest.raises(Invalid):
        await house.receive.reply(member, Reply("Something else", "web", "c1"))


async def test_the_same_client_id_sent_at_once_from_two_devices_is_stored_once(house: House) -> None:
    community = await house.community()
    member = await house.member(community)

    answers = await asyncio.gather(*(house.receive.reply(member, Reply("Hello", "web", "c1")) for _ in range(8)))

    assert len({answer.id for answer in answers}) == 1
    assert len(house.filed()) == 1


async def test_many_first_messages_at_once_make_one_thread(house: House) -> None:
    community = await house.community()
    member = await house.member(community)

    await asyncio.gather(*(house.receive.reply(member, Reply(f"Hello {n}", "web", f"c{n}")) for n in range(5)))

    (thread,) = await _threads(house, community.n)
    assert len(await _messages(house, thread)) == 5
    assert [item.seq for item in await house.store.of(member.member.n).items(0, 10)] == [1, 2, 3, 4, 5]


async def test_two_members_with_the_same_client_id_have_nothing_to_do_with_each_other(house: House) -> None:
    community = await house.community()
    one, other = await house.member(community), await house.member(community)

    await house.receive.reply(one, Reply("mine", "web", "c1"))
    await house.receive.reply(other, Reply("yours", "web", "c1"))

    assert [item.text for item in await house.store.of(one.member.n).items(0, 10)] == ["mine"]
    assert len(await _threads(house, community.n)) == 2


async def test_another_members_message_cannot_be_answered(house: House) -> None:
    community = await house.community()
    one, other = await house.member(community), await house.member(community)
    stored = await house.receive.reply(one, Reply("mine", "web", "c1"))

    with pytest.raises(Unknown):
        await house.receive.reply(other, Reply("yours", "web", "c2", stored.id))


async def test_staff_answer_and_that_member_alone_gets_it(house: House) -> None:
    community = await house.community()
    asking, other = await house.member(community), await house.member(community)
    await house.receive.reply(asking, Reply("Is the pool open?", "web", "c1"))
    (thread,) = await _threads(house, community.n)

    answer = await house.answer.send(EVA, thread, "Only the sauna.")

    items = await house.store.of(asking.member.n).items(1, 10)
    assert [(item.id, item.sender, item.name) for item in items] == [(answer.id, Sender.STAFF, "Bad am See")]
    assert await house.store.of(other.member.n).items(0, 10) == []


async def test_a_note_reaches_nobody_outside_staff(house: House) -> None:
    community = await house.community()
    member = await house.member(community)
    await house.receive.reply(member, Reply("Is the pool open?", "web", "c1"))
    (thread,) = await _threads(house, community.n)

    await house.answer.note(EVA, thread, "asked three times")

    assert [message.internal for message in await _messages(house, thread)] == [False, True]
    assert len(await house.store.of(member.member.n).items(0, 10)) == 1


async def test_a_closed_thread_opens_again_when_the_member_answers_in_it(house: House) -> None:
    community = await house.community()
    member = await house.member(community)
    first = await house.receive.reply(member, Reply("Hello", "web", "c1"))
    (thread,) = await _threads(house, community.n)
    await house.answer.edit(EVA, thread, thread.version, ThreadEdit(state=ThreadState.CLOSED))

    await house.receive.reply(member, Reply("One more thing", "web", "c2", first.id))

    (again,) = await _threads(house, community.n)
    assert again.state is ThreadState.OPEN


async def test_an_edit_of_a_thread_that_moved_on_is_refused(house: House) -> None:
    community = await house.community()
    member = await house.member(community)
    await house.receive.reply(member, Reply("Hello", "web", "c1"))
    (thread,) = await _threads(house, community.n)
    await house.answer.edit(EVA, thread, thread.version, ThreadEdit(labels=("pool",)))

    with pytest.raises(Stale):
        await house.answer.edit(JAN, thread, thread.version, ThreadEdit(labels=("sauna",)))


async def test_one_person_answers_at_a_time(house: House) -> None:
    community = await house.community()
    member = await house.member(community)
    await house.receive.reply(member, Reply("Hello", "web", "c1"))
    (thread,) = await _threads(house, community.n)

    await house.answer.take(EVA, thread)
    (held,) = await _threads(house, community.n)
    with pytest.raises(Conflict, match="Eva"):
        await house.answer.take(JAN, held)
    house.clock.pass_(121)

    await house.answer.take(JAN, held)


async def test_a_held_message_is_told_like_any_other_and_stands_in_its_thread(house: House) -> None:
    community = await house.community()
    member = await house.member(community)
    house.moderation.next = HOLD

    await house.receive.reply(member, Reply("You idiot", "web", "c1"))

    (thread,) = await _threads(house, community.n)
    assert [message.status for message in await _messages(house, thread)] == [Status.HELD]
    assert [item.kind for item in await house.store.of(member.member.n).items(0, 10)] == [ItemKind.MESSAGE]
    (case,) = (await house.store.cases(community.n, CaseState.OPEN, Paging())).items
    assert case.text == "You idiot"


async def _held_case(house: House) -> tuple[SignedIn, int]:
    community = await house.community()
    member = await house.member(community)
    house.moderation.next = HOLD
    await house.receive.reply(member, Reply("You idiot", "web", "c1"))
    return member, community.n


async def test_a_rejection_is_told_with_its_reason_and_can_be_appealed_once(house: House) -> None:
    member, community = await _held_case(house)
    (view,) = (await house.store.cases(community, None, Paging())).items

    await house.review.decide(EVA, view, Finding(Ruling.REJECT, "insults staff"))

    notice = (await house.store.of(member.member.n).items(1, 10))[0]
    assert (notice.kind, notice.case) == (ItemKind.NOTICE, view.case.id)
    assert "insults staff" in notice.text
    await house.review.appeal(member, view.case.id, "It was a joke")
    with pytest.raises(Conflict):
        await house.review.appeal(member, view.case.id, "Really")


async def test_an_appeal_is_heard_by_another_person(house: House) -> None:
    member, community = await _held_case(house)
    (view,) = (await house.store.cases(community, None, Paging())).items
    await house.review.decide(EVA, view, Finding(Ruling.REJECT, "insults staff"))
    await house.review.appeal(member, view.case.id, "It was a joke")
    (appealed,) = (await house.store.cases(community, CaseState.APPEALED, Paging())).items

    with pytest.raises(Denied):
        await house.review.decide(EVA, appealed, Finding(Ruling.DELIVER))
    await house.review.decide(JAN, appealed, Finding(Ruling.DELIVER))

    (thread,) = await _threads(house, community)
    assert (await _messages(house, thread))[0].status is Status.FILED
    assert len(await house.store.of(member.member.n).items(0, 10)) == 3


async def test_a_silent_hold_cannot_be_found_out_by_an_appeal(house: House) -> None:
    member, community = await _held_case(house)
    (view,) = (await house.store.cases(community, None, Paging())).items

    with pytest.raises(Unknown):
        await house.review.appeal(member, view.case.id, "Why?")


async def test_a_case_is_not_decided_twice(house: House) -> None:
    _, community = await _held_case(house)
    (view,) = (await house.store.cases(community, None, Paging())).items
    await house.review.decide(EVA, view, Finding(Ruling.DELIVER))

    with pytest.raises(Stale):
        await house.review.decide(JAN, view, Finding(Ruling.REJECT, "no"))


async def test_a_rejection_by_rule_is_told_at_once(house: House) -> None:
    community = await house.community()
    member = await house.member(community)
    house.moderation.next = REJECT

    await house.receive.reply(member, Reply("You idiot", "web", "c1"))

    own, notice = await house.store.of(member.member.n).items(0, 10)
    assert (own.sender, notice.sender) == (Sender.SELF, Sender.RELAY)
    assert "it holds an insult" in notice.text


async def test_a_rejection_by_rule_speaks_the_members_language_and_staff_keep_their_reasons(house: House) -> None:
    community = await house.community()
    member = await house.member(community, replace(PERSON, language="de"))
    house.moderation.next = REJECT

    await house.receive.reply(member, Reply("Du Idiot", "web", "c1"))

    *_, notice = await house.store.of(member.member.n).items(0, 10)
    (view,) = (await house.store.cases(community.n, None, Paging())).items
    assert "„sie enthält eine Beleidigung“" in notice.text
    assert view.reason == "an insult"


async def test_broken_moderation_holds_the_message_for_staff(house: House) -> None:
    async def broken(_: Submission) -> Decision:
        raise RuntimeError

    decision = await Judging(broken)(_submission(house))

    assert decision.action is Action.HOLD
    assert decision.failures == (("moderation", "RuntimeError"),)


def _submission(house: House, text: str = "Hello") -> Submission:
    return Submission("s", "bad", MemberFacts("m", house.clock.now()), "web", text, house.clock.now())


async def test_stop_is_obeyed_before_moderation_and_start_comes_back(house: House) -> None:
    community = await house.community()
    member = await house.member(community)
    house.moderation.next = REJECT

    await house.receive.reply(member, Reply("STOP", "web", "c1"))
    left = await house.store.member(member.member.id)
    assert left is not None
    assert left.standing is Standing.LEFT
    assert house.moderation.asked == []

    signed = SignedIn(member.token, left, member.community, member.cursors)
    await house.receive.reply(signed, Reply("Start", "web", "c2"))

    back = await house.store.member(member.member.id)
    assert back is not None
    assert back.standing is Standing.ACTIVE
    assert len(await house.store.consents(back.n)) == 2


async def test_stop_is_obeyed_even_when_another_device_said_start_a_moment_ago(house: House) -> None:
    community = await house.community()
    member = await house.member(community)
    await house.receive.reply(member, Reply("STOP", "web", "c1"))
    left = await house.store.member(member.member.id)
    assert left is not None
    before = SignedIn(member.token, left, member.community, member.cursors)

    await house.receive.reply(before, Reply("START", "web", "c2"))
    await house.receive.reply(before, Reply("STOP", "web", "c3"))

    found = await house.store.member(member.member.id)
    assert found is not None
    assert found.standing is Standing.LEFT


async def test_start_without_a_stop_is_no_second_consent(house: House) -> None:
    community = await house.community()
    member = await house.member(community)

    await house.receive.reply(member, Reply("START", "web", "c1"))

    assert len(await house.store.consents(member.member.n)) == 1


async def test_a_button_is_pressed_and_pressed_again(house: House) -> None:
    community = await house.community()
    member, other = await house.member(community), await house.member(community)
    post = await house.publish.post(community, Draft("Coming?", buttons=(Button("y", "Yes"), Button("n", "No"))), EVA)
    await house.release()

    await house.receive.press(member, post.id, "y")
    await house.receive.press(member, post.id, "n")
    await house.receive.press(other, post.id, "y")

    found = await house.store.post(post.id)
    assert found is not None
    assert await house.store.post_presses(found.n) == {"y": 1, "n": 1}


async def test_a_post_that_one_did_not_get_has_no_buttons(house: House) -> None:
    community = await house.community()
    post = await house.publish.post(community, Draft("Coming?", buttons=(Button("y", "Yes"),)), EVA)
    late = await house.member(community)

    with pytest.raises(Unknown):
        await house.receive.press(late, post.id, "y")


async def test_staff_write_first_and_go_on_in_the_same_thread(house: House) -> None:
    community = await house.community()
    member = await house.member(community)

    await house.answer.write_first(EVA, member.member, "Your order is here.")
    await house.answer.write_first(EVA, member.member, "Until six.")
    await house.receive.reply(member, Reply("Thanks", "web", "c1"))

    (thread,) = await _threads(house, community.n)
    assert [message.text for message in await _messages(house, thread)] == ["Your order is here.", "Until six.", "Thanks"]


async def test_an_export_holds_all_of_ones_own_and_nothing_else(house: House) -> None:
    community = await house.community()
    member, other = await house.member(community), await house.member(community)
    await house.receive.reply(member, Reply("mine-7f3a", "web", "c1"))
    await house.receive.reply(other, Reply("yours-9b1c", "web", "c1"))

    export = str(await house.store.of(member.member.n).export())

    assert "mine-7f3a" in export
    assert "yours-9b1c" not in export
    assert other.member.id not in export
