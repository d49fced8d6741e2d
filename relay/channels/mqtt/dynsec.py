"""mosquitto's dynamic security in its own words: the commands, what it answers, and the file that it reads at its start.

Pure. Commands and file say the same; a command changes one thing and has mosquitto write its whole file, which takes it 39 ms
with 1,000 clients, so that a bulk goes into the file. The file is read when mosquitto starts and never again (2.0.11: SIGHUP
changes nothing), and the next command overwrites it with what mosquitto knows.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from relay.channels.mqtt.access import ADMIN_ROLE, BOOTSTRAP, DEFAULTS, OF_KEY, OF_MEMBER, OWN_ROLES, Role, role_of
from relay.core.device import Device, SecretHash
from relay.core.identity import is_id

Plain = Mapping[str, Any]
Command = dict[str, Any]

CLIENT_THERE: Final = "Client already exists"
ROLE_THERE: Final = "Role already exists"
NO_CLIENT: Final = "Client not found"
NO_ROLE: Final = "Role not found"


class BadAnswer(ValueError):
    """What came is not what mosquitto's plugin answers."""


@dataclass(frozen=True, slots=True)
class Known:
    """A client as the broker has it; `mark` is the id of the credential that it was made for."""

    user: str
    client_id: str | None
    mark: str
    roles: tuple[str, ...]
    groups: tuple[str, ...] = ()
    is_disabled: bool = False

    def fits(self, device: Device) -> bool:
        """Whether it was made for this credential, and as it has to be."""
        as_made = (self.client_id, self.mark, self.roles, self.groups) == (device.user, device.id, (role_of(device).name,), ())
        return as_made and not self.is_disabled


@dataclass(frozen=True, slots=True)
class Owner:
    """One of the relay's own identities, as it stands in the file. Its client id is free: what purges a session needs that."""

    name: str
    role: Role
    secret: SecretHash


def is_ours(user: str) -> bool:
    """Whether the relay made such a client: a member's id and a device, or a key's id. The operator's own are let be."""
    subject, _, _ = user.partition(".")
    return is_id(subject)


# ------------------------------------------------------------------------------------------------------------- commands


def deny_by_default() -> Command:
    return {"command": "setDefaultACLAccess", "acls": [{"acltype": kind, "allow": False} for kind in DEFAULTS]}


def get_defaults() -> Command:
    return {"command": "getDefaultACLAccess"}


def get_client(user: str) -> Command:
    return {"command": "getClient", "username": user}


def list_clients(offset: int, count: int) -> Command:
    return {"command": "listClients", "verbose": True, "offset": offset, "count": count}


def list_roles(offset: int, count: int) -> Command:
    return {"command": "listRoles", "verbose": True, "offset": offset, "count": count}


def create_role(role: Role) -> Command:
    return {"command": "createRole", **_role(role)}


def set_rules(role: Role) -> Command:
    """Instead of whatever the role allows now."""
    return {"command": "modifyRole", **_role(role)}


def delete_role(name: str) -> Command:
    return {"command": "deleteRole", "rolename": name}


def create_device(device: Device, secret: str) -> Command:
    client = {"username": device.user, "clientid": device.user, "password": secret, "textname": device.id}
    return {"command": "createClient", **client, "roles": [{"rolename": role_of(device).name}]}


def mend_device(device: Device) -> tuple[Command, Command]:
    """All but its secret as it has to be; ends what is connected under it."""
    client = {"username": device.user, "clientid": device.user, "textname": device.id, "groups": []}
    roles = [{"rolename": role_of(device).name}]
    return {"command": "modifyClient", **client, "roles": roles}, {"command": "enableClient", "username": device.user}


def create_own(name: str, role: Role, secret: str) -> Command:
    return {"command": "createClient", "username": name, "password": secret, "roles": [{"rolename": role.name}]}


def set_password(user: str, secret: str) -> Command:
    """Ends what is connected under it."""
    return {"command": "setClientPassword", "username": user, "password": secret}


def disable(user: str) -> Command:
    """Ends what is connected under it, and keeps it out."""
    return {"command": "disableClient", "username": user}


def delete(user: str) -> Command:
    """Leaves the session with its queue to whoever comes under that client id next: purge it before."""
    return {"command": "deleteClient", "username": user}


def request(commands: Sequence[Command], marks: Sequence[str]) -> bytes:
    """One message for several commands, each with its own mark to know its answer by."""
    marked = [{**command, "correlationData": mark} for command, mark in zip(commands, marks, strict=True)]
    return json.dumps({"commands": marked}).encode()


# -------------------------------------------------------------------------------------------------------------- answers


def answers(payload: bytes) -> dict[str, Plain]:
    """By their marks; those without one are somebody else's. Raises BadAnswer."""
    try:
        found = json.loads(payload)["responses"]
        return {each["correlationData"]: each for each in found if "correlationData" in each}
    except (ValueError, TypeError, KeyError):
        raise BadAnswer from None


