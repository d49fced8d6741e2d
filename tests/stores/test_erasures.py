"""The contract on erasure, on every engine: gone for everybody with one commit however much there is, and then row by row."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import cast

import pytest

from relay.core.case import CaseState, CaseView
from relay.core.change import AddNote, Change, EditMember, EditThread, Erase, Press, Rejoin, Rule, SendMessage
from relay.core.community import Community
from relay.core.erasure import ConfirmErasures, Erasure, NoteErasures, PurgeErased
from relay.core.errors import Stale
from relay.core.export import ExportKind
from relay.core.ladder import MeasureKind, Strike
from relay.core.measure import AddStrike, Impose, Measure
from relay.core.member import Consent, Member
from relay.core.post import Post
from relay.core.thread import Role, Status, Thread, ThreadEdit
from relay.ports import Paging, ThreadFilter
from relay.stores.sql.erasures import AT_ONCE
from tests.stores.conftest import ALLOWED, HELD, World

MANY = AT_ONCE + 20  # messages: more than go with the erasure itself
FEW = 3
SECRET = "wombat"
OF_MEMBER = tuple(
    f"SELECT count(*) FROM {table} WHERE member = $1"  # noqa: S608  names of ours
    for table in ("threads", "messages", "deliveries", "streams", "consents", "addresses", "presses", "strikes", "measures")
)
POINTING_NOWHERE = (
    "SELECT count(*) FROM decisions WHERE message NOT IN (SELECT n FROM messages)",
    "SELECT count(*) FROM cases WHERE message NOT IN (SELECT n FROM messages)",
    "SELECT count(*) FROM thread_labels WHERE thread NOT IN (SELECT n FROM threads)",
)
Rows = Callable[..., Awaitable[list[tuple[int]]]]


@dataclass(frozen=True, slots=True)
class Town:
    """Somebody who wrote, what they left everywhere, and somebody who stays."""

    world: World
    community: Community
    gone: Member
    stays: Member
    post: Post
    thread: Thread
    kept: Thread
    case: CaseView

    async def erase(self) -> None:
        await self.world.store.commit(Erase(self.gone.n, self.gone.id, self.world.clock.now()))

    async def purge(self, limit: int = 5) -> int:
        """To the end; how many groups it took."""
        groups = 1
        while (await self.world.store.commit(PurgeErased(self.gone.id, limit)))[0]:
            groups += 1
        return groups

    async def count(self, *queries: str) -> int:
        """Rows of who is gone."""
        scan = cast("Rows", self.world.store._scan)  # type: ignore[attr-defined]  # noqa: SLF001  no query shows them
        return sum([(await scan(sql, *([self.gone.n] if "$1" in sql else [])))[0][0] for sql in queries])


async def made(world: World, messages: int) -> Town:
    community = await world.community()
    gone, stays = await world.members(community, 2)
    post = await world.posted(community)
    thread = await world.replied(gone, HELD, f"{SECRET} 0")
    kept = await world.replied(stays, HELD, f"{SECRET} of somebody else")
    replies = [
        world.reply(gone, thread.ref, HELD if count % 2 else ALLOWED, f"{SECRET} {count}") for count in range(1, messages)
    ]
    await asyncio.gather(*map(world.filed, replies))
    cases = (await world.store.cases(community.n, None, Paging())).items
    found = await world.store.thread(thread.id)
    assert found is not None
    await world.store.commit(
        *(Press(post.n, member.n, "yes", world.clock.now()) for member in (gone, stays)),
        *(change for member in (gone, stays) for change in sanctioned(world, member)),
        EditThread(found.ref, ThreadEdit(labels=("vip",)), world.clock.now()),
    )
    await world.agreed_text(community)
    return Town(world, community, gone, stays, post, found, kept, next(each for each in cases if each.member == gone.n))


def sanctioned(world: World, member: Member) -> Sequence[Change]:
    now = world.clock.now()
    measure = Measure(world.ids(), member.n, MeasureKind.SLOW, now, now + timedelta(days=3), "eva", f"{SECRET} again")
    return AddStrike(member.n, Strike(world.ids(), 4.0, now), 0), Impose(measure)


@pytest.mark.parametrize("messages", [FEW, MANY])
async def test_whoever_is_erased_is_seen_nowhere_however_much_there_is(world: World, messages: int) -> None:
    town, store = await made(world, messages), world.store

    await town.erase()

    assert await store.member(town.gone.id) is None
    assert [each.id for each in (await store.members(town.community.n, Paging())).items] == [town.stays.id]
    assert await store.signed_in(f"digest-{town.gone.id}", world.clock.now()) is None
    assert await store.consents(town.gone.n) == []
    assert await store.addresses(town.gone.n) == []
    assert await store.of(town.gone.n).export() == {}
    assert await store.thread(town.thread.id) is None
    assert [each.id for each in (await store.threads(town.community.n, ThreadFilter(), Paging())).items] == [town.kept.id]
    found = await store.threads(town.community.n, ThreadFilter(text=SECRET, label="vip"), Paging())
    assert found.items == ()
    assert await store.case(town.case.case.id) is None
    assert {each.member for each in (await store.cases(town.community.n, None, Paging())).items} == {town.stays.n}
    assert await store.post_presses(town.post.n) == {"yes": 1}


@pytest.mark.parametrize("messages", [FEW, MANY])
async def test_a_post_counts_them_as_erased_from_that_moment_on(world: World, messages: int) -> None:
    town = await made(world, messages)

    await town.erase()
    at_once = await world.counts(town.post)
    listed = [row for row in (await world.store.deliveries(town.post, None, Paging())).items if row.state.word == "erased"]
    await town.purge()

    assert at_once == {"sending": 1, "erased": 1}
    assert [(row.member, row.pseudonym) for row in listed] == [("", "")]
    assert await world.counts(town.post) == at_once


@pytest.mark.parametrize("kind", list(ExportKind))
async def test_an_export_of_the_community_knows_nothing_of_them(world: World, kind: ExportKind) -> None:
    town = await made(world, MANY)
    await town.erase()

    rows: list[object] = []
    after: str | None = None
    while True:
        page = await world.store.exported(town.community.n, kind, Paging(10, after))
        rows += page.items
        after = page.next
        if after is None:
            break

    assert rows
    assert town.gone.id not in str(rows)
    assert "!" not in str(rows)
    assert f"{SECRET} 1" not in str(rows)


async def test_what_was_under_way_when_they_were_erased_is_stale(world: World) -> None:
    town, now = await made(world, MANY), world.clock.now()
    answer = world.message(town.gone, "Dear you", Role.STAFF)
    ruled = Rule(
        town.case.case.id, 1, CaseState.DELIVERED, Status.FILED, "eva", "", now, town.thread.ref, town.community.n, None
    )
    late: list[Change] = [
        world.reply(town.gone, town.thread.ref),
        world.reply(town.gone),
        SendMessage(answer, town.thread.ref, town.community.n),
        ruled,
        Erase(town.gone.n, town.gone.id, now),
        Press(town.post.n, town.gone.n, "no", now),
        EditMember(town.gone.n, name=SECRET),
    ]
    await town.erase()

    for change in late:
        with pytest.raises(Stale):
            await world.store.commit(change)
    await world.store.commit(Rejoin(town.gone.n, Consent("web", SECRET, "1", now)))

    assert await world.store.consents(town.gone.n) == []
    assert (await world.accepted(town.community)).audience == 1


async def test_nothing_of_them_is_left_when_the_last_group_is_gone(world: World) -> None:
    town = await made(world, MANY)
    await town.erase()
    hidden = await town.count(*OF_MEMBER)

    groups = await town.purge()

    assert hidden > 0
    assert groups > FEW
    assert await town.count(*OF_MEMBER) == 0
    assert await town.count(*POINTING_NOWHERE) == 0
    assert await town.count("SELECT count(*) FROM members") == 1
    assert (await world.store.messages(town.kept.n, Paging())).items != ()


async def test_a_note_that_came_too_late_goes_with_the_rest(world: World) -> None:
    town = await made(world, MANY)
    await town.erase()
    await world.store.commit(AddNote(world.message(town.gone, "What a wombat", Role.STAFF), town.thread.ref))

    await town.purge()

    assert await town.count(*OF_MEMBER) == 0


async def test_who_has_little_is_gone_with_the_erasure_itself(world: World) -> None:
    town = await made(world, FEW)

    await town.erase()

    assert await town.count(*OF_MEMBER) == 0
    assert await world.store.commit(PurgeErased(town.gone.id, 5)) == (0,)


async def test_long_texts_go_few_at_a_time_and_all_of_them_go(world: World) -> None:
    town = await made(world, FEW)
    for _ in range(2 * FEW):
        await world.filed(world.reply(town.gone, town.thread.ref, text=f"{SECRET} " * 500))
    await town.erase()
    hidden = await town.count(*OF_MEMBER)

    groups = await town.purge()

    assert hidden > 0
    assert groups > 1
    assert await town.count(*OF_MEMBER) == 0


async def test_nobody_who_is_here_is_ever_purged(world: World) -> None:
    town = await made(world, FEW)

    assert await world.store.commit(PurgeErased(town.gone.id, 5)) == (0,)
    assert await world.store.member(town.gone.id) is not None


async def test_an_erasure_is_written_down_until_it_is_confirmed(world: World) -> None:
    town, store, now = await made(world, FEW), world.store, world.clock.now()
    before = await store.erasure(town.gone.id)
    await town.erase()
    waiting = await store.erasures(unconfirmed=True)
    world.clock.pass_(60)

    await store.commit(ConfirmErasures((town.gone.id,), world.clock.now()))

    assert before is None
    assert waiting == [Erasure(town.gone.id, now)]
    assert await store.erasures(unconfirmed=True) == []
    assert await store.erasures() == [Erasure(town.gone.id, now, world.clock.now())]
    assert await store.erasure(town.gone.id) == Erasure(town.gone.id, now, world.clock.now())
    assert await store.erasure_count() == 1


async def test_it_is_confirmed_once(world: World) -> None:
    town, now = await made(world, FEW), world.clock.now()
    await town.erase()
    await world.store.commit(ConfirmErasures((town.gone.id,), now))

    with pytest.raises(Stale):
        await world.store.commit(ConfirmErasures((town.gone.id,), now))


async def test_what_another_database_erased_is_noted_and_waits_as_well(world: World) -> None:
    now, elsewhere = world.clock.now(), world.ids()
    town = await made(world, FEW)
    await town.erase()
    await world.store.commit(ConfirmErasures((town.gone.id,), now))

    await world.store.commit(NoteErasures((Erasure(elsewhere, now), Erasure(town.gone.id, now))))

    assert await world.store.erasures(unconfirmed=True) == [Erasure(elsewhere, now)]
    assert await world.store.erasure(town.gone.id) == Erasure(town.gone.id, now, now)


async def test_a_list_of_deliveries_names_who_is_here(world: World) -> None:
    town = await made(world, FEW)

    rows = (await world.store.deliveries(town.post, None, Paging())).items

    assert [(row.member, row.pseudonym) for row in rows] == [(each.id, each.pseudonym) for each in (town.gone, town.stays)]
