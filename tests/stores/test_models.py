"""The contract on lessons and models, on every engine: what counts, one in use, and gone with whom they learned from."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import cast

import pytest

from relay.core.case import CaseState
from relay.core.change import Appeal, Erase, Rule
from relay.core.errors import Stale
from relay.core.member import Member
from relay.core.model import KEPT, AddModel, Content, Lesson, Lessons, Model, UseModel, WithdrawModel
from relay.core.thread import Status
from relay.ports import Paging, ThreadFilter
from tests.stores.conftest import HELD, World

SECRET = "wombat"
CONTENT = Content({SECRET: 1.5, "bus": -0.5}, "dGFibGU=", 0.01, -0.2, 3.0)
Rows = Callable[..., Awaitable[list[tuple[object, ...]]]]


async def wrote(world: World, member: Member, text: str = "Buy this") -> str:
    """A held message; the id of its case."""
    threads = (await world.store.threads(member.community, ThreadFilter(member=member.id), Paging(limit=1))).items
    change = world.reply(member, threads[0].ref if threads else None, HELD, text)
    await world.store.commit(change)
    assert change.filing.case is not None
    return change.filing.case.id


async def decided(world: World, case_id: str, lesson: Lesson) -> None:
    view = await world.store.case(case_id)
    assert view is not None
    thread = await world.store.thread(view.thread)
    assert thread is not None
    state, status = CaseState.REJECTED, Status.REJECTED
    if lesson is Lesson.GOOD:
        state, status = CaseState.DELIVERED, Status.FILED
    said = view.case.version, state, status, "eva", "because", world.clock.now(), thread.ref, view.community, None, lesson
    await world.store.commit(Rule(case_id, *said))


async def taught(world: World, member: Member, lesson: Lesson, text: str = "Buy this") -> str:
    case_id = await wrote(world, member, text)
    await decided(world, case_id, lesson)
    return case_id


async def appealed(world: World, case_id: str) -> None:
    view = await world.store.case(case_id)
    assert view is not None
    await world.store.commit(Appeal(case_id, view.case.version, "But", world.clock.now()))


async def made(world: World, members: Sequence[Member], number: int = 1) -> Model:
    now = world.clock.now()
    figures = {"macro_f1": 0.9, "by_fold": [0.8, 1.0]}
    model = Model(world.ids(), members[0].community, number, now, now, 3, 4, len(members), figures, 2)
    await world.store.commit(AddModel(model, CONTENT, tuple(member.n for member in members)))
    return await found(world, model)


async def found(world: World, model: Model) -> Model:
    read = await world.store.model(model.id)
    assert read is not None
    return read


async def use(world: World, model: Model, instead_of: str | None = None) -> None:
    await world.store.commit(UseModel(model.community, model.id, world.clock.now(), "mona", instead_of))


async def erase(world: World, member: Member) -> None:
    await world.store.commit(Erase(member.n, member.id, world.clock.now()))


async def test_lessons_are_counted_by_what_was_decided_last(world: World) -> None:
    ada, ben = await world.members(community := await world.community(), 2)
    for lesson in (Lesson.SPAM, Lesson.SPAM, Lesson.GOOD, Lesson.NONE):
        await taught(world, ada, lesson)
    contested, gone = await taught(world, ada, Lesson.SPAM), await taught(world, ben, Lesson.SPAM)
    await wrote(world, ada)
    assert await world.store.lessons(community.n) == Lessons(4, 1)

    await appealed(world, contested)
    under_appeal = await world.store.lessons(community.n)
    await decided(world, contested, Lesson.GOOD)
    overturned = await world.store.lessons(community.n)
    await erase(world, ben)

    assert gone
    assert under_appeal == Lessons(3, 1)
    assert overturned == Lessons(3, 2)
    assert await world.store.lessons(community.n) == Lessons(2, 2)
    assert await world.store.lessons((await world.community("see")).n) == Lessons()


async def test_the_latest_lessons_are_read_up_to_when_they_were_given_first(world: World) -> None:
    ada = await world.member(community := await world.community())
    early = await taught(world, ada, Lesson.SPAM, "early")
    then = world.clock.now()
    world.clock.pass_(60)
    await taught(world, ada, Lesson.SPAM, "late")
    await taught(world, ada, Lesson.GOOD, "good")
    await appealed(world, early)
    await decided(world, early, Lesson.GOOD)

    all_of_them = await world.store.taught(community.n, None, 1)
    until_then = await world.store.taught(community.n, then, 10)

    assert [(each.text, each.is_spam) for each in all_of_them] == [("late", True), ("good", False)]
    assert [(each.text, each.is_spam, each.at, each.member) for each in until_then] == [("early", False, then, ada.n)]


async def test_a_model_is_read_as_it_was_written_and_one_is_in_use(world: World) -> None:
    members = await world.members(community := await world.community(), 2)
    one, other = await made(world, members), await made(world, members, 2)
    assert (one.number, one.rejected, one.delivered, one.members, one.words) == (1, 3, 4, 2, 2)
    assert await world.store.model_content(one.id) == CONTENT
    first = await world.store.models(community.n, Paging(1))
    second = await world.store.models(community.n, Paging(1, first.next))
    assert [each.id for page in (first, second) for each in page.items] == [other.id, one.id]

    await use(world, one)
    await use(world, other)
    in_use = await world.store.model_in_use(community.n)
    with pytest.raises(Stale):
        await world.store.commit(WithdrawModel(community.n, one.id))
    await world.store.commit(WithdrawModel(community.n, other.id))

    assert in_use is not None
    assert (in_use.id, in_use.used_by, in_use.used_at) == (other.id, "mona", world.clock.now())
    assert await world.store.model_in_use(community.n) is None


async def test_what_follows_a_model_is_used_as_that_was_and_only_while_it_is(world: World) -> None:
    members = await world.members(community := await world.community(), 2)
    one, other = await made(world, members), await made(world, members, 2)
    await use(world, one)
    since = world.clock.now()
    world.clock.pass_(60)

    await world.store.commit(UseModel(community.n, other.id, world.clock.now(), "relay", one.id))
    follows = await world.store.model_in_use(community.n)
    await world.store.commit(WithdrawModel(community.n, other.id))
    await world.store.commit(UseModel(community.n, one.id, world.clock.now(), "relay", other.id))

    assert follows is not None
    assert (follows.id, follows.used_by, follows.used_at) == (other.id, "mona", since)
    assert await world.store.model_in_use(community.n) is None


async def test_no_number_is_given_twice_and_nothing_is_learned_from_who_is_gone(world: World) -> None:
    ada, ben = await world.members(await world.community(), 2)
    await made(world, [ada, ben])

    with pytest.raises(Stale):
        await made(world, [ada, ben])
    await erase(world, ben)
    with pytest.raises(Stale):
        await made(world, [ada, ben], 2)

    assert [each.number for each in (await world.store.models(ada.community, Paging())).items] == [1]


async def test_old_models_go_but_for_the_one_in_use(world: World) -> None:
    ada = await world.member(community := await world.community())
    elsewhere = await world.member(await world.community("see"))
    await made(world, [elsewhere])
    await use(world, await made(world, [ada]))

    for number in range(2, KEPT + 4):
        await made(world, [ada], number)

    left = [each.number for each in (await world.store.models(community.n, Paging(100))).items]
    assert left == [*range(KEPT + 3, 3, -1), 1]
    assert len((await world.store.models(elsewhere.community, Paging())).items) == 1


async def test_whoever_is_erased_takes_along_what_was_learned_from_them(world: World) -> None:
    ada, ben, eve = await world.members(community := await world.community(), 3)
    of_all, of_others = await made(world, [ada, ben, eve]), await made(world, [ada, eve], 2)
    await use(world, of_all)

    await erase(world, ben)

    emptied = await found(world, of_all)
    assert emptied.must_be_learned_anew
    assert emptied.is_in_use
    assert await world.store.model_content(of_all.id) is None
    assert await world.store.model_content(of_others.id) == CONTENT
    assert not (await found(world, of_others)).must_be_learned_anew
    with pytest.raises(Stale):
        await use(world, of_all)
    rows = cast("Rows", world.store._scan)  # type: ignore[attr-defined]  # noqa: SLF001  no query shows what is emptied
    held = [row for row in await rows("SELECT * FROM models") if SECRET in repr(row)]
    assert len(held) == 1
    assert await rows("SELECT member FROM model_members WHERE member = $1", ben.n) == []
    assert community.n


@pytest.mark.parametrize("lesson", [Lesson.GOOD, Lesson.SPAM])
async def test_an_appeal_that_was_decided_makes_what_learned_from_it_outdated(world: World, lesson: Lesson) -> None:
    ada = await world.member(await world.community())
    case_id = await taught(world, ada, Lesson.SPAM)
    model = await made(world, [ada])
    world.clock.pass_(60)
    later = await taught(world, ada, Lesson.SPAM)
    await appealed(world, later)
    await decided(world, later, Lesson.GOOD)
    before = await found(world, model)

    await appealed(world, case_id)
    await decided(world, case_id, lesson)

    assert not before.is_outdated, "that lesson came after it"
    assert (await found(world, model)).is_outdated
    assert not (await found(world, replace(model, id=(await later_model(world, ada)).id))).is_outdated


async def later_model(world: World, member: Member) -> Model:
    world.clock.pass_(timedelta(minutes=1).total_seconds())
    return await made(world, [member], 2)
