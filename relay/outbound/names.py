"""Names: turns a host into the addresses that a connection may go to.

A name is looked up once for a connection, each of its addresses is checked, and the connection goes to one of these: a second
look-up could say something else. One address that may not be reached spoils the name.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import suppress
from threading import Thread

from aiohttp.abc import AbstractResolver, ResolveResult

from relay.core.asking import Unreachable
from relay.core.origin import Origin, address_in, may_reach

LOOKING_UP = 8  # threads: a name server that hangs holds up other plugins' questions and nothing else
MOST_ADDRESSES = 16  # of one name

LookUp = Callable[[str, int], Awaitable[Sequence[str]]]
"""The addresses of a name. Raises OSError."""


class SystemNames:
    """Asks the system, in threads that nobody waits for when the relay stops: a name server may hang for half a minute."""

    def __init__(self) -> None:
        self._free = asyncio.Semaphore(LOOKING_UP)

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        await self._free.acquire()
        loop = asyncio.get_running_loop()
        found: asyncio.Future[list[str]] = loop.create_future()

        def done(addresses: list[str], error: Exception | None) -> None:
            self._free.release()
            if not found.done():
                found.set_result(addresses) if error is None else found.set_exception(error)

        def look_up() -> None:
            addresses: list[str] = []
            error: Exception | None = None
            try:
                addresses = _look_up(host, port)
            except (OSError, UnicodeError) as why:
                error = why
            with suppress(RuntimeError):  # the loop has ended meanwhile
                loop.call_soon_threadsafe(done, addresses, error)

        Thread(target=look_up, name="name", daemon=True).start()
        return await found


class GuardedNames(AbstractResolver):
    """Gives addresses that may be reached alone; `listed` are the origins that may be inside."""

    def __init__(self, look_up: LookUp, listed: Collection[Origin]) -> None:
        self._look_up = look_up
        self._listed = {(origin.host, origin.port) for origin in listed}

    async def resolve(self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET) -> list[ResolveResult]:
        """Raises Unreachable."""
        del family
        try:
            found = [host] if address_in(host) else list(await self._look_up(host, port))
        except (OSError, UnicodeError):
            raise Unreachable("the name of the host is not known") from None
        if not found:
            raise Unreachable("the name of the host has no address")
        is_listed = (host, port) in self._listed
        addresses = [address_in(each) for each in found[:MOST_ADDRESSES]]
        if not all(address is not None and may_reach(address, is_listed=is_listed) for address in addresses):
            raise Unreachable("its address is not in the open net: list it in moderation.http.private if it is yours")
        return [
            ResolveResult(
                hostname=host, host=str(each), port=port, proto=socket.IPPROTO_TCP, flags=socket.AI_NUMERICHOST,
                family=socket.AF_INET if each.version == 4 else socket.AF_INET6,  # noqa: PLR2004 - of the Internet Protocol
            )
            for each in addresses
            if each is not None
        ]  # fmt: skip

    async def close(self) -> None:
        """Nothing is kept open."""


def _look_up(host: str, port: int) -> list[str]:
    """Each once, in the system's order."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))
