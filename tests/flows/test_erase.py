"""Erase: what follows an erasure until it is confirmed, and what an older copy of the database cannot undo."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from relay.core.change import AddCommunity, Change, Erase
from relay.core.community import Community
from relay.core.erasure import ConfirmErasures, Erasure
from relay.core.errors import Unavailable
from relay.core.member import Member
from relay.core.staff import Actor, Role
from relay.flows.enrol import Enrol, Newcomer
from relay.flows.erase import Erasing
from relay.ports import Paging
from relay.stores.erasure_list import NAME, ErasureList
from relay.stores.sqlite import SqliteStore
from relay.testing.clock import Drawn, ManualClock, drawn_tokens
from tests.flows.conftest import PATIENCE_S

EVA = Actor("eva", "Eva", Role.MANAGER)
PERSON = Newcomer("counter", "3.4", name="Ada Wombat")
OLDER = "older.db"


@dataclass
class Disk:
    """A relay's folder, and what a start opens on it."""

    folder: Path
    clock: ManualClock = field(default_factory=ManualClock)
    ids: Drawn = field(default_factory=Drawn)
    secrets: Drawn = field(default_factory=drawn_tokens)
    copies: list[str] = field(default_factory=list)
    confirmed: asyncio.Event = field(default_factory=asyncio.Event)

    async def open(self) -> None:
        self.store = await SqliteStore.open(self.folder / "relay.db", told=self._told)
        self.listing = ErasureList(self.folder / NAME)
        self.erasing = Erasing(
            self.store, self.clock, lambda: self.listing, self.listing.enter, self.store.purged, self._copies
        )
        self.enrol = Enrol(self.store, self.clock, self.ids, self.secrets, b"key", self.listing.enter)

    def _told(self, changes: tuple[Change, ...], _outcomes: object) -> None:
        if any(isinstance(change, ConfirmErasures) for change in changes):
            self.confirmed.set()

    async def close(self) -> None:
        await self.store.close()

    async def again(self) -> None:
        """The process ends and another begins."""
        await self.close()
        await self.open()

    async def _copies(self) -> tuple[str, ...]:
        return tuple(self.copies)

    async def member(self) -> Member:
        if await self.store.community("bad") is None:
            await self.store.commit(AddCommunity(Community(self.ids(), "bad", "Bad", self.clock.now())))
        community = await self.store.community("bad")
        assert community is not None
        id_ = (await self.enrol.add(EVA, community, PERSON)).member.id
        found = await self.store.member(id_)
        assert found is not None
        return found

    async def erase(self, member: Member) -> None:
        await self.enrol.erase("eva", member)

    async def copy_aside(self) -> None:
        """Of the whole database, as somebody makes it by hand."""
        await self.close()
        shutil.copy(self.folder / "relay.db", self.folder / OLDER)
        await self.open()

    async def put_back(self) -> None:
        await self.close()
        (self.folder / "relay.db-mark").unlink(missing_ok=True)
        shutil.copy(self.folder / OLDER, self.folder / "relay.db")
        await self.open()

    async def said(self, action: str) -> list[str]:
        """Whom the audit log names with it, the newest first."""
        return [entry.subject for entry in (await self.store.audit(Paging(100))).items if entry.action == action]


@pytest.fixture
async def disk(tmp_path: Path) -> AsyncIterator[Disk]:
    made = Disk(tmp_path)
    await made.open()
    yield made
    await made.close()


async def test_an_erasure_is_on_the_list_when_it_is_answered_and_confirmed_after_that(disk: Disk) -> None:
    ada, bob = await disk.member(), await disk.member()

    await disk.erase(ada)
    listed = tuple(ErasureList(disk.folder / NAME))
    before = await disk.store.erasure(ada.id)
    await disk.erasing.turn()

    assert listed == (Erasure(ada.id, disk.clock.now()),)
    assert before == Erasure(ada.id, disk.clock.now())
    assert await disk.store.erasure(ada.id) == Erasure(ada.id, disk.clock.now(), disk.clock.now())
    assert await disk.said("member.erased") == [ada.id]
    assert await disk.store.member(bob.id) is not None


async def test_a_confirmed_one_is_confirmed_once(disk: Disk) -> None:
    ada = await disk.member()
    await disk.erase(ada)

    for _ in range(3):
        await disk.erasing.turn()

    assert await disk.said("member.erased") == [ada.id]


