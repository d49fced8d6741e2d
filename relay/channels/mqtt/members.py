"""What members say on their topics, and what comes of it; who speaks is the topic's member, whatever the frame says."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import orjson

from relay.channels.mqtt.frames import Resume, Said, said
from relay.channels.mqtt.line import Line
from relay.channels.mqtt.lines import Lines
from relay.channels.mqtt.parcel import Stranger
from relay.channels.web.render import Accepted, Ack, Press, Read, Send
from relay.core.errors import Invalid, TooMany
from relay.core.rate import Buckets, Rate
from relay.ports import Clock, SignedIn, Store

Say = Callable[[SignedIn, Send], Awaitable[Accepted]]
Tap = Callable[[SignedIn, Press], Awaitable[Accepted]]


RESUMES = Rate(20, 0.5)  # of one member: each may send 128 items again to all their devices


def _nobody(_: str) -> bool:
    """Of nobody."""
    return False


@dataclass(frozen=True, slots=True)
class Doors:
    """What members' frames lead to, as frames that answer them; app.py connects them with the flows."""

    say: Say
    tap: Tap


@dataclass(frozen=True, slots=True)
class Members:
    """Obeys one frame after the other. `sends` is the limit that holds for the member on every channel.

    Of a member who `is_shut` a credential has ended that the broker may still take: nothing that comes from there counts.
    """

    store: Store
    clock: Clock
    lines: Lines
    doors: Doors
    sends: Buckets
    is_shut: Callable[[str], bool] = _nobody
    resumes: Buckets = field(default_factory=lambda: Buckets(RESUMES))

    def quick(self, member_id: str, seq: int) -> bool:
        """An acknowledgement of what was sent to a member who is here; False sends it the long way."""
        line = self.lines.get(member_id)
        if line is None or seq > line.last or self.is_shut(member_id):
            return False
        line.hear()
        self._reached(line, delivered=seq, read=0)
        return True

    async def obey(self, member_id: str, text: bytes) -> bytes | None:
        """The frame that answers, None when nothing does. Raises Stranger, Invalid, TooMany, Unavailable."""
        signed = await self.store.signed_member(member_id)
        if signed is None or self.is_shut(member_id):
            raise Stranger
        line = await self.lines.admit(signed)
        line.hear()
        try:
            return await self._obeyed(signed, line, said(text))
        finally:
            self.lines.look_at(line)

    async def _obeyed(self, signed: SignedIn, line: Line, frame: Said) -> bytes | None:
        match frame:
            case Resume():
                self._resume(signed, line, frame.after)
            case Ack():
                await self._acknowledge(signed, line, delivered=frame.seq, read=0)
            case Read():
                await self._acknowledge(signed, line, delivered=frame.seq, read=frame.seq)
            case Send() | Press():
                self.sends.take(signed.member.id, self.clock.monotonic())
                doors = self.doors
                answer = doors.say(signed, frame) if isinstance(frame, Send) else doors.tap(signed, frame)
                return orjson.dumps(await answer)
        return None

    def _resume(self, signed: SignedIn, line: Line, after: int) -> None:
        cursors = signed.cursors
        line.last = max(line.last, cursors.last)
        if after > line.last:
            raise Invalid(f"There is no item {after}, the last one is {line.last}: resume from 0.")
        self._again(line, max(after, cursors.first - 1))
        if after > line.presence.delivered:
            self._reached(line, delivered=after, read=0)

    def _again(self, line: Line, after: int) -> None:
        """At once, or with all that ask for it meanwhile, from the furthest back."""
        if line.asked is not None:
            line.asked = min(line.asked, after)
            return
        try:
            self.resumes.take(line.member_id, self.clock.monotonic())
        except TooMany as error:
            line.asked = after
            self.lines.hub.start(self._later(line, error.retry_after), "mqtt resume")
        else:
            line.resume(after)

    async def _later(self, line: Line, pause: float) -> None:
        await asyncio.sleep(pause)
        asked, line.asked = line.asked, None
        if asked is not None:
            line.resume(asked)
            self.lines.look_at(line)

    async def _acknowledge(self, signed: SignedIn, line: Line, *, delivered: int, read: int) -> None:
        """Also of what another relay sent before this one."""
        line.last = max(line.last, signed.cursors.last)
        if delivered > line.last:
            raise Invalid(f"There is no item {delivered} yet.")
        self._reached(line, delivered=delivered, read=read)

    def _reached(self, line: Line, *, delivered: int, read: int) -> None:
        """Another device may be further than the one that the line is going through again for."""
        self.lines.hub.acknowledge(line, delivered=delivered, read=read)
        line.acked = min(line.acked, line.sent)
        self.lines.look_at(line)
