"""Bootstrap: the first administrator makes the relay's two identities, once, and is removed by the one of them that may."""

import asyncio
import ssl
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from random import Random

import structlog

from relay.channels.mqtt import dynsec
from relay.channels.mqtt.access import ADMIN, ADMIN_ROLE, BOOTSTRAP, RESPONSE, STREAM, STREAM_ROLE, Role
from relay.channels.mqtt.control import Away, Control
from relay.channels.mqtt.link import Link, LinkError, Terms
from relay.channels.mqtt.visit import purge

PATIENCE = 10.0  # seconds for all of it

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Access:
    """Where the broker is, and the secrets of the relay's identities there; `bootstrap` is empty where it is not known."""

    host: str
    port: int
    admin: str = field(repr=False)
    stream: str = field(repr=False)
    bootstrap: str = field(default="", repr=False)
    tls: ssl.SSLContext | None = None

    @property
    def secrets(self) -> Mapping[str, str]:
        """Of the two identities."""
        return {ADMIN: self.admin, STREAM: self.stream}

    def terms(self, user: str, client_id: str, password: str, *topics: str) -> Terms:
        """Of a connection that leaves nothing behind."""
        return Terms(self.host, self.port, client_id, topics, user, password, self.tls, is_durable=False)


OWN: tuple[tuple[str, Role], ...] = ((ADMIN, ADMIN_ROLE), (STREAM, STREAM_ROLE))


async def bootstrap(access: Access, client_id: str, random: Random) -> bool:
    """Whether the two identities are there now; False when the broker does not let the first administrator in, or is away.

    Raises Away, Refused.
    """
    terms = access.terms(BOOTSTRAP, client_id, access.bootstrap, RESPONSE)
    try:
        await purge(terms)  # comes and leaves: the link would knock for ever
    except LinkError:
        return False
    changed = asyncio.Event()
    link = Link(terms, random)
    control = Control(link, changed.set)
    running = asyncio.create_task(link.run(), name="broker bootstrap")
    try:
        async with asyncio.timeout(PATIENCE):
            await changed.wait()
        await _make(control, access.secrets)
    except TimeoutError:
        raise Away from None
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    log.info("the relay's two identities at the broker are made")
    return True


async def _make(control: Control, secrets: Mapping[str, str]) -> None:
    await control.do(dynsec.deny_by_default())
    await make_own(control, OWN, secrets)
    await control.do(*(dynsec.set_password(name, secrets[name]) for name, _ in OWN))


async def make_own(control: Control, wanted: Iterable[tuple[str, Role]], secrets: Mapping[str, str]) -> None:
    """Those of the two identities, where they are not there. Raises Away, Refused."""
    for name, role in wanted:
        await control.do(dynsec.create_role(role), fine=[dynsec.ROLE_THERE])
        await control.do(dynsec.create_own(name, role, secrets[name]), fine=[dynsec.CLIENT_THERE])
