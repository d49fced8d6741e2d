"""The contract on people, on every engine: members, their consents and credentials; staff and keys; erasure."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from relay.core.change import (
    AddKey,
    AddStaff,
    AddToken,
    EditMember,
    Erase,
    Leave,
    Press,
    Rejoin,
    RemoveStaff,
    RevokeKey,
    RevokeTokens,
)
from relay.core.delivery import Cursors
from relay.core.errors import Conflict, Stale, Taken
from relay.core.member import Address, Consent, Standing
from relay.core.repeat import Remember
from relay.core.staff import Key, Role, Staff, Token, TokenKind
from relay.ports import Paging, ThreadFilter
from tests.stores.conftest import HELD, World


async def test_of_two_first_owners_at_the_same_time_there_is_one(world: World) -> None:
    firsts = [world.first_owner() for _ in range(8)]

    ends = await asyncio.gather(*map(world.store.commit, firsts), return_exceptions=True)

    assert sorted(type(end).__name__ for end in ends) == ["Conflict"] * 7 + ["tuple"]
    assert len(await world.store.staff()) == 1


async def test_a_member_is_read_as_written_and_edited(world: World) -> None:
    community = await world.community()
    change = world.newcomer(community)
    (n,) = await world.store.commit(change)
    assert isinstance(n, int)

    edited = replace(change.member, n=n, name="Ada", language="de", time_zone="UTC", tags=("a", "b"), attributes={"x": 1})
    await world.store.commit(EditMember(n, "Ada", "de", "UTC", ("a", "b"), {"x": 1}))

    assert await world.store.member(edited.id) == edited
    assert await world.store.consents(n) == [change.consent]
    assert await world.store.addresses(n) == [Address("web", edited.id)]
    assert await world.store.member("nobody") is None


async def test_an_address_is_in_use_once_in_a_community(world: World) -> None:
    here, there = await world.community("here"), await world.community("there")
    phone = (Address("phone", "+49 1"),)
    await world.store.commit(replace(world.newcomer(here), addresses=phone))

    await world.store.commit(replace(world.newcomer(there), addresses=phone))
    with pytest.raises(Taken):
        await world.store.commit(replace(world.newcomer(here), addresses=phone))

    assert len((await world.store.members(here.n, Paging())).items) == 1


async def test_members_are_listed_page_by_page(world: World) -> None:
    community, other = await world.community("one"), await world.community("two")
    members = await world.members(community, 5)
    await world.member(other)

    first = await world.store.members(community.n, Paging(3))
    second = await world.store.members(community.n, Paging(3, first.next))

    assert (*first.items, *second.items) == tuple(members)
    assert second.next is None


async def test_who_leaves_and_comes_back_has_two_receipts(world: World) -> None:
    member = await world.member(await world.community())
    left_at, back_at = world.clock.now() + timedelta(1), world.clock.now() + timedelta(2)

    await world.store.commit(Leave(member.n, left_at))
    left = await world.store.member(member.id)
    await world.store.commit(Rejoin(member.n, Consent("web", "keyword", "3.5", back_at)))

    back = await world.store.member(member.id)
    assert left is not None
    assert back is not None
    assert (left.standing, back.standing) == (Standing.LEFT, Standing.ACTIVE)
    assert [consent.withdrawn_at for consent in await world.store.consents(member.n)] == [left_at, None]


async def test_a_valid_token_signs_its_member_in(world: World) -> None:
    community = await world.community()
    change = world.newcomer(community, device="phone")
    await world.store.commit(change)

    signed = await world.store.signed_in(change.token.digest, world.clock.now())

    assert signed is not None
    assert signed.member == await world.store.member(change.member.id)
    assert (signed.token, signed.device, signed.community) == (change.token.id, "phone", community)
    assert signed.cursors == Cursors()
    assert await world.store.signed_in("other", world.clock.now()) is None


async def test_a_token_ends_by_time_by_revocation_and_by_a_newer_one_of_its_device(world: World) -> None:
    now = world.clock.now()
    member = await world.member(await world.community())
    kinds = {"old": "laptop", "new": "laptop", "other": "phone", "short": "watch"}
    for digest, device in kinds.items():
        expires_at = now + timedelta(hours=1) if digest == "short" else None
        await world.store.commit(AddToken(Token(world.ids(), TokenKind.MEMBER, digest, member.id, now, device, expires_at)))

    async def valid(at: float = 0) -> list[str]:
        later = now + timedelta(hours=at)
        return [digest for digest in kinds if await world.store.signed_in(digest, later) is not None]

    assert await valid() == ["new", "other", "short"]
    assert await valid(at=1) == ["new", "other"]
    await world.store.commit(RevokeTokens(TokenKind.MEMBER, member.id, now, "laptop"))
    assert await valid() == ["other", "short"]
    await world.store.commit(RevokeTokens(TokenKind.MEMBER, member.id, now))
    assert await valid() == []


async def test_staff_and_their_tokens_come_and_go(world: World) -> None:
    now = world.clock.now()
    eva = Staff(world.ids(), "Eva", Role.MANAGER, now)
    token = Token(world.ids(), TokenKind.STAFF, "eva", eva.id, now)
    (n,) = await world.store.commit(AddStaff(eva, token))
    assert isinstance(n, int)

    assert await world.store.token("eva", now) == token
    assert await world.store.signed_in("eva", now) is None
    await world.store.commit(RemoveStaff(eva.id, now))

    assert await world.store.token("eva", now) is None
    assert await world.store.staff() == [replace(eva, n=n, removed_at=now)]
    assert await world.store.staff_by_id(eva.id) == replace(eva, n=n, removed_at=now)
    with pytest.raises(Stale):
        await world.store.commit(RemoveStaff(eva.id, now))


async def test_the_last_owner_stays_whoever_asks_at_the_same_time(world: World) -> None:
    now = world.clock.now()
    owners = [Staff(world.ids(), name, Role.OWNER, now) for name in ("Eva", "Jan")]
    for owner in owners:
        await world.store.commit(AddStaff(owner, Token(world.ids(), TokenKind.STAFF, owner.id, owner.id, now)))

    results = await asyncio.gather(
        *(world.store.commit(RemoveStaff(owner.id, now)) for owner in owners), return_exceptions=True
    )

    assert {type(result) for result in results} == {tuple, Conflict}
    (refused,) = [result for result in results if isinstance(result, Conflict)]
    kept, gone = owners if results[0] is refused else owners[::-1]
    assert str(refused) == "The last owner cannot be removed."
    assert await world.store.token(kept.id, now) is not None
    with pytest.raises(Stale):
        await world.store.commit(RemoveStaff(gone.id, now))


@pytest.mark.parametrize("kind", list(TokenKind))
async def test_nobody_gets_a_credential_who_is_not_there(world: World, kind: TokenKind) -> None:
    now = world.clock.now()
    member = await world.member(await world.community())
    eva = Staff(world.ids(), "Eva", Role.AGENT, now)
    key = Key(world.ids(), "shop", (), "eva", now)
    await world.store.commit(
        AddStaff(eva, Token(world.ids(), TokenKind.STAFF, "s", eva.id, now)),
        AddKey(key, Token(world.ids(), TokenKind.KEY, "k", key.id, now)),
    )
    await world.store.commit(Erase(member.n, member.id, now), RemoveStaff(eva.id, now), RevokeKey(key.id, now))

    for subject in (member.id, eva.id, key.id, "nobody"):
        with pytest.raises(Stale):
            await world.store.commit(AddToken(Token(world.ids(), kind, f"late {subject}", subject, now)))

        assert await world.store.token(f"late {subject}", now) is None


async def test_keys_and_their_tokens_come_and_go(world: World) -> None:
    now = world.clock.now()
    key = Key(world.ids(), "shop", ("posts:write", "posts:read"), "eva", now, now + timedelta(1))
    (n,) = await world.store.commit(AddKey(key, Token(world.ids(), TokenKind.KEY, "shop", key.id, now)))
    assert isinstance(n, int)
    assert await world.store.key_by_id(key.id) == replace(key, n=n)

    await world.store.commit(RevokeKey(key.id, now))

    assert await world.store.token("shop", now) is None
    assert await world.store.keys() == [replace(key, n=n, revoked_at=now)]


async def test_erasure_leaves_a_count_and_nothing_else(world: World) -> None:
    community = await world.community()
    gone, stays = await world.members(community, 2)
    post = await world.posted(community)
    thread = await world.replied(gone, HELD, "canary one")
    kept = await world.replied(stays, text="canary two")
    cases = (await world.store.cases(community.n, None, Paging())).items
    await world.store.commit(
        Press(post.n, gone.n, "yes", world.clock.now()),
        Remember(gone.id, "k", "p", 202, "", world.clock.now()),
        Remember("eva", "k", "p", 201, f'{{"id": "{gone.id}"}}', world.clock.now(), about=gone.id),
        Remember("eva", "thread", "p", 201, "{}", world.clock.now(), about=thread.id),
        Remember("eva", "case", "p", 200, "{}", world.clock.now(), about=cases[0].case.id),
        Remember("eva", "other", "p", 201, "{}", world.clock.now(), about=kept.id),
    )

    await world.store.commit(Erase(gone.n, gone.id, world.clock.now()))

    assert await world.store.member(gone.id) is None
    assert await world.store.signed_in(f"digest-{gone.id}", world.clock.now()) is None
    assert await world.counts(post) == {"sending": 1, "erased": 1}
    assert await world.store.thread(thread.id) is None
    assert (await world.store.messages(thread.n, Paging())).items == ()
    assert await world.store.case(cases[0].case.id) is None
    assert await world.store.post_presses(post.n) == {}
    assert await world.store.remembered(gone.id, "k") is None
    assert [await world.store.remembered("eva", key) for key in ("k", "thread", "case")] == [None] * 3
    assert await world.store.remembered("eva", "other") is not None
    found = await world.store.threads(community.n, ThreadFilter(text="canary"), Paging())
    assert [each.id for each in found.items] == [kept.id]
    assert await world.store.of(gone.n).export() == {}
    assert await world.store.of(gone.n).items(0, 10) == []
    with pytest.raises(Stale):
        await world.store.commit(Erase(gone.n, gone.id, world.clock.now()))


async def test_the_key_of_an_erased_member_is_never_given_again(world: World) -> None:
    community = await world.community()
    gone = await world.member(community)
    await world.store.commit(Erase(gone.n, gone.id, world.clock.now()))

    newcomer = await world.member(community)

    assert newcomer.n != gone.n


async def test_a_reply_of_a_member_who_is_gone_is_stale(world: World) -> None:
    gone = await world.member(await world.community())
    thread = await world.replied(gone)
    await world.store.commit(Erase(gone.n, gone.id, world.clock.now()))

    for change in (world.reply(gone), world.reply(gone, thread.ref)):
        with pytest.raises(Stale):
            await world.store.commit(change)
