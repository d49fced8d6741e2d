"""The contract on threads, messages and cases, on every engine: everything once, in one thread, for one member."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from relay.core.case import CaseState
from relay.core.change import (
    AddNote,
    Appeal,
    EditThread,
    Filed,
    FileReply,
    FreeLease,
    Rule,
    SendMessage,
    TakeLease,
)
from relay.core.errors import Conflict, Stale, Taken
from relay.core.identity import token_digest
from relay.core.member import Member
from relay.core.stream import Sender
from relay.core.thread import NewThread, Role, Status, Thread, ThreadEdit, ThreadState
from relay.core.verdict import Action, Decision, Seen, Signal
from relay.ports import Paging, ThreadFilter
from tests.stores.conftest import ALLOWED, HELD, REJECTED, World

ANY = ThreadFilter()


async def test_a_reply_is_filed_with_its_thread_and_place_in_the_stream(world: World) -> None:
    community = await world.community()
    member = await world.member(community)
    post = await world.posted(community)
    change = world.reply(member, NewThread(world.ids(), post.n))

    filed = await world.filed(change)

    thread = await world.store.thread(change.filing.thread.id)
    assert thread is not None
    assert filed == Filed(thread.n, 2)
    assert (thread.post, thread.member_id, thread.state, thread.version) == (post.id, member.id, ThreadState.OPEN, 1)
    assert (await world.store.messages(thread.n, Paging())).items == (change.filing.message,)


async def test_the_same_client_id_is_taken_for_its_member_alone(world: World) -> None:
    community = await world.community()
    one, two = await world.members(community, 2)
    thread = await world.replied(one)
    change = with_client_id(world.reply(one, thread.ref), "c1")
    await world.store.commit(change)

    with pytest.raises(Taken):
        await world.store.commit(with_client_id(world.reply(one, thread.ref), "c1"))
    await world.store.commit(with_client_id(world.reply(two), "c1"))

    around = await world.store.of(one.n).surroundings("c1", None)
    assert around.stored is not None
    assert (around.stored.id, around.stored.digest) == (change.filing.message.id, token_digest("When does it come?"))
    assert len(await world.store.of(one.n).items(0, 10)) == 2


async def test_a_member_has_one_thread_for_a_post_and_one_open_one_without(world: World) -> None:
    community = await world.community()
    member = await world.member(community)
    post = await world.posted(community)
    alone = await world.replied(member)
    await world.store.commit(world.reply(member, NewThread(world.ids(), post.n)))

    for again in (NewThread(world.ids(), post.n), NewThread(world.ids(), None)):
        with pytest.raises(Stale):
            await world.store.commit(world.reply(member, again))
    await close(world, alone)
    await world.store.commit(world.reply(member, NewThread(world.ids(), None)))

    assert len((await world.store.threads(community.n, ANY, Paging())).items) == 3
    assert len(await world.store.of(member.n).items(0, 10)) == 4


async def test_a_reply_reopens_its_thread_even_beside_another_open_one(world: World) -> None:
    member = await world.member(await world.community())
    first = await world.replied(member)
    await close(world, first)
    await world.replied(member)

    await world.store.commit(world.reply(member, first.ref))

    found = await world.store.thread(first.id)
    assert found is not None
    assert found.state is ThreadState.OPEN


async def test_what_nobody_will_read_brings_no_thread_back(world: World) -> None:
    member = await world.member(await world.community())
    thread = await world.replied(member)
    await close(world, thread)
    world.clock.pass_(60)

    await world.store.commit(world.reply(member, thread.ref, REJECTED))

    found = await world.store.thread(thread.id)
    assert found is not None
    assert (found.state, found.active_at) == (ThreadState.CLOSED, thread.active_at)


async def test_an_answer_waits_for_the_member_and_their_reply_reopens(world: World) -> None:
    community = await world.community()
    member = await world.member(community)
    thread = await world.replied(member)
    answer = replace(world.message(member, "Soon.", Role.STAFF), author="eva")

    (filed,) = await world.store.commit(SendMessage(answer, thread.ref, community.n))

    waiting = await world.store.thread(thread.id)
    assert waiting is not None
    assert (filed, waiting.state) == (Filed(thread.n, 2), ThreadState.WAITING)
    item = (await world.store.of(member.n).items(1, 10))[0]
    assert (item.sender, item.name, item.text, item.id) == (Sender.STAFF, community.name, "Soon.", answer.id)
    await world.store.commit(world.reply(member, thread.ref))
    opened = await world.store.thread(thread.id)
    assert opened is not None
    assert opened.state is ThreadState.OPEN


async def test_a_note_is_seen_by_staff_and_is_nothing_to_the_member(world: World) -> None:
    member = await world.member(await world.community())
    thread = await world.replied(member)
    note = replace(world.message(member, "Knows the director.", Role.STAFF), author="eva", internal=True)

    await world.store.commit(AddNote(note, thread.ref))

    assert note in (await world.store.messages(thread.n, Paging())).items
    own = world.store.of(member.n)
    assert len(await own.items(0, 10)) == 1
    assert (await own.surroundings(None, note.id)).answered is None
    assert "director" not in str(await own.export())


async def test_a_thread_is_edited_by_version(world: World) -> None:
    community = await world.community()
    thread = await world.replied(await world.member(community))
    now = world.clock.now()
    edit = ThreadEdit(ThreadState.SNOOZED, now + timedelta(1), "eva", ("b", "a"))

    await world.store.commit(EditThread(thread.ref, edit, now))
    with pytest.raises(Stale):
        await world.store.commit(EditThread(thread.ref, ThreadEdit(assignee="jan"), now))

    edited = await world.store.thread(thread.id)
    assert edited is not None
    assert (edited.state, edited.snoozed_until, edited.assignee) == (ThreadState.SNOOZED, now + timedelta(1), "eva")
    assert (edited.labels, edited.version) == (("b", "a"), 2)
    await world.store.commit(EditThread(edited.ref, ThreadEdit(assignee="", labels=("c",)), now))
    again = await world.store.thread(thread.id)
    assert again is not None
    assert (again.state, again.assignee, again.labels) == (ThreadState.SNOOZED, None, ("c",))
    assert await ids(world, community.n, ThreadFilter(label="c")) == [thread.id]
    assert await ids(world, community.n, ThreadFilter(label="a")) == []


async def test_a_snoozed_thread_counts_as_open_from_its_time_on(world: World) -> None:
    community = await world.community()
    thread = await world.replied(await world.member(community))
    now = world.clock.now()
    later = now + timedelta(hours=1)
    await world.store.commit(EditThread(thread.ref, ThreadEdit(ThreadState.SNOOZED, later), now))

    async def found(at: datetime) -> list[ThreadState]:
        states = (ThreadState.OPEN, ThreadState.SNOOZED, ThreadState.WAITING, ThreadState.CLOSED)
        return [state for state in states if await ids(world, community.n, ThreadFilter(state, now=at, text="when"))]

    snoozed = await world.store.thread(thread.id)
    assert snoozed is not None
    assert [snoozed.state_at(at) for at in (now, later)] == [ThreadState.SNOOZED, ThreadState.OPEN]
    assert [await found(at) for at in (now, later)] == [[ThreadState.SNOOZED], [ThreadState.OPEN]]


async def test_one_holds_the_lease_until_it_runs_out(world: World) -> None:
    thread = await world.replied(await world.member(await world.community()))
    now = world.clock.now()
    until = now + timedelta(minutes=2)
    await world.store.commit(TakeLease(thread.ref, "eva", "Eva", now, until))

    with pytest.raises(Conflict, match="Eva"):
        await world.store.commit(TakeLease(thread.ref, "jan", "Jan", now, until))
    await world.store.commit(TakeLease(thread.ref, "eva", "Eva", now, until))
    await world.store.commit(TakeLease(thread.ref, "jan", "Jan", until, until + timedelta(minutes=2)))
    await world.store.commit(FreeLease(thread.ref, "eva"))

    held = await world.store.thread(thread.id)
    assert held is not None
    assert held.lease is not None
    assert (held.lease.holder, held.version) == ("jan", thread.version)
    await world.store.commit(FreeLease(thread.ref, "jan"))
    free = await world.store.thread(thread.id)
    assert free is not None
    assert free.lease is None


async def test_threads_are_found_by_what_is_asked(world: World) -> None:
    community, other = await world.community("one"), await world.community("two")
    one, two = await world.members(community, 2)
    post = await world.posted(community)
    await world.replied(await world.member(other), text="Käse everywhere")
    cheese = await world.replied(one, text="Gibt es Käse in der Kantine?")
    world.clock.pass_(1)
    about_post = world.reply(two, NewThread(world.ids(), post.n), text="No cheese, please")
    await world.store.commit(about_post)
    await world.store.commit(EditThread(cheese.ref, ThreadEdit(assignee="eva"), world.clock.now()))
    await close(world, cheese, version=2)

    async def found(**wanted: object) -> list[str]:
        return await ids(world, community.n, ThreadFilter(**wanted))  # type: ignore[arg-type]

    newest = about_post.filing.thread.id
    assert await found() == [newest, cheese.id]
    assert await found(state=ThreadState.CLOSED) == [cheese.id]
    assert await found(assignee="eva") == [cheese.id]
    assert await found(assignee="eva", with_closed=False) == []
    assert await found(with_closed=False) == [newest]
    assert await found(post=post.id) == [newest]
    assert await found(member=one.id) == [cheese.id]
    assert await found(member=two.id, post=post.id) == [newest]
    assert await found(member=world.ids()) == []
    assert await found(text="kase kantine") == [cheese.id]
    assert await found(text="KÄS") == [cheese.id]
    assert await found(text="cheese", post=post.id, state=ThreadState.OPEN) == [newest]
    assert await found(text="cheese", state=ThreadState.CLOSED) == []
    for odd in ('"', "a OR b", "cheese NOT", "text:cheese", "*", "", "(", "ne*ar", "''; --"):
        assert await found(text=odd) == []


async def test_the_text_of_a_held_message_is_not_found_by_search(world: World) -> None:
    community = await world.community()
    await world.replied(await world.member(community), HELD, "something vile")

    assert await ids(world, community.n, ThreadFilter(text="vile")) == []


async def test_threads_and_messages_are_paged(world: World) -> None:
    community = await world.community()
    members = await world.members(community, 5)
    threads = [await world.replied(member) for member in members]
    for _ in range(4):
        await world.store.commit(world.reply(members[0], threads[0].ref))

    first = await world.store.threads(community.n, ANY, Paging(3))
    second = await world.store.threads(community.n, ANY, Paging(3, first.next))
    page = await world.store.messages(threads[0].n, Paging(3))
    rest = await world.store.messages(threads[0].n, Paging(3, page.next))

    assert {thread.id for thread in (*first.items, *second.items)} == {thread.id for thread in threads}
    assert (len(first.items), len(second.items), second.next) == (3, 2, None)
    assert (len(page.items), len(rest.items)) == (3, 2)


async def test_surroundings_place_a_reply_where_it_belongs(world: World) -> None:
    community = await world.community()
    member, other = await world.members(community, 2)
    post = await world.posted(community)
    own = world.store.of(member.n)

    before = await own.surroundings("c", None)
    assert (before.last_post, before.last_post_at, before.last_post_thread) == (post.n, post.accepted_at, None)
    assert (await own.surroundings("c", post.id)).post == post.n
    change = world.reply(member, NewThread(world.ids(), post.n))
    await world.store.commit(change)
    foreign = world.reply(other)
    await world.store.commit(foreign)

    after = await own.surroundings("c", post.id)
    assert after.post_thread is not None
    assert after.post_thread.id == change.filing.thread.id
    answered = (await own.surroundings("c", change.filing.message.id)).answered
    assert answered == after.post_thread
    assert (await own.surroundings("c", None)).latest == after.post_thread
    nothing = await own.surroundings("c", foreign.filing.message.id)
    assert (nothing.answered, nothing.post, nothing.latest) == (None, None, None)


async def test_messages_that_are_let_through_are_counted(world: World) -> None:
    community = await world.community()
    member = await world.member(community)
    thread = await world.replied(member)
    await world.store.commit(world.reply(member, thread.ref, HELD))
    (view,) = (await world.store.cases(community.n, None, Paging())).items

    before = await world.store.member(member.id)
    await world.store.commit(ruling(world, member, thread, view.case.id, CaseState.DELIVERED))

    after = await world.store.member(member.id)
    assert before is not None
    assert after is not None
    assert (before.approved, after.approved) == (1, 2)


async def test_a_held_message_is_decided_once(world: World) -> None:
    community = await world.community()
    member = await world.member(community)
    decision = Decision(Action.HOLD, 5.0, (Seen(Signal("insult", reason="an insult"), "words", "1", 5.0),))
    thread = await world.replied(member, decision, "You fools")
    (view,) = (await world.store.cases(community.n, CaseState.OPEN, Paging())).items
    assert (view.text, view.decision, view.reason, view.thread) == ("You fools", "hold", "an insult", thread.id)
    notice = replace(world.message(member, "Not accepted.", Role.RELAY), case=view.case.id)
    change = replace(ruling(world, member, thread, view.case.id, CaseState.REJECTED), notice=notice)

    (filed,) = await world.store.commit(change)
    with pytest.raises(Stale):
        await world.store.commit(change)

    decided = await world.store.case(view.case.id)
    assert decided is not None
    assert (decided.case.state, decided.case.decided_by, decided.reason) == (CaseState.REJECTED, "eva", "because")
    assert filed == Filed(thread.n, 2, 2)
    assert [message.status for message in (await world.store.messages(thread.n, Paging())).items] == [
        Status.REJECTED,
        Status.FILED,
    ]
    items = await world.store.of(member.n).items(0, 10)
    assert [(item.seq, item.sender, item.case) for item in items] == [
        (1, Sender.SELF, None),
        (2, Sender.RELAY, view.case.id),
    ]


async def test_an_appeal_opens_the_case_again(world: World) -> None:
    community = await world.community()
    member, other = await world.members(community, 2)
    await world.replied(member, REJECTED)
    (view,) = (await world.store.cases(community.n, CaseState.REJECTED, Paging())).items

    await world.store.commit(Appeal(view.case.id, view.case.version, "It was a joke", world.clock.now()))
    with pytest.raises(Stale):
        await world.store.commit(Appeal(view.case.id, view.case.version, "Really", world.clock.now()))

    found = await world.store.of(member.n).case(view.case.id)
    assert found is not None
    assert (found.case.state, found.appeal, found.appeal_at) == (
        CaseState.APPEALED,
        "It was a joke",
        world.clock.now(),
    )
    assert await world.store.of(other.n).case(view.case.id) is None


async def test_a_notice_goes_out_in_the_same_commit_right_behind_the_reply(world: World) -> None:
    community = await world.community()
    member = await world.member(community)
    change = world.reply(member, decision=REJECTED)
    notice = world.message(member, "Not passed on.", Role.RELAY)

    filed = await world.filed(replace(change, filing=replace(change.filing, notice=notice)))

    assert (filed.seq, filed.notice_seq) == (1, 2)
    assert [item.id for item in await world.store.of(member.n).items(0, 10)] == [change.filing.message.id, notice.id]


async def test_cases_are_listed_from_the_oldest(world: World) -> None:
    community = await world.community()
    members = await world.members(community, 3)
    for member, decision in zip(members, (HELD, ALLOWED, HELD), strict=True):
        await world.replied(member, decision)

    first = await world.store.cases(community.n, CaseState.OPEN, Paging(1))
    second = await world.store.cases(community.n, None, Paging(1, first.next))

    assert [view.member for view in (*first.items, *second.items)] == [members[0].n, members[2].n]
    assert second.next is None


def with_client_id(change: FileReply, client_id: str) -> FileReply:
    message = replace(change.filing.message, client_id=client_id)
    return replace(change, filing=replace(change.filing, message=message))


def ruling(world: World, member: Member, thread: Thread, case: str, state: CaseState) -> Rule:
    status = Status.FILED if state is CaseState.DELIVERED else Status.REJECTED
    ref = replace(thread.ref, member=member.n)
    return Rule(case, 1, state, status, "eva", "because", world.clock.now(), ref, member.community, None)


async def close(world: World, thread: Thread, version: int | None = None) -> None:
    ref = replace(thread.ref, version=version or thread.version)
    await world.store.commit(EditThread(ref, ThreadEdit(ThreadState.CLOSED), world.clock.now()))


async def ids(world: World, community: int, wanted: ThreadFilter) -> list[str]:
    return [thread.id for thread in (await world.store.threads(community, wanted, Paging())).items]
