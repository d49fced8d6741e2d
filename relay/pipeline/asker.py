"""The asker: a plugin's way to the services that its options name, bounded in number and time, and closed while they fail.

What a plugin may ask follows from its options, which the operator wrote, and from nothing that it says while it runs.
"""

import asyncio
import json
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from random import Random
from time import monotonic
from typing import Any, Final

from relay.core.asking import AskingError, Busy, Reply, Request, TooLate
from relay.core.label import Label
from relay.core.origin import Origin, UrlError, read_url
from relay.pipeline.breaker import Breaker
from relay.plugin import Foreign, Http, NotForPluginsError, Plugin
from relay.ports import Outbound

AT_ONCE = 8  # questions of one plugin under way
MOST_OPEN = 100  # questions under way or waiting: more could not be asked in their time
SHARE_OF_DEADLINE = 0.9  # a question ends before its check does, and so fails by its own name
FAILED_FROM = 400  # status of an answer that is none
BROKEN_FROM = 500  # and of a service that is not well

NOT_HERE: Final = "HTTP is not offered here: plugins ask services while the relay serves, not in a replay or a test"
NOT_NAMED: Final = "asked a service that none of its options names"


@dataclass(eq=False, slots=True)
class Gate:
    """Of one plugin. `outbound` is None where nothing may be asked."""

    origins: frozenset[Origin]
    outbound: Outbound | None
    deadline: float
    breaker: Breaker = field(default_factory=lambda: Breaker(Random()))  # noqa: S311 - spreads trials, no secret
    under_way: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))
    open: int = 0

    @classmethod
    def of(cls, plugin: Plugin[Any] | Foreign, outbound: Outbound | None) -> "Gate | None":
        """None for a plugin that asks nobody."""
        label = _label(plugin)
        if not label.reaches:
            return None
        return cls(frozenset(_origins(services(plugin).values())), outbound, label.deadline_ms / 1000)

    def begin(self) -> "Asker":
        """For one check, which begins now."""
        return Asker(self, monotonic() + self.deadline * SHARE_OF_DEADLINE)


def services(plugin: Plugin[Any] | Foreign) -> dict[str, str]:
    """The URLs that its options hold, by option."""
    names = _label(plugin).reaches
    if not names:
        return {}
    text = plugin.checked if isinstance(plugin, Foreign) else plugin.options.model_dump_json()
    options = json.loads(text)
    return {name: options[name] for name in names if isinstance(options.get(name), str)}


def _label(plugin: Plugin[Any] | Foreign) -> Label:
    return plugin.label if isinstance(plugin, Foreign) else Label.of(plugin)


def _origins(urls: Iterable[str]) -> Iterator[Origin]:
    """What cannot be read is not reached: the plugin then hears so with each question."""
    for url in urls:
        with suppress(UrlError):
            yield read_url(url)[0]


class Asker(Http):
    """For one check.

    `trouble` is what went wrong last, in the relay's own words; `is_across` says that other messages may have brought it about.
    """

    __slots__ = ("_ends_at", "_gate", "is_across", "trouble")

    def __init__(self, gate: Gate, ends_at: float) -> None:
        self._gate = gate
        self._ends_at = ends_at
        self.trouble = ""
        self.is_across = False

    def explained(self, why: str | None) -> str | None:
        """Why a check failed, with what its questions ran into."""
        return f"{why}: {self.trouble}" if why and self.trouble and why.startswith("raised") else why

    async def ask(self, request: Request) -> Reply:
        """Raises AskingError, NotForPluginsError.

        In a task of its own: a check is stepped by hand, and a time limit inside of it would end the check instead.
        """
        task = asyncio.get_running_loop().create_task(self._asked(request), name="http of a plugin")
        try:
            return await task
        except (AskingError, NotForPluginsError) as error:
            self.trouble = str(error)
            raise
        finally:
            task.cancel()

    async def _asked(self, request: Request) -> Reply:
        gate = self._gate
        if gate.outbound is None:
            raise NotForPluginsError(NOT_HERE)
        try:
            origin, _ = read_url(request.url)
        except UrlError:
            raise NotForPluginsError(NOT_NAMED) from None
        if origin not in gate.origins:
            raise NotForPluginsError(NOT_NAMED)
        self._refuse(origin)
        if self._left(request.seconds) <= 0:
            raise TooLate(f"{origin} was not asked: there was no time left")
        gate.open += 1
        try:
            async with asyncio.timeout(self._left(request.seconds)), gate.under_way:
                return await self._noted(gate.outbound, replace(request, seconds=self._left(request.seconds)))
        except TimeoutError:
            raise TooLate(f"{origin} did not answer in time") from None
        finally:
            gate.open -= 1

    def _refuse(self, origin: Origin) -> None:
        gate = self._gate
        if gate.breaker.is_tripped and monotonic() < gate.breaker.open_until:
            self.is_across = True
            raise Busy(f"{origin} was not asked: it failed again and again")
        if gate.open >= MOST_OPEN:
            self.is_across = True
            raise Busy(f"{origin} was not asked: too many questions wait already")
        self.is_across |= gate.under_way.locked()

    async def _noted(self, outbound: Outbound, request: Request) -> Reply:
        """Asks, and lets the breaker know how that went."""
        breaker = self._gate.breaker
        try:
            reply = await outbound.ask(request)
        except AskingError:
            breaker.failed(monotonic())
            raise
        if reply.status >= FAILED_FROM:
            self.trouble = f"{read_url(request.url)[0]} answered with status {reply.status}"
        if reply.status >= BROKEN_FROM:
            breaker.failed(monotonic())
        else:
            breaker.succeeded()
        return reply

    def _left(self, seconds: float) -> float:
        """Seconds, which a plugin may have set to anything."""
        left = self._ends_at - monotonic()
        return min(left, seconds) if seconds > 0 else 0.0
