"""Admit: devices of members and systems of the company get their way in over MQTT, with a secret that is shown once."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from relay.core.change import Change, Record
from relay.core.device import AddDevice, Device, hashed, is_device_name
from relay.core.errors import Fault, Invalid
from relay.core.identity import Ids
from relay.core.member import Member
from relay.core.staff import Actor, Key, TokenKind
from relay.ports import Also, Clock, Store, nothing

SCOPE = "posts:write"  # what a key needs to post over MQTT
NO_BROKER = "needs the MQTT channel, which this relay does not have"
NO_NAME = "over MQTT needs 1 to 20 small letters, digits and -"


@dataclass(frozen=True, slots=True)
class Broker:
    """The broker. `seal` makes of a secret and a credential's id what whoever administrates the broker alone can read.

    `settled` returns when the broker has what the ledger says of a member or key, or after some seconds.
    """

    seal: Callable[[str, str], str]
    settled: Callable[[str], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Admit:
    """`salts` makes salts of SALT_BYTES; without a broker there is no MQTT."""

    store: Store
    clock: Clock
    ids: Ids
    secrets: Ids
    salts: Callable[[], bytes]
    broker: Broker | None = None

    async def device(self, actor: Actor, member: Member, name: str, also: Also[str] = nothing) -> str:
        """The secret of a member's device; one of the same name before it ends. Raises Invalid, Stale.

        It is kept, sealed, until the broker knows it: whoever administrates the broker may be another process, or come later.
        """
        if self.broker is None:
            raise Invalid("The body is not valid.", [Fault(("body", "kind"), NO_BROKER)])
        if not is_device_name(name):
            raise Invalid("The body is not valid.", [Fault(("body", "device"), NO_NAME)])
        secret, now = self.secrets(), self.clock.now()
        device = self._sealed(Device(self.ids(), TokenKind.MEMBER, member.id, name, hashed(secret, self.salts()), now), secret)
        record = Record(now, actor.id, "member.token", member.id, {"token": device.id, "kind": "mqtt"})
        await self.store.commit(AddDevice(device), record, *also(secret))
        await self.settled(member.id)
        return secret

    async def settled(self, subject: str) -> None:
        """After the commit: whoever got a secret can use it now, or in a moment when the broker is away."""
        if self.broker is not None:
            await self.broker.settled(subject)

    def key(self, key: Key, secret: str) -> tuple[Change, ...]:
        """What a new key needs to post over MQTT with its token as the password; nothing where it may not post."""
        if self.broker is None or SCOPE not in key.scopes:
            return ()
        device = Device(
            self.ids(), TokenKind.KEY, key.id, "", hashed(secret, self.salts()), key.created_at, expires_at=key.expires_at
        )
        return (AddDevice(self._sealed(device, secret)),)

    def _sealed(self, device: Device, secret: str) -> Device:
        return device if self.broker is None else replace(device, sealed=self.broker.seal(secret, device.id))
