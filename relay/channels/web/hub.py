"""Who is here and what each has got: items go out in the order of their seqs, none twice on a connection.

What is released while a reader is up to date is written at once; whoever is behind is filled up from the store. Nothing here
holds a text longer than it takes to write it. Whether it goes to a WebSocket or to a broker is the reader's own business.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog

from relay.channels.web import render
from relay.channels.web.render import Written
from relay.channels.web.session import Presence, Reader, Session
from relay.core.change import Reached
from relay.core.errors import Unavailable
from relay.core.post import Post
from relay.core.stream import Item
from relay.ports import Store

SLICE = 96  # writes a turn of the loop, so that another member's frame waits for a millisecond or so
BATCHES = 2  # groups that may wait to be written before the next one is released
MOST_GROUPS = 64  # that other processes released: some ten MiB; members get what is past it from the store
LOOK_AGAIN = 1.0  # seconds until the store is asked again for who is behind
FILL = 64  # items that are read together for who is behind
PORTION = 32_768  # bytes of them that are written together, or one item that is larger: more would wait here for a slow reader
CALM = 16_384  # bytes that may wait for a reader before more is read for them
SOON, SELDOM = 0.05, 1.0  # seconds between two looks at a reader who is slow: longer each time

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
    _is_behind: bool = False

    def __len__(self) -> int:
        """How many members are here."""
        return len(self._present)

    # ------------------------------------------------------------------------------------------------ coming and going

    def find(self, member: int) -> Presence | None:
        """The member's presence, if any device of theirs is here."""
        return self._present.get(member)

    def enter(self, session: Reader, presence: Presence, company: str) -> None:
        """A connection has signed in; `presence` is the member's own or a new one."""
        self._present[presence.member] = presence
        self._ids[presence.member_id] = presence.member
        self._names[presence.community] = company
        presence.sessions.append(session)
        session.presence = presence

    def leave(self, session: Reader) -> None:
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
                session.revoke()

    def rename(self, community: int, company: str) -> None:
        """The company's new name stands on what comes from now on."""
        self._names[community] = company

    def company(self, community: int) -> str:
        """The name that posts and answers come from; empty while nobody of that community was ever here."""
        return self._names.get(community, "")

    # ------------------------------------------------------------------------------------------------ what is released

    def released(self, post: Post, group: Group) -> None:
        """A group of members got a post; those connected get it on the next turns of the loop."""
        if len(self._groups) < MOST_GROUPS:
            self._groups.append((post, group))
        else:
            self._is_behind = True
        self._more.set()

    def item(self, member: int, item: Item) -> None:
        """One member got one item, at once."""
        presence = self._present.get(member)
        if presence is not None:
            self._give(presence, item.seq, render.written(item.seq, render.item_body(item)), is_answer=True)

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
            if self._is_behind:
                await self._fill_all()
                continue
            self._more.clear()
            await self._more.wait()

    async def _fill_all(self) -> None:
        """Some groups were not kept: everybody gets from the store what they lack."""
        self._is_behind = False
        for number, presence in enumerate(tuple(self._present.values()), 1):
            for session in tuple(presence.sessions):
                self.fill(session)
            if not number % SLICE:
                await asyncio.sleep(0)

    async def _write(self, post: Post, group: Group) -> None:
        """The post is encoded once, and all members of one seq share what is written."""
        body = render.item_body(render.post_item(post, self.company(post.community)))
        made: dict[int, Written] = {}
        present, count = self._present, 0
        for member, seq in group:
            presence = present.get(member)
            if presence is None:
                continue
            written = made.get(seq)
            if written is None:
                written = made[seq] = render.written(seq, body)
            self._give(presence, seq, written)
            count += 1
            if not count % SLICE:
                await asyncio.sleep(0)

    def _give(self, presence: Presence, seq: int, written: Written, *, is_answer: bool = False) -> None:
        left = 0
        for session in presence.sessions:
            if session.filling:
                session.missed = True
            elif session.sent >= seq:
                continue
            elif session.sent == seq - 1 and seq - session.acked <= session.window:
                if session.write(written, is_answer=is_answer):
                    session.sent = seq
                    left = session.left
            else:
                self.fill(session)
        if left:
            self.reached(Reached(presence.member, left, presence.delivered, presence.read))

    # ------------------------------------------------------------------------------------------------- who is behind

    def behind(self, member: int) -> None:
        """The store holds items that the member's connections lack."""
        presence = self._present.get(member)
        for session in presence.sessions if presence else ():
            session.missed = True
            self.fill(session)

    def fill(self, session: Reader) -> None:
        """Brings a connection up to date; one that is not open later, when it is."""
        if session.filling:
            return
        if not session.is_open:
            session.missed = True
        elif session.sent - session.acked < session.window:
            session.filling = True
            self.start(self._filled(session), "fill")

    async def filled(self, session: Reader) -> None:
        """The same, done when it returns."""
        if not session.filling:
            session.filling = True
            await self._filled(session)

    async def _filled(self, session: Reader) -> None:
        """Writes what the connection lacks, in pieces it can take, until nothing is left or its window is full."""
        count = FILL
        try:
            while count and session.is_open and session.sent - session.acked < session.window:
                try:
                    count = await self._filled_some(session, count)
                except Unavailable as problem:
                    log.info("catching up waits", why=problem.detail)
                    await asyncio.sleep(LOOK_AGAIN)
                    continue
                if count:
                    await _calm(session)  # nothing that was read is kept meanwhile
            session.missed = count > 0
        finally:
            session.filling = False

    async def _filled_some(self, session: Reader, count: int) -> int:
        """Reads so many items and writes a portion of them; how many to read next, 0 at the end."""
        presence = session.presence
        session.missed = False
        behind, asked = session.sent, min(count, session.window)
        items = await self.store.of(presence.member).items(behind, asked)
        portion = _portion(items)
        if session.sent != behind:  # it went back meanwhile
            return FILL
        if portion:
            if not session.write_all(portion):
                return count
            session.sent = items[len(portion) - 1].seq
            self.reached(Reached(presence.member, session.left, presence.delivered, presence.read))
        is_all = len(portion) == len(items) < asked
        if is_all and not session.missed:  # missed: released while the store was being read
            return 0
        return min(FILL, 2 * len(portion)) or FILL  # large items are not read again and again

    def pressed(self, member: int, post: str, button: str) -> None:
        """One member pressed a button: their open pages show it, on whichever device it was."""
        presence = self._present.get(member)
        for session in presence.sessions if presence else ():
            if isinstance(session, Session) and session.is_page:
                session.socket.send(render.pressed_elsewhere(post, button))

    def acknowledge(self, session: Reader, *, delivered: int, read: int) -> None:
        """A connection says how far it is; it was sent that far."""
        presence = session.presence
        was_full = session.sent - session.acked >= session.window
        session.acked = max(session.acked, delivered)
        if delivered > presence.delivered or read > presence.read:
            presence.delivered = max(presence.delivered, delivered)
            presence.read = max(presence.read, read)
            self.reached(Reached(presence.member, session.left, presence.delivered, presence.read))
        if was_full:
            self.fill(session)

    # -------------------------------------------------------------------------------------------------------- tasks

    def start(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        """Runs a short task of one connection to its end; what goes wrong in it is logged."""
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("stream task failed", task=task.get_name(), exc_info=error)

    async def close(self) -> None:
        """Ends all tasks."""
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


def _portion(items: Sequence[Item]) -> list[Written]:
    """The first of them, as many as are written together."""
    portion: list[Written] = []
    size = 0
    for item in items:
        written = render.written(item.seq, render.item_body(item))
        size += len(written.json)
        if portion and size > PORTION:
            break
        portion.append(written)
    return portion


async def _calm(session: Reader) -> None:
    """Returns when the reader has taken most of what was written; a thousand who come back at once take turns."""
    await asyncio.sleep(0)
    pause = SOON
    while session.buffered > CALM:  # aiohttp keeps the transport's signal to itself
        await asyncio.sleep(pause)
        pause = min(2 * pause, SELDOM)
