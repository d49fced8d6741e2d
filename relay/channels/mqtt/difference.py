"""What the broker has against what it shall have: pure, so that every case is a row of a table."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from relay.channels.mqtt import dynsec
from relay.channels.mqtt.access import ADMIN_ROLE, OF_KEY, OF_MEMBER, STREAM_ROLE, Role, role_of
from relay.channels.mqtt.dynsec import Known
from relay.core.device import Device

Rules = frozenset[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Inventory:
    """What the broker has: clients by user name, roles by name with what they allow."""

    clients: Mapping[str, Known]
    roles: Mapping[str, Rules]


@dataclass(frozen=True, slots=True)
class Difference:
    """`leftover` are users to expel; `misfits` are there and not as they have to be, `lacking` are not there at all.

    `make` and `mend` are roles that are missing or say something else, `drop` are members and keys with a role and nothing in
    force.
    """

    leftover: tuple[str, ...] = ()
    misfits: tuple[Device, ...] = ()
    lacking: tuple[Device, ...] = ()
    make: tuple[Role, ...] = ()
    mend: tuple[Role, ...] = ()
    drop: tuple[str, ...] = ()

    def __len__(self) -> int:
        """How many changes it takes."""
        return sum(map(len, (self.leftover, self.misfits, self.lacking, self.make, self.mend, self.drop)))


def compare(there: Inventory, devices: Iterable[Device]) -> Difference:
    """`devices` are all that are in force. What the operator made beside them is nobody's business here."""
    wanted = {device.user: device for device in devices}
    roles = {role.name: role for role in (STREAM_ROLE, ADMIN_ROLE, *map(role_of, wanted.values()))}
    clients = there.clients
    return Difference(
        leftover=tuple(user for user in clients if dynsec.is_ours(user) and user not in wanted),
        misfits=tuple(device for user, device in wanted.items() if user in clients and not clients[user].fits(device)),
        lacking=tuple(device for user, device in wanted.items() if user not in clients),
        make=tuple(role for name, role in roles.items() if name not in there.roles),
        mend=tuple(role for name, role in roles.items() if _says_something_else(there.roles.get(name), role)),
        drop=tuple(_without_any(there.roles, roles)),
    )


def _says_something_else(rules: Rules | None, role: Role) -> bool:
    return rules is not None and rules != dynsec.wanted_rules(role)


def _without_any(there: Collection[str], wanted: Collection[str]) -> Iterable[str]:
    for prefix in (OF_MEMBER, OF_KEY):
        yield from (name.removeprefix(prefix) for name in there if name.startswith(prefix) and name not in wanted)


def roles_of_others(there: Inventory) -> frozenset[str]:
    """What the operator's own clients may do: none of it is deleted under them."""
    return frozenset(role for user, client in there.clients.items() if not dynsec.is_ours(user) for role in client.roles)
