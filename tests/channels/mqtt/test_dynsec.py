"""The words of dynamic security, the comparison with what shall be, and the file on the disk: pure, or a file alone."""

import json
from dataclasses import replace
from pathlib import Path
from stat import S_IMODE

import pytest

from relay.channels.mqtt import dynsec
from relay.channels.mqtt.access import ADMIN, ADMIN_ROLE, BOOTSTRAP, STREAM_ROLE, member_role, role_of
from relay.channels.mqtt.difference import Difference, Inventory, compare
from relay.channels.mqtt.dynsec import BadAnswer, Known, Owner, Plain
from relay.channels.mqtt.dynsec_file import DynsecFile, NotWritten
from relay.core.device import Device, hashed, is_device_name
from relay.core.staff import TokenKind
from relay.testing.clock import START, Drawn

IDS = Drawn()
PHONE = Device(IDS(), TokenKind.MEMBER, IDS(), "phone", hashed("secret", b"twelve bytes"), START)
DESK = replace(PHONE, id=IDS(), name="desk")
OWNER = Owner(ADMIN, ADMIN_ROLE, hashed("secret", b"twelve bytes"))
OWN_ROLES = {role.name: dynsec.wanted_rules(role) for role in (STREAM_ROLE, ADMIN_ROLE)}
MEMBER_ROLE = {role_of(PHONE).name: dynsec.wanted_rules(role_of(PHONE))}
NO_ROOM = 0


def made(device: Device) -> Known:
    return Known(device.user, device.user, device.id, (role_of(device).name,))


def held(*clients: Known, **roles: frozenset[tuple[str, str]]) -> Inventory:
    return Inventory({client.user: client for client in clients}, {**OWN_ROLES, **roles})


def test_a_hash_is_that_of_mosquitto() -> None:
    """As mosquitto_ctrl 2.0.11 wrote it for the password `secretsecret`."""
    digest = "ahgtuAWWa/1wxnGBihbFBnv0u5a5TPBY70s5AvKhnJVDdzxBDYOBMbEl7i996oxKU0e08YM1ve+I7Cqj1a1yaA=="

    found = hashed("secretsecret", bytes.fromhex("e41615309f7c8c96f9fa3400"))

    assert (found.digest, found.salt, found.iterations) == (digest, "5BYVMJ98jJb5+jQA", 101)


@pytest.mark.parametrize("name", ["a", "phone-2", "a" * 20])
def test_a_device_name(name: str) -> None:
    assert is_device_name(name)


@pytest.mark.parametrize("name", ["", "Phone", "a" * 21, "a.b", "a/b", "#", "+", "phone ", "phöne", "phone\n"])
def test_no_device_name(name: str) -> None:
    assert not is_device_name(name)


def test_a_member_has_three_literal_rules() -> None:
    rules = member_role("m").rules

    assert {(rule.act, rule.topic) for rule in rules} == {
        ("publishClientSend", "relay/v1/m/m/up"),
        ("publishClientReceive", "relay/v1/m/m/down"),
        ("subscribeLiteral", "relay/v1/m/m/down"),
    }


def test_a_file_holds_each_role_once_and_no_first_administrator() -> None:
    file = json.loads(dynsec.rendered([OWNER], [PHONE, DESK]))

    assert [client["username"] for client in file["clients"]] == [ADMIN, PHONE.user, DESK.user]
    assert [role["rolename"] for role in file["roles"]] == [ADMIN, role_of(PHONE).name]
    assert all(client["clientid"] == client["username"] for client in file["clients"][1:])


def test_what_the_operator_made_stays_and_what_was_ours_goes() -> None:
    before = {
        "clients": [{"username": "monitor"}, {"username": BOOTSTRAP}, {"username": DESK.user}, {"username": ADMIN}],
        "roles": [{"rolename": "watching"}, {"rolename": role_of(DESK).name}, {"rolename": BOOTSTRAP}],
        "groups": [{"groupname": "watchers"}],
    }

    file = json.loads(dynsec.rendered([OWNER], [], before))

    assert [client["username"] for client in file["clients"]] == ["monitor", ADMIN]
    assert [role["rolename"] for role in file["roles"]] == ["watching", ADMIN]
    assert file["groups"] == [{"groupname": "watchers"}]


@pytest.mark.parametrize("payload", [b"", b"x", b"[]", b"{}", b'{"responses": 1}', b'{"responses": [1]}', b"\xff"])
def test_an_answer_that_is_none_is_said_to_be_bad(payload: bytes) -> None:
    with pytest.raises(BadAnswer):
        dynsec.answers(payload)


@pytest.mark.parametrize("data", [1, {"roles": None}, {"roles": [1]}, {"roles": [], "totalCount": "many"}])
def test_a_listing_that_is_none_is_said_to_be_bad(data: object) -> None:
    with pytest.raises(BadAnswer):
        dynsec.listed({"data": data}, "roles")


