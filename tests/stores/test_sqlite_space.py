"""Below the reserve of the disk nothing is added; reading, revoking and erasing go on, and room is noticed by itself."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import get_args

import pytest
from structlog.testing import capture_logs

from relay.core.attempt import ClaimAttempts, HearFrom
from relay.core.change import (
    AcceptPost,
    AddCommunity,
    AddKey,
    AddMember,
    AddNote,
    AddStaff,
    AddToken,
    Appeal,
    Change,
    EditCommunity,
    EditMember,
    EditThread,
    FileReply,
    FreezeAudience,
    Leave,
    PlanPost,
    Press,
    Record,
    Rejoin,
    ReleasePost,
    RevokeTokens,
    Rule,
    SendMessage,
    SetFact,
    TakeLease,
)
from relay.core.checking import DecideAgain
from relay.core.device import AddDevice
from relay.core.errors import Unavailable
from relay.core.joining import AddConsentText, AddInvite, Redeem
from relay.core.measure import AddStrike, AnswerObjection, BringBack, Impose, MoveMeasure, ObjectTo, TakeBack
from relay.core.member import AddAddress
from relay.core.model import AddModel, UseModel
from relay.core.pause import ReleaseDeferred
from relay.core.session import NameStaff, SetPassphrase, UseLink
from relay.core.staff import TokenKind
from relay.ports import Paging
from relay.stores import sqlite_file
from relay.stores.sqlite import SqliteStore
from relay.stores.sqlite_space import ALONE, ALWAYS, MIB, Disk, Space
from tests.stores.conftest import World
from tests.stores.test_sqlite import Asked

NOW = datetime(2026, 11, 21, tzinfo=UTC)
WAITS = frozenset(
    {
        AcceptPost, AddCommunity, AddKey, AddMember, AddNote, AddStaff, AddToken, Appeal, ClaimAttempts, DecideAgain,
        EditCommunity, EditMember, EditThread, FileReply, FreezeAudience, HearFrom, PlanPost, Press, Rejoin, ReleasePost, Rule,
        SendMessage, TakeLease, NameStaff, SetPassphrase, UseLink, AddAddress, AddDevice, AddInvite, AddConsentText, Redeem,
        ReleaseDeferred, AddStrike, AnswerObjection, BringBack, Impose, MoveMeasure, ObjectTo, TakeBack,
        AddModel, UseModel,
    }
)  # fmt: skip
"""What waits until there is room: it adds rows, or begins something that does, or stands beside what does."""


class Fake:
    """A disk whose room a test decides."""

    def __init__(self, free_mib: int = 1000, total_mib: int = 100_000) -> None:
        self.free_mib = free_mib
        self.total_mib = total_mib

    def __call__(self, _folder: Path) -> Disk:
        return Disk(self.free_mib * MIB, self.total_mib * MIB)


@pytest.fixture
def disk() -> Fake:
    return Fake()


@pytest.fixture
async def world(tmp_path: Path, disk: Fake) -> AsyncIterator[World]:
    space = partial(Space, reserve=256 * MIB, measure=disk)
    store = await SqliteStore.open(tmp_path / "relay.db", lambda _changes, _outcomes: None, space=space)
    yield World(store)
    await store.close()


def stored(world: World) -> SqliteStore:
    assert isinstance(world.store, SqliteStore)
    return world.store


async def has_room(space: Space) -> None:
    """Within the ten seconds that are promised."""
    async with asyncio.timeout(10):
        while space.why_refused() is not None:
            await asyncio.to_thread(space.wait)


def fills(world: World, disk: Fake, free_mib: int) -> None:
    """Something else writes to the disk, or ceases to need its room."""
    disk.free_mib = free_mib
    stored(world).space.look()


async def test_below_the_reserve_what_adds_is_refused_and_reading_goes_on(world: World, disk: Fake) -> None:
    community = await world.community()
    member = await world.member(community)

    fills(world, disk, 255)

    with pytest.raises(Unavailable, match=r"nearly full.*Free some space") as refused:
        await world.store.commit(world.reply(member))
    assert refused.value.retry_after == 10
    assert stored(world).why_read_only() == refused.value.detail
    assert await world.store.member(member.id) == member
    assert len((await world.store.members(community.n, Paging())).items) == 1


async def test_the_refusal_tells_nobody_how_much_others_wrote(world: World, disk: Fake) -> None:
    told = set()
    for free in (255, 100, 1):
        fills(world, disk, free)
        with pytest.raises(Unavailable) as refused:
            await world.community()
        told.add(refused.value.detail)

    assert len(told) == 1
    assert not any(letter.isdigit() for letter in told.pop())


async def test_what_withdraws_goes_into_the_reserve_with_whatever_stands_in_its_commit(world: World, disk: Fake) -> None:
    community = await world.community()
    member = await world.member(community)
    now = world.clock.now()

    fills(world, disk, 0)

    await world.store.commit(RevokeTokens(TokenKind.MEMBER, member.id, now), Record(now, "eva", "x", member.id, {}))
    await world.store.commit(world.reply(member, text="STOP"), Leave(member.n, now))
    with pytest.raises(Unavailable):
        await world.store.commit(Record(now, "eva", "x", member.id, {}), world.reply(member))
    assert len((await world.store.audit(Paging())).items) == 1


async def test_writing_goes_on_by_itself_when_there_is_room(world: World, disk: Fake) -> None:
    fills(world, disk, 255)
    with pytest.raises(Unavailable):
        await world.community()

    disk.free_mib = 256

    await has_room(stored(world).space)
    await world.community()


async def test_deliveries_wait_and_none_is_dropped(world: World, disk: Fake) -> None:
    community = await world.community()
    await world.members(community, 5)
    post = await world.accepted(community)

    fills(world, disk, 255)
    with pytest.raises(Unavailable):
        await world.release(post)
    waiting = await world.counts(post)
    fills(world, disk, 1000)
    await world.release(post)

    assert waiting == {"planned": 5}
    assert await world.counts(post) == {"sending": 5}


async def test_each_change_of_mode_is_said_once(world: World, disk: Fake) -> None:
    with capture_logs() as said:
        for free in (255, 254, 0, 300, 301, 20):
            fills(world, disk, free)

    assert [(line["log_level"], line["free_mib"], line["kept_mib"]) for line in said] == [
        ("error", 255, 256),
        ("warning", 300, 256),
        ("error", 20, 256),
    ]


async def test_a_small_disk_is_kept_free_to_a_tenth_and_that_is_said(tmp_path: Path) -> None:
    with capture_logs() as said:
        space = Space(tmp_path, 256 * MIB, Fake(free_mib=60, total_mib=64))

    assert space.kept == 64 * MIB // 10
    assert space.why_refused() is None
    assert [(line["event"], line["asked_mib"], line["disk_mib"]) for line in said] == [
        ("the reserve is a tenth of the disk", 256, 64)
    ]


async def test_no_reserve_refuses_nothing(tmp_path: Path) -> None:
    assert Space(tmp_path, 0, Fake(free_mib=0)).why_refused() is None


async def test_a_disk_that_sqlite_finds_full_is_tried_again_while_nobody_commits(tmp_path: Path) -> None:
    connection = sqlite_file.writer(tmp_path / "relay.db")
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {pages}")
    space = Space(tmp_path, 0)
    asked = Asked(connection, space=space)

    full = await asked.write(SetFact("large", "x" * 100_000))
    said = space.why_refused()
    with pytest.raises(Unavailable, match="full"):
        space.refuse((Press(1, 1, "yes", NOW),))
    await has_room(space)
    asked.writer.stop()

    assert isinstance(full.problem, Unavailable)
    assert said is not None


def test_each_change_is_said_to_wait_or_to_go_into_the_reserve() -> None:
    assert {*ALWAYS, *ALONE, *WAITS} == set(get_args(Change))
    assert len(ALWAYS) + len(ALONE) + len(WAITS) == len(get_args(Change))