def data(answer: Plain) -> Plain:
    """What it holds, empty where it holds nothing."""
    found = answer.get("data", {})
    if not isinstance(found, Mapping):
        raise BadAnswer
    return found


def listed(answer: Plain, what: str) -> tuple[list[Plain], int]:
    """A page of what `listClients` and `listRoles` show, and how many there are in all."""
    found = data(answer)
    items, total = found.get(what, []), found.get("totalCount", 0)
    if type(items) is not list or not all(isinstance(each, Mapping) for each in items) or type(total) is not int:
        raise BadAnswer
    return items, total


def known(client: Plain) -> Known:
    """One of what `getClient` and `listClients` show."""
    try:
        roles = tuple(str(role["rolename"]) for role in client.get("roles", ()))
        groups = tuple(str(group["groupname"]) for group in client.get("groups", ()))
        mark, client_id = str(client.get("textname", "")), client.get("clientid")
        return Known(str(client["username"]), client_id, mark, roles, groups, bool(client.get("disabled", False)))
    except (TypeError, KeyError, AttributeError):
        raise BadAnswer from None


def known_role(role: Plain) -> tuple[str, frozenset[tuple[str, str]]]:
    """The name of a listed role and what it allows. A rule that forbids makes it another role than any of ours."""
    try:
        acls = role.get("acls", ())
        rules = frozenset((str(acl["acltype"]), f"{'' if acl['allow'] else '!'}{acl['topic']}") for acl in acls)
        return str(role["rolename"]), rules
    except (TypeError, KeyError, AttributeError):
        raise BadAnswer from None


def wanted_rules(role: Role) -> frozenset[tuple[str, str]]:
    return frozenset((rule.act.value, rule.topic) for rule in role.rules)


def is_denying(answer: Plain) -> bool:
    """Whether the answer to `get_defaults` says that everything is denied that no rule allows."""
    try:
        found = {acl["acltype"]: acl["allow"] for acl in data(answer).get("acls", ())}
    except (TypeError, KeyError):
        raise BadAnswer from None
    return found == dict.fromkeys(DEFAULTS, False)


# ------------------------------------------------------------------------------------------------------------- the file


def rendered(owners: Sequence[Owner], devices: Iterable[Device], before: Plain | None = None) -> bytes:
    """The whole file. What the operator added `before` stays: clients, groups and roles that are not ours."""
    clients, roles, groups = _foreign(before or {})
    clients += [_own_client(owner) for owner in owners]
    roles += [_role(owner.role) for owner in owners]
    seen: set[str] = set()
    for device in devices:
        role = role_of(device)
        clients.append(_device_client(device, role))
        if role.name not in seen:
            seen.add(role.name)
            roles.append(_role(role))
    whole = {"clients": clients, "groups": groups, "roles": roles, "defaultACLAccess": dict.fromkeys(DEFAULTS, False)}
    return json.dumps(whole, indent=1).encode() + b"\n"


def is_mosquittos(found: Plain) -> bool:
    """Whether its lists are what the plugin writes, as far as they are kept: somebody may have changed the file by hand."""
    named = {"clients": "username", "roles": "rolename", "groups": "groupname"}
    return all(_are_named(found.get(what, []), name) for what, name in named.items())


def _are_named(items: object, name: str) -> bool:
    return isinstance(items, list) and all(isinstance(each, dict) and isinstance(each.get(name), str) for each in items)


def has_admin(content: bytes, name: str = ADMIN_ROLE.name) -> bool:
    """Whether the text of a file holds the relay's own administrator: without one nothing can be mended by commands."""
    try:
        clients = json.loads(content)["clients"]
        return any(client.get("username") == name for client in clients)
    except (ValueError, TypeError, KeyError, AttributeError):
        return False


def _foreign(before: Plain) -> tuple[list[Plain], list[Plain], list[Plain]]:
    own_names = {role.name for role in OWN_ROLES} | {BOOTSTRAP}

    def is_foreign_role(name: str) -> bool:
        return name not in own_names and not name.startswith((OF_MEMBER, OF_KEY))

    clients = [
        each for each in before.get("clients", ()) if each["username"] not in own_names and not is_ours(each["username"])
    ]
    roles = [each for each in before.get("roles", ()) if is_foreign_role(each["rolename"])]
    return clients, roles, list(before.get("groups", ()))


def _device_client(device: Device, role: Role) -> Plain:
    head = {"username": device.user, "clientid": device.user, "textname": device.id}
    return {**head, **_secret(device.secret), "roles": [{"rolename": role.name}]}


def _own_client(owner: Owner) -> Plain:
    return {"username": owner.name, **_secret(owner.secret), "roles": [{"rolename": owner.role.name}]}


def _secret(secret: SecretHash) -> Plain:
    return {"password": secret.digest, "salt": secret.salt, "iterations": secret.iterations}


def _role(role: Role) -> Plain:
    acls = [{"acltype": rule.act.value, "topic": rule.topic, "allow": True} for rule in role.rules]
    return {"rolename": role.name, "acls": acls}
