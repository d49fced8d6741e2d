"""The channel as a whole: while it is this process's turn it stays connected, and brings members what they lack."""

import asyncio
from dataclasses import dataclass, field

import structlog

from relay.channels.mqtt.inbox import Inbox
from relay.channels.mqtt.lines import Lines
from relay.channels.mqtt.link import Link
from relay.channels.mqtt.turn import Always, Turn, take_turns
from relay.core.errors import Unavailable

LOOK_AGAIN = 1.0  # seconds until a store that does not answer is asked again

log = structlog.get_logger(__name__)


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
        await take_turns(self.turn, self._speak)

    async def _speak(self) -> None:
        self.is_ours = True
        try:
            await self._open()  # takes as long as there are members
            async with asyncio.TaskGroup() as group:
                group.create_task(self.link.run(), name="mqtt link")
                group.create_task(self.lines.run(), name="mqtt lines")
        finally:
            self.is_ours = False
            await self.inbox.close()
            self.lines.close()

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
