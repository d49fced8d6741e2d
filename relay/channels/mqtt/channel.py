"""The channel as a whole: while it is this process's turn it stays connected, and brings members what they lack."""

import asyncio
from dataclasses import dataclass, field
from typing import Protocol

import structlog

from relay.channels.mqtt.inbox import Inbox
from relay.channels.mqtt.lines import Lines
from relay.channels.mqtt.link import Link
from relay.core.errors import Unavailable

LOOK_AGAIN = 1.0  # seconds until a store that does not answer is asked again

log = structlog.get_logger(__name__)


class Turn(Protocol):
    """Which of several relay processes speaks to the broker."""

    def is_sure(self) -> bool:
        """Whether it cannot be another's yet."""
        ...

    async def wait(self) -> None:
        """Returns when it is this one."""
        ...

    async def keep(self) -> None:
        """Returns when it may be another."""
        ...

    async def end(self) -> None: ...


class Always:
    """There is no other process."""

    def is_sure(self) -> bool:
        return True

    async def wait(self) -> None:
        """At once."""

    async def keep(self) -> None:
        """For ever."""
        await asyncio.get_running_loop().create_future()

    async def end(self) -> None:
        """Nobody waits for it."""


@dataclass(slots=True)
class Channel:
    """What the app runs. `why_away` says why the broker is not reached, None while it is or while it is another's turn."""

    link: Link
    lines: Lines
    inbox: Inbox
    turn: Turn = field(default_factory=Always)
    is_ours: bool = False

    def why_away(self) -> str | None:
        return self.link.why_away if self.is_ours else None

    async def run(self) -> None:
        """Until it is cancelled."""
        try:
            while True:
                await self.turn.wait()
                await self._speak()
        finally:
            await asyncio.shield(self.turn.end())

    async def _speak(self) -> None:
        """The turn is kept from its first moment: getting ready takes as long as there are members."""
        self.is_ours = True
        try:
            async with asyncio.TaskGroup() as group:
                work = group.create_task(self._work(), name="mqtt work")
                await self.turn.keep()
                work.cancel()
        finally:
            self.is_ours = False
            await self.inbox.close()
            self.lines.close()

    async def _work(self) -> None:
        await self._open()
        async with asyncio.TaskGroup() as group:
            group.create_task(self.link.run(), name="mqtt link")
            group.create_task(self.lines.run(), name="mqtt lines")

    async def _open(self) -> None:
        while True:
            try:
                await self.lines.open()
            except Unavailable as problem:
                log.warning("members at the broker are not known yet", why=problem.detail)
                self.lines.close()
                await asyncio.sleep(LOOK_AGAIN)
            else:
                return
