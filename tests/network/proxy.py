"""A TCP proxy that misbehaves when it is told to: between clients and the relay, or between the relay and what it leans on."""

import asyncio
import socket
import struct
from collections import Counter, deque
from collections.abc import Callable
from contextlib import suppress
from enum import StrEnum
from random import Random
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from tests.e2e.server import Server

Address = tuple[str, int]
LATENCY = 0.01, 0.12  # seconds on the way, at least and at most
SHARE = 0.5  # of the connections that a fault strikes
NO_LINGER = struct.pack("ii", 1, 0)  # close with a reset


class Fault(StrEnum):
    """What can happen on the way."""

    LATENCY = "latency"  # everything arrives later
    SLICES = "slices"  # in single bytes
    STALL = "stall"  # nothing moves, and then everything
    RESET = "reset"  # the connection breaks
    CUT = "cut"  # it ends in the middle of something
    HALF_OPEN = "half-open"  # everything is swallowed; one side hears of it afterwards, the other never
    REFUSE = "refuse"  # new connections break at once
    TWICE = "twice"  # a new connection says everything on a second one too, whose answers nobody hears


class End(asyncio.Protocol):
    """One side of a link."""

    def __init__(self, link: "Link") -> None:
        self.link = link
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.link.made(self)

    def data_received(self, data: bytes) -> None:
        self.link.carry(self, data)

    def connection_lost(self, exc: Exception | None) -> None:
        self.transport = None
        self.link.lost(self, exc)

    def pause_writing(self) -> None:
        if self is not self.link.second:
            self.link.other(self).pause()

    def resume_writing(self) -> None:
        if self is not self.link.second:
            self.link.other(self).resume()

    def write(self, data: bytes) -> None:
        if self.transport is not None:
            self.transport.write(data)

    def pause(self) -> None:
        if self.transport is not None and self.transport.is_reading():
            self.transport.pause_reading()

    def resume(self) -> None:
        if self.transport is not None and not self.transport.is_closing():
            self.transport.resume_reading()

    def close(self) -> None:
        if self.transport is not None:
            self.transport.close()

    def reset(self) -> None:
        if self.transport is not None:
            with suppress(OSError):
                self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
            self.transport.abort()


class Link:
    """A client's connection and the one to the server; `fault` is what happens on it at the moment."""

    def __init__(self, proxy: "Proxy") -> None:
        self.client = End(self)
        self.server = End(self)
        self.second: End | None = None
        self.fault: Fault | None = None
        self._proxy = proxy
        self._late: dict[End, deque[tuple[float, bytes]]] = {self.client: deque(), self.server: deque()}

    def other(self, end: End) -> End:
        return self.server if end is self.client else self.client

    def made(self, end: End) -> None:
        if end is self.client:
            end.pause()
            self._proxy.begin(self)

    def carry(self, end: End, data: bytes) -> None:
        """What came in at one end, and what becomes of it."""
        if end is self.second or self.fault is Fault.HALF_OPEN:
            return
        if end is self.client and self.second is not None:
            self.second.write(data)
        if self.fault is Fault.LATENCY or self._late[end]:
            self._delay(end, data)
        elif self.fault is Fault.SLICES:
            for at in range(len(data)):
                self.other(end).write(data[at : at + 1])
        elif self.fault is Fault.CUT:
            self.other(end).write(data[: self._proxy.random.randrange(len(data) + 1)])
            self.close()
        else:
            self.other(end).write(data)

    def lost(self, end: End, exc: Exception | None) -> None:
        """A side that is gone takes the other with it, unless everything is swallowed."""
        if end is self.second:
            self.second = None
        elif self.fault is not Fault.HALF_OPEN:
            other = self.other(end)
            other.reset() if exc is not None else other.close()
            if self.second is not None:
                self.second.close()
        if self.client.transport is None and self.server.transport is None:
            self._proxy.links.discard(self)

    def strike(self, fault: Fault) -> None:
        if fault is Fault.RESET:
            self.reset()
        elif fault in {Fault.REFUSE, Fault.TWICE}:
            return  # these are for new connections
        elif self.fault is not Fault.HALF_OPEN:
            self.fault = fault
            if fault is Fault.STALL:
                self.client.pause()
                self.server.pause()
        self._proxy.struck[fault] += 1

    def heal(self) -> None:
        """As before; whoever was swallowed hears of it on the client's side, and the server's side never does."""
        if self.fault is Fault.HALF_OPEN:
            self.client.reset()
            return
        self.fault = None
        if self.server.transport is None:
            return  # the way to the server is still being made: what the client says before would be lost
        self.client.resume()
        self.server.resume()

    def close(self) -> None:
        for end in (self.client, self.server, self.second):
            if end is not None:
                end.close()

    def reset(self) -> None:
        for end in (self.client, self.server, self.second):
            if end is not None:
                end.reset()

    def _delay(self, end: End, data: bytes) -> None:
        loop, waiting = asyncio.get_running_loop(), self._late[end]
        due = loop.time() + self._proxy.random.uniform(*LATENCY)
        if waiting:
            due = max(due, waiting[-1][0])
        else:
            loop.call_at(due, self._deliver, end)
        waiting.append((due, data))

    def _deliver(self, end: End) -> None:
        """What is due, in its order."""
        loop, waiting = asyncio.get_running_loop(), self._late[end]
        while waiting and waiting[0][0] <= loop.time():
            self.other(end).write(waiting.popleft()[1])
        if waiting:
            loop.call_at(waiting[0][0], self._deliver, end)


