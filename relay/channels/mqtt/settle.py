"""Settle: makes the broker know what the ledger says of one member or key, whatever it knew before.

One way for everything: a new credential, one that was replaced, revoked, erased, or that an older copy of the database brought
back. What ended is kept out first, then its session and queue are purged, then it is deleted, then the broker writes down that
it is gone; each step may be cut off and is done again. A session is purged by coming under its client id with a clean start,
as the administrator, whose own client id is free.
"""

from collections.abc import Awaitable, Callable, Collection, Iterable
from dataclasses import dataclass

import structlog

from relay.channels.mqtt import dynsec
from relay.channels.mqtt.access import OF_KEY, OF_MEMBER, role_of
from relay.channels.mqtt.control import Control
from relay.core.device import ConfirmDevice, Device, DropDevices
from relay.ports import Clock, Store

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Settled:
    """`lacking` is not there and cannot be made, since nobody knows its secret. Of `ended` the broker has nothing any more."""

    lacking: tuple[Device, ...]
    ended: tuple[Device, ...]


@dataclass(frozen=True, slots=True)
class Settle:
    """`purge` ends the session under a client id, `save` has the broker write its sessions down, `unsealed` reads a secret.

    mosquitto crashes when a role goes that somebody has (2.0.11, seen). So one goes after its clients, once all of them are
    known, and stays while the operator gave it to another.
    """

    store: Store
    clock: Clock
    control: Control
    purge: Callable[[str], Awaitable[None]]
    save: Callable[[], Awaitable[None]]
    unsealed: Callable[[Device], str | None]

    async def subject(self, subject: str, also: Collection[str] = (), *, keep: Collection[str] | None = None) -> Settled:
        """`also` are users that the ledger lacks. What ended stays in the ledger until `drop`.

        `keep` are roles that others have; None keeps all: the broker may have users of the subject that are not known yet.
        Raises Away, Refused, LinkError.
        """
        now = self.clock.now()
        rows = await self.store.devices_of(subject)
        valid = {device.user: device for device in rows if device.is_valid(now)}
        ended = tuple(device for device in rows if not device.is_valid(now))
        gone = {*also, *(device.user for device in ended)}
        lacking = [device for device in valid.values() if not await self._let_in(device, is_replacing=device.user in gone)]
        for user in sorted(gone - valid.keys()):
            await self._expel(user)
        if not valid and keep is not None:
            roles = (f"{prefix}{subject}" for prefix in (OF_MEMBER, OF_KEY))
            await self.control.do(*(dynsec.delete_role(role) for role in roles if role not in keep), fine=[dynsec.NO_ROLE])
        return Settled(tuple(lacking), ended)

    async def drop(self, ended: Iterable[Device]) -> None:
        """Nothing of them is left, also when the broker is killed now. Raises LinkError, Unavailable."""
        ids = tuple(device.id for device in ended)
        if ids:
            await self.save()
            await self.store.commit(DropDevices(ids))
            log.info("ended at the broker", devices=len(ids))

    async def _let_in(self, device: Device, *, is_replacing: bool) -> bool:
        """False when it is not there and cannot be made."""
        there = await self.control.client(device.user)
        role = dynsec.create_role(role_of(device))
        if there is not None and there.mark == device.id:
            if not there.fits(device):
                await self.control.do(role, *dynsec.mend_device(device), fine=[dynsec.ROLE_THERE])
        else:
            if there is not None or is_replacing:
                await self._expel(device.user)
            secret = self.unsealed(device)
            if secret is None:
                await self._give_up(device)
                return False
            await self.control.do(role, dynsec.create_device(device, secret), fine=[dynsec.ROLE_THERE])
        if device.sealed:
            await self.store.commit(ConfirmDevice(device.id))
        return True

    async def _give_up(self, device: Device) -> None:
        if device.sealed:
            log.error(
                "a new credential cannot be read, mqtt.admin_password is not what it was: make it anew", subject=device.subject
            )
            await self.store.commit(ConfirmDevice(device.id))

    async def _expel(self, user: str) -> None:
        """In this order: a client that is deleted first leaves its queue to whoever comes under that name next."""
        await self.control.do(dynsec.disable(user), fine=[dynsec.NO_CLIENT])
        await self.purge(user)
        await self.control.do(dynsec.delete(user), fine=[dynsec.NO_CLIENT])
