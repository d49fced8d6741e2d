"""The broker's clients, kept as the ledger has them, where the relay may administrate the broker."""

import os
from collections.abc import Callable
from random import Random

from relay.bus import Bus, Missed
from relay.channels.mqtt.bootstrap import Access
from relay.channels.mqtt.dynsec_file import DynsecFile
from relay.channels.mqtt.provision import Draws, Ledger, Provision
from relay.channels.mqtt.settings import MqttSettings
from relay.channels.mqtt.turn import Always, Turn
from relay.clock import SystemClock
from relay.core.change import Erase, RevokeKey, RevokeTokens
from relay.core.device import SALT_BYTES, AddDevice, ConfirmDevice, DropDevices
from relay.core.identity import Ids
from relay.flows.admit import Broker
from relay.flows.lease import Lease
from relay.ports import Engine

LEASE = "mqtt-admin"
CHANGES: tuple[type[object], ...] = (RevokeTokens, RevokeKey, Erase, AddDevice, ConfirmDevice, DropDevices, Missed)


def open_provision(settings: MqttSettings, store: Engine, bus: Bus, ids: Ids, epoch: Callable[[], int]) -> Provision | None:
    """None where no broker is set, or no password of its administrator. Raises OSError when a TLS file cannot be used.

    `epoch` is that of this process's run: of several relays one administrates the broker.
    """
    access = access_of(settings)
    if access is None:
        return None
    file = DynsecFile(settings.dynsec_file) if settings.dynsec_file else None
    spread = Random()  # noqa: S311 - spreads reconnects over time, no secret
    clock = SystemClock()
    turn: Turn = Lease(store, clock, LEASE, epoch) if store.is_shared else Always()
    provision = Provision(Ledger(store, clock, turn), access, file, Draws(ids, salt, spread))
    for change in CHANGES:
        bus.on(change, provision.heard)
    return provision


def access_of(settings: MqttSettings) -> Access | None:
    """None where the relay administrates no broker. Raises OSError when a TLS file cannot be used."""
    admin = settings.admin_password.get_secret_value()
    if settings.url is None or not admin:
        return None
    return Access(
        host=settings.host,
        port=settings.port,
        admin=admin,
        stream=settings.password.get_secret_value(),
        bootstrap=settings.bootstrap_password.get_secret_value(),
        tls=settings.tls(),
    )


def broker_of(provision: Provision | None) -> Broker | None:
    """As flows see it."""
    return None if provision is None else Broker(provision.seal, provision.settled)


def is_shut_at(provision: Provision | None) -> Callable[[str], bool]:
    """Whose frames do not count for the moment."""
    return (lambda _: False) if provision is None else provision.is_shut


def salt() -> bytes:
    return os.urandom(SALT_BYTES)