@pytest.mark.parametrize("role", [{}, {"rolename": "x", "acls": None}, {"rolename": "x", "acls": [{"acltype": "subscribe"}]}])
def test_a_role_that_is_none_is_said_to_be_bad(role: Plain) -> None:
    with pytest.raises(BadAnswer):
        dynsec.known_role(role)


@pytest.mark.parametrize("acls", [None, [1], [{"acltype": "subscribe"}]])
def test_defaults_that_are_none_are_said_to_be_bad(acls: object) -> None:
    with pytest.raises(BadAnswer):
        dynsec.is_denying({"data": {"acls": acls}})


def test_answers_are_known_by_their_marks() -> None:
    found = dynsec.answers(b'{"responses": [{"command": "a", "correlationData": "2"}, {"command": "of somebody else"}]}')

    assert found == {"2": {"command": "a", "correlationData": "2"}}


def test_a_broker_that_has_all_of_it_differs_in_nothing() -> None:
    assert (
        len(compare(held(made(PHONE), Known("monitor", None, "", ("x",)), **MEMBER_ROLE, watching=frozenset()), [PHONE])) == 0
    )


@pytest.mark.parametrize(
    ("there", "expected"),
    [
        (held(**MEMBER_ROLE), Difference(lacking=(PHONE,))),
        (held(made(PHONE)), Difference(make=(role_of(PHONE),))),
        (held(made(PHONE), made(DESK), **MEMBER_ROLE), Difference(leftover=(DESK.user,))),
        (held(replace(made(PHONE), mark="an older one"), **MEMBER_ROLE), Difference(misfits=(PHONE,))),
        (held(replace(made(PHONE), client_id=None), **MEMBER_ROLE), Difference(misfits=(PHONE,))),
        (held(replace(made(PHONE), roles=("x", role_of(PHONE).name)), **MEMBER_ROLE), Difference(misfits=(PHONE,))),
        (held(replace(made(PHONE), groups=("watchers",)), **MEMBER_ROLE), Difference(misfits=(PHONE,))),
        (held(replace(made(PHONE), is_disabled=True), **MEMBER_ROLE), Difference(misfits=(PHONE,))),
        (
            held(made(PHONE), **{role_of(PHONE).name: frozenset({("subscribePattern", "#")})}),
            Difference(mend=(role_of(PHONE),)),
        ),
    ],
)
def test_a_difference_is_named(there: Inventory, expected: Difference) -> None:
    assert compare(there, [PHONE]) == expected


def test_whose_role_is_there_for_nothing_is_named() -> None:
    assert compare(held(**MEMBER_ROLE), []) == Difference(drop=(PHONE.subject,))


@pytest.mark.parametrize("content", [b"", b"{", b"{}", b'{"clients": []}', b'{"clients": [{"username": "monitor"}]}'])
def test_a_file_without_an_administrator_is_lost(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(content)

    assert DynsecFile(tmp_path / "file").is_lost()
    assert DynsecFile(tmp_path / "none").is_lost()


@pytest.mark.parametrize(
    "content",
    ['{"clients": [{}]}', '{"clients": null}', '{"roles": {}}', '{"groups": [null]}', '{"clients": [{"username": 1}]}'],
)
def test_a_file_that_somebody_broke_by_hand_is_named_and_left(content: str, tmp_path: Path) -> None:
    file = DynsecFile(tmp_path / "file")
    file.path.write_text(content)

    with pytest.raises(NotWritten, match=r"file has clients, roles or groups without a name"):
        file.before()


@pytest.mark.parametrize("content", ["null", "[]", "{", ""])
def test_a_file_that_says_nothing_is_written_over(content: str, tmp_path: Path) -> None:
    file = DynsecFile(tmp_path / "file")
    file.path.write_text(content)

    assert file.before() == {}


def test_a_file_with_one_is_not_lost(tmp_path: Path) -> None:
    file = DynsecFile(tmp_path / "file")

    file.write(dynsec.rendered([OWNER], [PHONE]))

    assert not file.is_lost()
    assert file.before()["clients"][1]["username"] == PHONE.user


def test_a_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    file = DynsecFile(tmp_path / "file")

    file.write(b"{}")

    assert S_IMODE(file.path.stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_nothing_is_written_without_room(tmp_path: Path) -> None:
    file = DynsecFile(tmp_path / "file", free=lambda _: NO_ROOM)
    file.path.write_bytes(b"before")

    with pytest.raises(NotWritten, match="too little room"):
        file.write(b"{}")

    assert file.path.read_bytes() == b"before"


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotWritten, match="No such file"):
        DynsecFile(tmp_path / "nowhere" / "file", free=lambda _: 2**40).write(b"{}")


def test_a_file_that_cannot_be_read_is_not_taken_for_an_empty_one(tmp_path: Path) -> None:
    (tmp_path / "file").mkdir()  # what even root cannot read as a file

    with pytest.raises(NotWritten, match="cannot be read"):
        DynsecFile(tmp_path / "file").before()

    assert DynsecFile(tmp_path / "none").before() == {}
