"""Provisioning on a real mosquitto: who is let in, who is put out within a second, and what a broker has after it was lost."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from relay.channels.mqtt.access import ADMIN, BOOTSTRAP, STREAM, member_role, role_of
from relay.channels.mqtt.mosquitto import KEPT
from relay.core.change import RevokeTokens
from relay.core.device import AddDevice, Device, DropDevices, sealed
from relay.core.errors import Unavailable
from relay.core.member import Member
from relay.core.staff import TokenKind
from tests.channels.mqtt.town import PATIENCE, Town, down, town, up
from tests.servers.mosquitto import Mosquitto
from tests.servers.mqtt_client import V5, V311, Client, Hello, Refused

WITHIN = 1.0  # seconds: promise 8
SESSIONS = "mosquitto.db"


@pytest.fixture
async def here(mosquitto: Mosquitto, tmp_path: Path) -> AsyncIterator[Town]:
    async with town(mosquitto, tmp_path) as found:
        yield found


def users(broker: Mosquitto) -> set[str]:
    return {client["username"] for client in json.loads(broker.dynsec_file.read_bytes())["clients"]}


def roles(broker: Mosquitto) -> set[str]:
    return {role["rolename"] for role in json.loads(broker.dynsec_file.read_bytes())["roles"]}


async def is_ended(client: Client) -> bool:
    """Whether the broker ends its connection in the time that is promised."""
    with suppress(TimeoutError):
        await asyncio.wait_for(client.ended.wait(), WITHIN)
    return client.ended.is_set()


async def test_the_first_administrator_makes_two_identities_and_is_gone(here: Town) -> None:
    with pytest.raises(Refused):
        await here.connect(Hello("x", BOOTSTRAP, here.broker.secret()))

    assert (users(here.broker), roles(here.broker)) == ({ADMIN, STREAM}, {ADMIN, STREAM})


@pytest.mark.parametrize("version", [V311, V5])
async def test_a_device_hears_its_member_and_is_heard(here: Town, version: int) -> None:
    device = await here.device(await here.member())
    stream = await here.stream()

    client = await here.connect(here.hello(device, version))
    subscribed = await client.subscribe(down(device))
    await client.publish(up(device), b"hello")
    await stream.publish(down(device), b"welcome")

    assert subscribed == 1
    assert await stream.heard() == [(up(device), b"hello")]
    assert await client.heard() == [(down(device), b"welcome")]


async def test_a_key_posts_and_hears_its_receipts(here: Town) -> None:
    key = await here.key()
    stream = await here.stream()

    client = await here.connect(here.hello(key))
    subscribed = await client.subscribe(f"relay/v1/c/bad/{key.subject}/receipts")
    await client.publish(f"relay/v1/c/bad/{key.subject}/posts", b"{}")
    await stream.publish(f"relay/v1/c/bad/{key.subject}/receipts", b"done")

    assert subscribed == 1
    assert await stream.heard() == [(f"relay/v1/c/bad/{key.subject}/posts", b"{}")]
    assert await client.heard() == [(f"relay/v1/c/bad/{key.subject}/receipts", b"done")]


async def test_a_revoked_device_is_out_within_a_second_and_another_stays(here: Town) -> None:
    member = await here.member()
    phone, desk = await here.device(member), await here.device(member, "desk")
    out, stays = await here.connect(here.hello(phone)), await here.connect(here.hello(desk))

    await here.revoke(phone)

    assert await is_ended(out)
    assert not stays.ended.is_set()
    await here.provision.purged()
    assert users(here.broker) == {ADMIN, STREAM, desk.user}
    with pytest.raises(Refused):
        await here.connect(here.hello(phone))


async def test_of_a_member_whose_revoked_device_may_still_be_there_nothing_counts(here: Town) -> None:
    member = await here.member()
    phone = await here.device(member)
    await here.lose_broker()

    await here.revoke(phone)
    await here.provision.until(lambda: here.provision.is_shut(member.id), PATIENCE)
    here.broker.start()

    await here.provision.until(lambda: not here.provision.is_shut(member.id), PATIENCE)
    assert users(here.broker) == {ADMIN, STREAM}


async def test_of_a_member_with_a_new_credential_everything_counts_once_the_old_one_is_out(here: Town) -> None:
    member = await here.member()
    await here.device(member)
    await here.lose_broker()

    new = await here.device(member, waits=False)
    await here.provision.until(lambda: here.provision.is_shut(member.id), PATIENCE)
    here.broker.start()

    await here.provision.until(lambda: not here.provision.is_shut(member.id), PATIENCE)
    await here.connect(here.hello(new))


async def test_a_web_token_that_ends_shuts_nobody_at_the_broker(here: Town) -> None:
    member = await here.member()
    phone = await here.device(member)
    await here.lose_broker()

    await here.store.commit(RevokeTokens(TokenKind.MEMBER, member.id, here.world.clock.now(), "browser-1"))
    await here.store.commit(RevokeTokens(TokenKind.SESSION, member.id, here.world.clock.now()))
    here.broker.start()
    await here.compared()

    assert not here.provision.is_shut(member.id)
    assert (users(here.broker), roles(here.broker)) == ({ADMIN, STREAM, phone.user}, {ADMIN, STREAM, role_of(phone).name})


async def test_a_device_that_was_revoked_while_the_broker_was_away_is_out_when_it_is_back(here: Town) -> None:
    phone = await here.device(await here.member())
    await (await here.connect(here.hello(phone, clean=False, expiry=3600))).drop()
    await here.lose_broker()

    await here.revoke(phone)
    here.broker.start()
    await here.provision.purged()

    assert users(here.broker) == {ADMIN, STREAM}
    with pytest.raises(Refused):
        await here.connect(here.hello(phone))


async def test_a_relay_that_died_before_a_revocation_was_done_does_it_at_its_next_start(here: Town) -> None:
    phone = await here.device(await here.member())
    await here.stop()

    await here.revoke(phone)
    await here.begin_anew()
    await here.provision.purged()

    assert users(here.broker) == {ADMIN, STREAM}


async def test_a_new_credential_of_the_same_device_puts_the_old_one_out(here: Town) -> None:
    member = await here.member()
    old = await here.device(member)
    old_hello = here.hello(old)
    client = await here.connect(old_hello)

    new = await here.device(member)

    assert await is_ended(client)
    with pytest.raises(Refused):
        await here.connect(old_hello)
    assert not (await here.connect(here.hello(new, clean=False))).had_session


async def one_with_a_waiting_text(here: Town) -> tuple[Member, Device]:
    """A member, and the device for which the broker keeps it."""
    member = await here.member()
    phone = await here.device(member)
    stream = await here.stream()
    client = await here.connect(here.hello(phone, clean=False, expiry=3600))
    await client.subscribe(down(phone))
    await client.drop()
    await stream.publish(down(phone), b"for the erased one alone")
    return member, phone


async def test_an_erasure_purges_the_session_before_it_says_so(here: Town) -> None:
    member, phone = await one_with_a_waiting_text(here)

    await here.erase(member)
    await here.provision.purged()

    assert (users(here.broker), roles(here.broker)) == ({ADMIN, STREAM}, {ADMIN, STREAM})
    assert await here.store.ended_devices(here.world.clock.now()) == []
    here.broker.stop()  # writes its sessions down
    kept = [path.read_bytes() for path in (here.broker.folder / "state").iterdir()]
    assert [text for text in kept if b"for the erased one alone" in text or phone.user.encode() in text] == []


async def test_what_a_killed_broker_comes_back_with_holds_nobody_who_was_erased(here: Town) -> None:
    member, phone = await one_with_a_waiting_text(here)
    await here.restart_broker()
    before = (here.broker.folder / KEPT / SESSIONS).read_bytes()

    await here.erase(member)
    await here.provision.purged()
    here.broker.kill()

    after = (here.broker.folder / KEPT / SESSIONS).read_bytes()
    assert [b"for the erased one alone" in text or phone.user.encode() in text for text in (before, after)] == [True, False]


async def test_a_role_that_nobody_has_goes_when_the_broker_is_looked_through(here: Town) -> None:
    left = member_role(here.world.ids())
    await here.stop()
    await here.by_hand(*({"command": "createRole", "rolename": name} for name in (left.name, "mine")))

    await here.begin_anew()

    assert roles(here.broker) == {ADMIN, STREAM, "mine"}


async def test_of_whom_the_ledger_knows_a_part_all_is_put_out_and_the_broker_stays_up(here: Town) -> None:
    """Its role must not go before the last of its clients: mosquitto would end."""
    members = [await here.member() for _ in range(5)]
    phones = [await here.device(member) for member in members]
    desks = [await here.device(member, "desk") for member in members]
    await here.stop()
    await here.store.commit(DropDevices(tuple(desk.id for desk in desks)))
    for phone in phones:
        await here.revoke(phone)

    assert await here.is_up_after_beginning_anew()
    assert (users(here.broker), roles(here.broker)) == ({ADMIN, STREAM}, {ADMIN, STREAM})


async def test_a_role_that_the_operator_gave_to_another_stays(here: Town) -> None:
    phone = await here.device(await here.member())
    await here.stop()
    role = role_of(phone).name
    await here.by_hand({"command": "createClient", "username": "monitor", "password": "x", "roles": [{"rolename": role}]})
    await here.begin_anew()

    await here.revoke(phone)
    await here.provision.purged()

    assert await here.is_up_after_beginning_anew()
    assert (users(here.broker), roles(here.broker)) == ({ADMIN, STREAM, "monitor"}, {ADMIN, STREAM, role})


async def test_an_erasure_is_not_confirmed_while_the_broker_is_away(here: Town) -> None:
    member = await here.member()
    await here.device(member)
    await here.lose_broker()
    await here.erase(member)

    with pytest.raises(Unavailable):
        await here.provision.purged(within=0.1)

    assert len(await here.store.ended_devices(here.world.clock.now())) == 1


async def test_a_credential_that_is_made_while_the_broker_is_away_works_when_it_is_back(here: Town) -> None:
    await here.lose_broker()
    member = await here.member()
    phone = await here.device(member, waits=False)

    here.broker.start()
    await here.provision.settled(member.id)

    assert await here.lets_in(phone)
    assert [device.sealed for device in await here.store.devices_of(member.id)] == [""]


async def test_a_credential_that_was_sealed_under_another_password_is_given_up(here: Town) -> None:
    member = await here.member()
    phone = replace(await here.device(member, is_made=False), id=here.world.ids(), sealed=sealed("x", "of before", "x"))

    await here.store.commit(AddDevice(phone))
    await here.provision.settled(member.id)

    assert [device.sealed for device in await here.store.devices_of(member.id)] == [""]
    assert users(here.broker) == {ADMIN, STREAM}


async def test_a_broker_that_lost_its_file_has_everybody_again_when_it_is_restarted(here: Town) -> None:
    devices = [await here.device(await here.member()) for _ in range(3)]
    await here.lose_broker()
    here.broker.dynsec_file.unlink()
    here.broker.start()

    await here.asked_for_restart()
    await here.restart_broker()

    assert users(here.broker) == {ADMIN, STREAM, *(device.user for device in devices)}
    for device in devices:
        await here.connect(here.hello(device))
    await here.stream()


async def test_a_file_that_somebody_broke_by_hand_waits_and_everything_else_goes_on(here: Town) -> None:
    await here.lose_broker()
    here.broker.dynsec_file.write_text('{"clients": [{}]}')
    with capture_logs() as said:
        here.broker.start()
        await here.provision.until(lambda: any("without a name" in each.get("why", "") for each in said), PATIENCE)

    here.broker.dynsec_file.write_text("{}")
    await here.asked_for_restart()
    await here.restart_broker()

    assert users(here.broker) == {ADMIN, STREAM}


async def test_a_broker_that_forgot_its_sessions_has_the_same_clients(here: Town) -> None:
    phone = await here.device(await here.member())
    await here.lose_broker()
    here.broker.forget()
    here.broker.start()

    await here.compared()

    assert users(here.broker) == {ADMIN, STREAM, phone.user}


async def test_who_an_older_copy_of_the_database_does_not_know_is_put_out(here: Town) -> None:
    phone = await here.device(await here.member())
    client = await here.connect(here.hello(phone))

    await here.forget_devices()
    await here.begin_anew()

    assert users(here.broker) == {ADMIN, STREAM}
    assert client.ended.is_set()


async def test_without_a_file_what_was_lost_is_told_and_the_rest_goes_on(mosquitto: Mosquitto, tmp_path: Path) -> None:
    async with town(mosquitto, tmp_path, has_file=False) as here:
        lost = await here.device(await here.member(), is_made=False)
        await here.begin_anew()
        made = await here.device(await here.member())

        await here.connect(here.hello(made))
        with pytest.raises(Refused):
            await here.connect(here.hello(lost))


async def test_what_somebody_changed_by_hand_is_put_right(here: Town) -> None:
    phone = await here.device(await here.member())
    await here.stop()
    await here.by_hand(
        {"command": "createRole", "rolename": "all", "acls": [{"acltype": "subscribePattern", "topic": "#", "allow": True}]},
        {"command": "addClientRole", "username": phone.user, "rolename": "all"},
        {"command": "setDefaultACLAccess", "acls": [{"acltype": "publishClientReceive", "allow": True}]},
        {"command": "setClientId", "username": phone.user, "clientid": ""},
    )

    await here.begin_anew()

    client = await here.connect(here.hello(phone))
    assert await client.subscribe("#") == 0x87
    file = json.loads(here.broker.dynsec_file.read_bytes())
    assert not any(file["defaultACLAccess"].values())
    assert [each["clientid"] for each in file["clients"] if each["username"] == phone.user] == [phone.user]
