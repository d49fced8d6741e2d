"""The contract on what may connect to the MQTT broker, on every engine."""

from dataclasses import replace
from datetime import timedelta

import pytest

from relay.core.change import AddKey, AddToken, Credential, Erase, RevokeKey, RevokeTokens
from relay.core.device import AddDevice, ConfirmDevice, Device, DropDevices, hashed
from relay.core.errors import Stale
from relay.core.restore import EndAllTokens
from relay.core.staff import Key, Token, TokenKind
from relay.ports import Paging
from tests.stores.conftest import World

HASH = hashed("secret", b"twelve bytes")


def device(world: World, subject: str, name: str = "phone", kind: TokenKind = TokenKind.MEMBER) -> Device:
    return Device(world.ids(), kind, subject, name, HASH, world.clock.now())


async def in_force(world: World) -> list[str]:
    return [each.id for each in (await world.store.devices(world.clock.now(), Paging())).items]


async def ended(world: World) -> list[str]:
    return [each.id for each in await world.store.ended_devices(world.clock.now())]


async def test_a_device_is_read_as_written(world: World) -> None:
    member = await world.member(await world.community())
    added = device(world, member.id)

    await world.store.commit(AddDevice(added))

    assert await world.store.devices_of(member.id) == [added]
    assert (await world.store.devices(world.clock.now(), Paging())).items == (added,)
    assert await world.store.ended_devices(world.clock.now()) == []


async def test_they_are_listed_page_by_page(world: World) -> None:
    community = await world.community()
    added = [device(world, (await world.member(community)).id) for _ in range(5)]
    await world.store.commit(*map(AddDevice, added))

    first = await world.store.devices(world.clock.now(), Paging(3))
    second = await world.store.devices(world.clock.now(), Paging(3, first.next))

    assert [*first.items, *second.items] == added
    assert second.next is None


async def test_a_second_one_of_the_same_name_ends_the_first(world: World) -> None:
    member = await world.member(await world.community())
    old, other, new = device(world, member.id), device(world, member.id, "desk"), device(world, member.id)
    await world.store.commit(AddDevice(old), AddDevice(other))

    await world.store.commit(AddDevice(new))

    assert await in_force(world) == [other.id, new.id]
    assert await ended(world) == [old.id]


async def test_nobody_who_is_not_there_gets_one(world: World) -> None:
    with pytest.raises(Stale):
        await world.store.commit(AddDevice(device(world, "nobody")))
    with pytest.raises(Stale):
        await world.store.commit(AddDevice(device(world, "no key", "", TokenKind.KEY)))


async def test_revoking_one_leaves_the_others(world: World) -> None:
    member = await world.member(await world.community())
    phone, desk = device(world, member.id), device(world, member.id, "desk")
    await world.store.commit(AddDevice(phone), AddDevice(desk))

    await world.store.commit(RevokeTokens(TokenKind.MEMBER, member.id, world.clock.now(), "phone"))

    assert (await in_force(world), await ended(world)) == ([desk.id], [phone.id])


async def test_revoking_all_ends_those_of_that_member_alone(world: World) -> None:
    community = await world.community()
    gone, stays = await world.member(community), await world.member(community)
    of_both = [device(world, gone.id), device(world, gone.id, "desk"), device(world, stays.id)]
    await world.store.commit(*map(AddDevice, of_both))

    await world.store.commit(RevokeTokens(TokenKind.MEMBER, gone.id, world.clock.now()))

    assert (await in_force(world), await ended(world)) == ([of_both[2].id], [of_both[0].id, of_both[1].id])


async def test_the_member_sees_both_kinds_and_ends_one_by_its_id(world: World) -> None:
    community = await world.community()
    member, other = await world.member(community), await world.member(community)
    now, scope = world.clock.now(), world.store.of(member.n)
    phone, others = device(world, member.id), device(world, other.id)
    token = Token(world.ids(), TokenKind.MEMBER, "digest", member.id, now, "phone")
    await world.store.commit(AddDevice(phone), AddDevice(others), AddToken(token))
    both = {(each.id, each.name, each.channel) for each in await scope.devices()}

    for id_, channel in ((others.id, "mqtt"), (phone.id, "mqtt")):
        await world.store.commit(RevokeTokens(TokenKind.MEMBER, member.id, now, "phone", Credential(id_, channel)))
    left = {each.id for each in await scope.devices()}
    await world.store.commit(RevokeTokens(TokenKind.MEMBER, member.id, now, "phone", Credential(token.id, "web")))

    assert both >= {(phone.id, "phone", "mqtt"), (token.id, "phone", "web")}
    assert {each[0] for each in both} - left == {phone.id}
    assert token.id not in {each.id for each in await scope.devices()}
    assert await in_force(world) == [others.id]


async def test_a_web_token_of_the_same_device_ends_none(world: World) -> None:
    member = await world.member(await world.community())
    phone = device(world, member.id)
    await world.store.commit(AddDevice(phone))

    token = Token(world.ids(), TokenKind.MEMBER, "digest", member.id, world.clock.now(), "phone")
    await world.store.commit(AddToken(token))

    assert await in_force(world) == [phone.id]


async def test_of_who_is_erased_what_ended_stays_until_it_is_dropped(world: World) -> None:
    member = await world.member(await world.community())
    phone = device(world, member.id)
    await world.store.commit(AddDevice(phone))

    await world.store.commit(Erase(member.n, member.id, world.clock.now()))
    waiting = await ended(world)
    (dropped,) = await world.store.commit(DropDevices((phone.id, "unknown")))

    assert (waiting, await ended(world), dropped) == ([phone.id], [], 1)


async def test_a_key_ends_with_its_time_or_when_it_is_revoked(world: World) -> None:
    now = world.clock.now()
    keys = [Key(world.ids(), "shop", ("posts:write",), "eva", now) for _ in range(2)]
    for key in keys:
        await world.store.commit(AddKey(key, Token(world.ids(), TokenKind.KEY, f"digest of {key.id}", key.id, now)))
    timed = replace(device(world, keys[0].id, "", TokenKind.KEY), expires_at=now + timedelta(hours=1))
    untimed = device(world, keys[1].id, "", TokenKind.KEY)
    await world.store.commit(AddDevice(timed), AddDevice(untimed))
    before = await in_force(world)

    world.clock.pass_(3600)
    await world.store.commit(RevokeKey(keys[1].id, now))

    assert before == [timed.id, untimed.id]
    assert (await in_force(world), await ended(world)) == ([], [timed.id, untimed.id])


async def test_a_sealed_secret_waits_until_the_broker_knows_it(world: World) -> None:
    community = await world.community()
    first, second, old = [replace(device(world, (await world.member(community)).id), sealed=mark) for mark in "abc"]
    await world.store.commit(*map(AddDevice, (first, second, old)))
    await world.store.commit(RevokeTokens(TokenKind.MEMBER, old.subject, world.clock.now()))
    waiting = [await world.store.sealed_devices(world.clock.now(), limit) for limit in (1, 9)]

    await world.store.commit(ConfirmDevice(first.id))

    assert waiting == [[first], [first, second]]
    assert await world.store.sealed_devices(world.clock.now(), 9) == [second]
    assert await world.store.devices_of(first.subject) == [replace(first, sealed="")]


async def test_a_restore_that_ends_all_tokens_ends_devices_too(world: World) -> None:
    member = await world.member(await world.community())
    phone = device(world, member.id)
    await world.store.commit(AddDevice(phone))

    await world.store.commit(EndAllTokens(world.clock.now()))

    assert (await in_force(world), await ended(world)) == ([], [phone.id])
