"""Who is connected and what each has got: items go out in the order of their seqs, none twice on a connection.

What is released while a connection is up to date is written at once; whoever is behind is filled up from the store. Nothing
here holds a text longer than it takes to write it.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog

from relay.channels.web import render
from relay.channels.web.session import Presence, Session
from relay.core.change import Reached
from relay.core.post import Post
from relay.core.stream import Item
from relay.ports import Store

REVOKED = 4403  # close code of the contract
SLICE = 96  # writes a turn of the loop, so that another member's frame waits for a millisecond or so
BATCHES = 2  # groups that may wait to be written before the next one is released
FILL = 64  # items that are read and written together for who is behind
WINDOW = 1024  # items a connection may leave unacknowledged
CALM = 16_384  # bytes that may wait for a reader before more is read for them
PATIENCE = 0.05  # seconds between two looks at a reader who is slow

Group = Sequence[tuple[int, int]]
"""(member's key, seq) of those who got the same post in one commit."""

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Hub:
    """The members who are here. `run` is its one lasting task; `reached` hears how far each member is."""

    store: Store
    reached: Callable[[Reached], None]
    _present: dict[int, Presence] = field(default_factory=dict)
    _ids: dict[str, int] = field(default_factory=dict)
    _names: dict[int, str] = field(default_factory=dict)
    _groups: deque[tuple[Post, Group]] = field(default_factory=deque)
    _more: asyncio.Event = field(default_factory=asyncio.Event)
    _less: asyncio.Event = field(default_factory=asyncio.Event)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def __len__(self) -> int:
        """How many members are here."""
        return len(self._present)

    # ------------------------------------------------------------------------------------------------ coming and going

    def find(self, member: int) -> Presence | None:
        """The member's presence, if any device of theirs is here."""
        return self._present.get(member)

    def enter(self, session: Session, presence: Presence, company: str) -> None:
        """A connection has signed in; `presence` is the member's own or a new one."""
        self._present[presence.member] = presence
        self._ids[presence.member_id] = presence.member
        self._names[presence.community] = company
        presence.sessions.append(session)
        session.presence = presence

    def leave(self, session: Session) -> None:
        """A connection is gone; the member with their last one."""
        presence = session.presence
        presence.sessions.remove(session)
        if not presence.sessions:
            del self._present[presence.member]
            del self._ids[presence.member_id]

    def cut(self, member_id: str, device: str | None) -> None:
        """Ends the live connections of a member at once: those of one device, or all (None)."""
        presence = self._present.get(self._ids.get(member_id, 0))
        for session in tuple(presence.sessions) if presence else ():
            if device is None or session.device == device:
                session.socket.close(REVOKED, "revoked", render.bye("revoked", 0))

    def rename(self, community: int, company: str) -> None:
        """The company's new name stands on what comes from now on."""
        self._names[community] = company

    def company(self, community: int) -> str:
        """The name that posts and answers come from; empty while nobody of that community was ever here."""
        return self._names.get(community, "")

    # ------------------------------------------------------------------------------------------------ what is released

    def released(self, post: Post, group: Group) -> None:
        """A group of members got a post; those connected get it on the next turns of the loop."""
        self._groups.append((post, group))
        self._more.set()

    def item(self, member: int, item: Item) -> None:
        """One member got one item, at once."""
        presence = self._present.get(member)
        if presence is not None:
            self._give(presence, item.seq, render.item_frame(item.seq, render.item_body(item)), is_answer=True)

    async def room(self) -> None:
        """Returns when the next group may be released without piling up."""
        while len(self._groups) >= BATCHES:
            self._less.clear()
            await self._less.wait()

    async def run(self) -> None:
        """Writes released groups until it is cancelled."""
        while True:
            while self._groups:
                await self._write(*self._groups[0])
                self._groups.popleft()
                self._less.set()
            self._more.clear()
            await self._more.wait()

    async def _write(self, post: Post, group: Group) -> None:
        """The post is encoded once, and all members of one seq share one frame."""
        body = render.item_body(render.post_item(post, self.company(post.community)))
        made: dict[int, bytes] = {}
        present, written = self._present, 0
        for member, seq in group:
            presence = present.get(member)
            if presence is None:
                continue
            frame = made.get(seq)
            if frame is None:
                frame = made[seq] = render.item_frame(seq, body)
            self._give(presence, seq, frame)
            written += 1
            if not written % SLICE:
                await asyncio.sleep(0)

    def _give(self, presence: Presence, seq: int, frame: bytes, *, is_answer: bool = False) -> None:
        sent = 0
        for session in presence.sessions:
            if session.filling:
                session.missed = True
            elif session.sent >= seq:
                continue
            elif session.sent == seq - 1 and seq - session.acked <= WINDOW:
                send = session.socket.send_together if is_answer else session.socket.send
                if send(frame):
                    session.sent = sent = seq
            else:
                self.fill(session)
        if sent:
            self.reached(Reached(presence.member, sent, presence.delivered, presence.read))

    # ------------------------------------------------------------------------------------------------- who is behind

    def fill(self, session: Session) -> None:
        """Brings a connection up to date."""
        if not session.filling and session.socket.is_open:
            session.filling = True
            self.start(self._filled(session), "fill")

    async def _filled(self, session: Session) -> None:
        """Writes what the connection lacks, in pieces it can take, until nothing is left or its window is full."""
        presence = session.presence
        try:
            while session.socket.is_open and session.sent - session.acked < WINDOW:
                session.missed = False
                items = await self.store.of(presence.member).items(session.sent, FILL)
                if not items and session.missed:
                    continue  # released while the store was being read
                if not items:
                    return
                frames = b"".join(render.item_frame(item.seq, render.item_body(item)) for item in items)
                if not session.socket.send(frames):
                    return
                session.sent = items[-1].seq
                self.reached(Reached(presence.member, session.sent, presence.delivered, presence.read))
                if len(items) < FILL and not session.missed:
                    return
                await asyncio.sleep(0)  # a thousand who come back at once take turns
                while session.socket.buffered > CALM:  # noqa: ASYNC110 - aiohttp keeps the transport's signal to itself
                    await asyncio.sleep(PATIENCE)
        finally:
            session.filling = False

    def acknowledge(self, session: Session, *, delivered: int, read: int) -> None:
        """A connection says how far it is; it was sent that far."""
        presence = session.presence
        was_full = session.sent - session.acked >= WINDOW
        session.acked = max(session.acked, delivered)
        if delivered > presence.delivered or read > presence.read:
            presence.delivered = max(presence.delivered, delivered)
            presence.read = max(presence.read, read)
            self.reached(Reached(presence.member, session.sent, presence.delivered, presence.read))
        if was_full:
            self.fill(session)

    # -------------------------------------------------------------------------------------------------------- tasks

    def start(self, work: Coroutine[Any, Any, None], name: str) -> None:
        """Runs a short task of one connection to its end; what goes wrong in it is logged."""
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("stream task failed", task=task.get_name(), exc_info=error)

    async def close(self) -> None:
        """Ends all tasks."""
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