async def test_a_copy_that_the_relay_made_keeps_it_waiting(disk: Disk) -> None:
    ada = await disk.member()
    await disk.erase(ada)
    disk.copies = ["relay.db.before-0003_more"]

    await disk.erasing.turn()
    waiting = await disk.store.erasures(unconfirmed=True)
    disk.copies = []
    await disk.erasing.turn()

    assert [each.member for each in waiting] == [ada.id]
    assert await disk.store.erasures(unconfirmed=True) == []


async def test_an_older_database_that_is_put_back_brings_nobody_back(disk: Disk) -> None:
    ada, bob, eve = await disk.member(), await disk.member(), await disk.member()
    await disk.erase(eve)
    await disk.copy_aside()
    await disk.erase(ada)
    await disk.erasing.turn()
    await disk.put_back()
    came_back = await disk.store.member(ada.id)

    again = await disk.erasing.recover()
    await disk.erasing.turn()

    assert came_back is not None
    assert again == 1
    assert await disk.store.member(ada.id) is None
    assert await disk.store.member(bob.id) is not None
    assert {each.member for each in await disk.store.erasures()} == {ada.id, eve.id}
    assert await disk.store.erasures(unconfirmed=True) == []
    assert await disk.said("member.erase") == [ada.id, eve.id]


async def test_a_second_start_has_nothing_to_erase_again(disk: Disk) -> None:
    ada = await disk.member()
    await disk.copy_aside()
    await disk.erase(ada)
    await disk.put_back()
    await disk.erasing.recover()
    await disk.again()

    assert await disk.erasing.recover() == 0
    assert await disk.said("member.erase") == [ada.id]


async def test_a_crash_between_the_commit_and_the_list_is_mended_at_the_start(disk: Disk) -> None:
    ada = await disk.member()
    disk.enrol = Enrol(disk.store, disk.clock, disk.ids, disk.secrets, b"key")  # which keeps no list
    await disk.erase(ada)
    await disk.again()
    before = tuple(disk.listing)

    await disk.erasing.recover()

    assert before == ()
    assert [each.member for each in ErasureList(disk.folder / NAME)] == [ada.id]


async def test_a_list_that_is_gone_is_made_anew_from_the_database(disk: Disk) -> None:
    ada, bob = await disk.member(), await disk.member()
    for member in (ada, bob):
        await disk.erase(member)
        disk.clock.pass_(1)
    (disk.folder / NAME).unlink()
    await disk.again()

    await disk.erasing.recover()

    assert [each.member for each in ErasureList(disk.folder / NAME)] == [ada.id, bob.id]


async def test_what_another_relay_erased_from_the_same_database_is_put_on_this_list_too(disk: Disk) -> None:
    ada = await disk.member()
    other = Enrol(disk.store, disk.clock, disk.ids, disk.secrets, b"key")  # with a list of its own
    await other.erase("eva", ada)

    await disk.erasing.turn()

    assert [each.member for each in ErasureList(disk.folder / NAME)] == [ada.id]


async def test_who_asked_is_told_when_the_list_cannot_be_written_and_it_is_tried_again(disk: Disk) -> None:
    ada = await disk.member()
    (disk.folder / f"{NAME}.part").mkdir()  # in the way of a new list

    with pytest.raises(Unavailable, match="could not be written to the list") as told:
        await disk.erase(ada)
    with pytest.raises(Unavailable):
        await disk.erasing.turn()
    unlisted = await disk.store.erasures(unconfirmed=True)
    (disk.folder / f"{NAME}.part").rmdir()
    await disk.erasing.turn()

    assert str(disk.folder) not in told.value.detail
    assert await disk.store.member(ada.id) is None
    assert [each.member for each in unlisted] == [ada.id]
    assert [each.member for each in ErasureList(disk.folder / NAME)] == [ada.id]
    assert await disk.store.erasures(unconfirmed=True) == []


async def test_a_list_that_cannot_be_added_to_keeps_no_relay_from_starting(disk: Disk) -> None:
    ada = await disk.member()
    await disk.erase(ada)
    (disk.folder / NAME).unlink()
    (disk.folder / f"{NAME}.part").mkdir()
    await disk.again()

    assert await disk.erasing.recover() == 0


async def test_the_job_goes_on_by_itself_when_it_hears_of_an_erasure(disk: Disk) -> None:
    ada = await disk.member()
    working = asyncio.create_task(disk.erasing.run())

    await disk.erase(ada)
    disk.erasing.erased(Erase(ada.n, ada.id, disk.clock.now()), None)
    await asyncio.wait_for(disk.confirmed.wait(), PATIENCE_S)
    working.cancel()

    assert await disk.said("member.erased") == [ada.id]