class Proxy:
    """Listens on a free port of loopback; `target` tells where to, anew for each connection, since servers come back elsewhere.

    `struck` counts the connections that each fault met.
    """

    def __init__(self, target: Callable[[], Address], random: Random) -> None:
        self.random = random
        self.links: set[Link] = set()
        self.struck: Counter[Fault] = Counter()
        self.port = 0
        self._target = target
        self._fault: Fault | None = None
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.get_running_loop().create_server(lambda: Link(self).client, "127.0.0.1", 0, backlog=4096)
        self.port = int(self._server.sockets[0].getsockname()[1])
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        assert self._server is not None
        self._server.close()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for link in tuple(self.links):
            link.reset()

    def strike(self, fault: Fault, share: float = SHARE) -> None:
        """A share of all connections suffers it from now on, and of the new ones too, until `heal`."""
        self._fault = fault
        for link in tuple(self.links):
            if self.random.random() < share:
                link.strike(fault)

    def heal(self) -> None:
        self._fault = None
        for link in tuple(self.links):
            link.heal()

    def begin(self, link: Link) -> None:
        """A client is there."""
        self.links.add(link)
        fault = self._fault if self.random.random() < SHARE else None
        if fault is Fault.REFUSE:
            self.struck[fault] += 1
            link.reset()
            return
        task = asyncio.get_running_loop().create_task(self._connect(link, fault))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _connect(self, link: Link, fault: Fault | None) -> None:
        loop, (host, port) = asyncio.get_running_loop(), self._target()
        try:
            await loop.create_connection(lambda: link.server, host, port)
            if fault is Fault.TWICE:
                self.struck[fault] += 1
                second = End(link)
                await loop.create_connection(lambda: second, host, port)
                link.second = second
        except OSError:
            link.reset()
            return
        if link.client.transport is None:
            link.close()
        if link.fault is not Fault.STALL:  # struck on its way; healed, it goes on
            link.client.resume()
        if fault is not None and fault is self._fault:  # not healed meanwhile
            link.strike(fault)


class Behind(Server):
    """A relay as its callers see it through a proxy, which stays where it is when the relay comes back elsewhere."""

    def __init__(self, server: Server, proxy: Proxy) -> None:
        self.url = f"http://127.0.0.1:{proxy.port}"
        self.up = server.up
        self._server = server

    async def why_gone(self) -> str:
        return await self._server.why_gone()


def place_of(server: Server) -> Callable[[], Address]:
    """Where a relay is at the moment."""

    def place() -> Address:
        address = urlsplit(server.url)
        return address.hostname or "", address.port or 0

    return place
