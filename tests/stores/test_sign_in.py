"""The contract on signing in, on every engine: links used once, sessions that end, passphrases, names that are there once."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from relay.core.change import AddStaff, AddToken, RemoveStaff, RevokeTokens
from relay.core.errors import Stale, Taken
from relay.core.restore import EndAllTokens
from relay.core.session import (
    LASTS,
    BeginSession,
    EndSession,
    NameStaff,
    Rehash,
    Seen,
    SeeSessions,
    Session,
    SetPassphrase,
    UseLink,
)
from relay.core.staff import Role, Staff, Token, TokenKind
from tests.stores.conftest import World

HASH, OTHER = "$argon2id$one", "$argon2id$other"


async def person(world: World, name: str, role: Role = Role.AGENT) -> Staff:
    """Somebody with the passphrase of HASH."""
    now, id_ = world.clock.now(), world.ids()
    staff = Staff(id_, name, role, now)
    token = Token(world.ids(), TokenKind.STAFF, f"token of {id_}", id_, now)
    await world.store.commit(AddStaff(staff, token), SetPassphrase(id_, HASH, now))
    found = await world.store.staff_by_id(id_)
    assert found is not None
    return found


def session(world: World, staff: Staff, lasts: timedelta = LASTS) -> BeginSession:
    now, id_ = world.clock.now(), world.ids()
    token = Token(id_, TokenKind.SESSION, f"digest of {id_}", staff.id, now, "Firefox on Linux", now + lasts)
    return BeginSession(token, HASH)


def link(world: World, staff: Staff, lasts: timedelta | None = None) -> AddToken:
    now, id_ = world.clock.now(), world.ids()
    ends = None if lasts is None else now + lasts
    return AddToken(Token(id_, TokenKind.LINK, f"digest of {id_}", staff.id, now, expires_at=ends))


async def begun(world: World, staff: Staff) -> Token:
    change = session(world, staff)
    await world.store.commit(change)
    return change.token


async def lasting(world: World, staff: Staff) -> list[str]:
    return [one.id for one in await world.store.sessions(staff.id, world.clock.now())]


async def test_a_session_is_read_as_it_began(world: World) -> None:
    eva, jan = await person(world, "Eva"), await person(world, "Jan")

    first, second = await begun(world, eva), await begun(world, eva)
    await begun(world, jan)

    now, then = world.clock.now(), world.clock.now() + LASTS
    assert await world.store.token(first.digest, now) == first
    assert await world.store.token(first.digest, then) is None
    assert await world.store.sessions(eva.id, now) == [
        Session(one.id, eva.id, "Firefox on Linux", now, now, then) for one in (first, second)
    ]
    assert await world.store.sessions(eva.id, then) == []


async def test_use_prolongs_many_sessions_at_once_and_wakes_none_that_ended(world: World) -> None:
    eva = await person(world, "Eva")
    used, unused, ended, over = [await begun(world, eva) for _ in range(4)]
    later = world.clock.now() + timedelta(minutes=7)
    await world.store.commit(EndSession(ended.id, eva.id, later))
    much_later = world.clock.now() + LASTS + timedelta(days=1)

    await world.store.commit(SeeSessions(tuple(Seen(one.id, eva.id, later) for one in (used, ended))))
    await world.store.commit(SeeSessions((Seen(over.id, eva.id, much_later),)))

    found = {one.id: (one.seen_at, one.expires_at) for one in await world.store.sessions(eva.id, later)}
    assert found == {
        used.id: (later, later + LASTS),
        unused.id: (unused.created_at, unused.expires_at),
        over.id: (over.created_at, over.expires_at),
    }
    read = await world.store.token(used.digest, later)
    assert read == replace(used, seen_at=later, expires_at=later + LASTS)


async def test_a_session_ends_alone_or_with_all_and_with_its_person(world: World) -> None:
    owner = await person(world, "Owner", Role.OWNER)
    eva, jan = await person(world, "Eva", Role.OWNER), await person(world, "Jan")
    now = world.clock.now()
    one, other, jans = await begun(world, eva), await begun(world, eva), await begun(world, jan)

    await world.store.commit(EndSession(one.id, jan.id, now))
    untouched = await lasting(world, eva)
    await world.store.commit(EndSession(one.id, eva.id, now), EndSession(one.id, eva.id, now))
    alone = await lasting(world, eva)
    await world.store.commit(RevokeTokens(TokenKind.SESSION, eva.id, now))
    all_ended = await lasting(world, eva)
    again = await begun(world, eva)
    pending = link(world, eva)
    await world.store.commit(pending)
    await world.store.commit(RemoveStaff(eva.id, now))

    assert (untouched, alone, all_ended) == ([one.id, other.id], [other.id], [])
    assert await lasting(world, jan) == [jans.id]
    for digest in (again.digest, pending.token.digest, f"token of {eva.id}"):
        assert await world.store.token(digest, now) is None
    assert await world.store.passphrase(eva.id) is None
    assert owner.id


async def test_no_session_begins_with_a_passphrase_of_before_or_for_who_is_gone(world: World) -> None:
    await person(world, "Owner", Role.OWNER)
    eva = await person(world, "Eva")
    late = session(world, eva)

    await world.store.commit(SetPassphrase(eva.id, OTHER, world.clock.now()))
    with pytest.raises(Stale):
        await world.store.commit(late)
    await world.store.commit(replace(late, hash=OTHER))
    await world.store.commit(RemoveStaff(eva.id, world.clock.now()))
    with pytest.raises(Stale):
        await world.store.commit(replace(session(world, eva), hash=OTHER))
    with pytest.raises(Stale):
        await world.store.commit(SetPassphrase(eva.id, HASH, world.clock.now()))

    assert await lasting(world, eva) == []


async def test_of_a_new_passphrase_and_a_session_with_the_old_one_at_once_no_session_is_left(world: World) -> None:
    eva = await person(world, "Eva")
    now = world.clock.now()

    for turn in range(10):
        old, new = (HASH, OTHER) if turn % 2 == 0 else (OTHER, HASH)
        changed = world.store.commit(SetPassphrase(eva.id, new, now), RevokeTokens(TokenKind.SESSION, eva.id, now))
        late = [world.store.commit(replace(session(world, eva), hash=old)) for _ in range(4)]
        ends = await asyncio.gather(*late[:2], changed, *late[2:], return_exceptions=True)
        assert all(isinstance(end, tuple | Stale) for end in ends), ends
        assert await lasting(world, eva) == []


async def test_a_link_works_once_also_when_two_use_it_at_once(world: World) -> None:
    eva = await person(world, "Eva")
    change = link(world, eva)
    await world.store.commit(change)
    now = world.clock.now()
    use = UseLink(change.token.digest, eva.id, now)

    ends = await asyncio.gather(*(world.store.commit(use) for _ in range(8)), return_exceptions=True)

    assert sorted(type(end).__name__ for end in ends) == ["Stale"] * 7 + ["tuple"]
    assert await world.store.token(change.token.digest, now) is None


async def test_a_link_ends_by_time_by_a_newer_one_and_is_one_persons_alone(world: World) -> None:
    eva, jan = await person(world, "Eva"), await person(world, "Jan")
    older, short = link(world, eva), link(world, jan, timedelta(hours=1))
    newer = link(world, eva)
    for change in (older, short, newer):
        await world.store.commit(change)
    now = world.clock.now()
    uses = [
        UseLink(older.token.digest, eva.id, now),
        UseLink(newer.token.digest, jan.id, now),
        UseLink(short.token.digest, jan.id, now + timedelta(hours=1)),
        UseLink("none", eva.id, now),
    ]

    for use in uses:
        with pytest.raises(Stale):
            await world.store.commit(use)

    assert await world.store.token(newer.token.digest, now) == newer.token


async def test_a_link_that_is_refused_with_the_rest_of_its_commit_lives(world: World) -> None:
    eva = await person(world, "Eva")
    await person(world, "Jan")
    change = link(world, eva)
    await world.store.commit(change)
    use = UseLink(change.token.digest, eva.id, world.clock.now())

    with pytest.raises(Taken):
        await world.store.commit(use, NameStaff(eva.id, "JAN"))

    await world.store.commit(use, NameStaff(eva.id, "Eva Muster"))
    found = await world.store.staff_by_id(eva.id)
    assert found == replace(eva, name="Eva Muster")


async def test_a_name_is_there_once_among_those_who_work_here(world: World) -> None:
    await person(world, "Owner", Role.OWNER)
    eva = await person(world, "Straße")

    for taken in ("STRASSE", "  straße", "ＳＴＲＡＳＳＥ"):
        with pytest.raises(Taken) as refused:
            await person(world, taken)
        assert [fault.loc for fault in refused.value.faults] == [("body", "name")]
    await world.store.commit(NameStaff(eva.id, "STRASSE"))
    await world.store.commit(RemoveStaff(eva.id, world.clock.now()))
    with pytest.raises(Stale):
        await world.store.commit(NameStaff(eva.id, "Eva"))

    assert (await person(world, "straße")).id != eva.id


async def test_of_many_with_one_name_at_once_one_comes(world: World) -> None:
    ends = await asyncio.gather(*(person(world, "Eva") for _ in range(8)), return_exceptions=True)

    assert sorted(type(end).__name__ for end in ends) == ["Staff"] + ["Taken"] * 7


async def test_a_hash_is_made_anew_only_while_it_is_the_one(world: World) -> None:
    eva, jan = await person(world, "Eva"), await person(world, "Jan")

    await world.store.commit(Rehash(eva.id, OTHER, "lost"))
    before = await world.store.passphrase(eva.id)
    await world.store.commit(Rehash(eva.id, HASH, OTHER))

    assert (before, await world.store.passphrase(eva.id), await world.store.passphrase(jan.id)) == (HASH, OTHER, HASH)
    assert await world.store.passphrase("nobody") is None


async def test_what_ended_does_not_pile_up(world: World) -> None:
    eva, jan = await person(world, "Eva"), await person(world, "Jan")
    now = world.clock.now()
    jans = await begun(world, jan)
    pending = link(world, eva)
    await world.store.commit(pending)
    gone = [await begun(world, eva) for _ in range(5)]
    await world.store.commit(*(EndSession(one.id, eva.id, now) for one in gone))

    last = await begun(world, eva)
    reused = replace(session(world, eva).token, digest=gone[0].digest)  # the row is gone, or its digest could not come again
    await world.store.commit(BeginSession(reused, HASH))

    assert set(await lasting(world, eva)) == {last.id, reused.id}
    assert await lasting(world, jan) == [jans.id]
    assert await world.store.token(pending.token.digest, now) == pending.token
    assert await world.store.token(f"token of {eva.id}", now) is not None


async def test_a_restore_can_end_sessions_and_links_too(world: World) -> None:
    eva = await person(world, "Eva")
    change, began = link(world, eva), await begun(world, eva)
    await world.store.commit(change)
    now = world.clock.now()

    await world.store.commit(EndAllTokens(now))

    assert [await world.store.token(digest, now) for digest in (change.token.digest, began.digest)] == [None, None]
