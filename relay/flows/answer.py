"""Answer: what staff say, note and change in a thread; each text goes to that one member alone."""

from dataclasses import dataclass
from datetime import timedelta

from relay.core.change import NOTHING, AddNote, Detail, EditThread, FreeLease, Record, SendMessage, TakeLease
from relay.core.errors import Conflict, Stale
from relay.core.identity import Ids
from relay.core.member import Member
from relay.core.staff import Actor
from relay.core.thread import (
    Message,
    NewThread,
    Role,
    Surroundings,
    Thread,
    ThreadEdit,
    ThreadRef,
    checked_text,
    may_lease,
    place,
)
from relay.ports import Also, Clock, Store, nothing

LEASE = timedelta(minutes=2)  # the console renews it while somebody types


@dataclass(frozen=True, slots=True)
class Answer:
    """Staff's side of a thread."""

    store: Store
    clock: Clock
    ids: Ids

    async def send(
        self, actor: Actor, thread: Thread, text: str, also: Also[Message] = nothing, noted: Detail = NOTHING
    ) -> Message:
        """One message, one delivery, for the thread's member alone; `noted` goes into the audit log. Raises Invalid, Stale."""
        message = self._message(actor, thread.member, text)
        await self.store.commit(
            SendMessage(message, thread.ref, thread.community),
            Record(message.at, actor.id, "thread.answer", thread.id, {"message": message.id, **noted}),
            *also(message),
        )
        return message

    async def note(self, actor: Actor, thread: Thread, text: str, also: Also[Message] = nothing) -> Message:
        """A note that nobody outside staff sees. Raises Invalid."""
        message = self._message(actor, thread.member, text, internal=True)
        await self.store.commit(
            AddNote(message, thread.ref),
            Record(message.at, actor.id, "thread.note", thread.id, {"message": message.id}),
            *also(message),
        )
        return message

    async def write_first(
        self, actor: Actor, member: Member, text: str, also: Also[Message] = nothing, noted: Detail = NOTHING
    ) -> Message:
        """Writes to one member, in their running thread or a new one. Raises Invalid, Stale."""
        around = await self.store.of(member.n).surroundings(None, None)
        target = place(None, Surroundings(latest=around.latest), self.clock.now())
        message = self._message(actor, member.n, text)
        thread = target if isinstance(target, ThreadRef) else NewThread(self.ids(), None)
        await self.store.commit(
            SendMessage(message, thread, member.community),
            Record(message.at, actor.id, "thread.start", thread.id, {"message": message.id, **noted}),
            *also(message),
        )
        return message

    async def edit(self, actor: Actor, thread: Thread, version: int, edit: ThreadEdit) -> None:
        """Changes state, assignee or labels. Raises Stale when somebody else changed the thread since `version`."""
        if thread.version != version:
            raise Stale
        now = self.clock.now()
        await self.store.commit(
            EditThread(thread.ref, edit, now), Record(now, actor.id, "thread.edit", thread.id, {"version": version})
        )

    async def take(self, actor: Actor, thread: Thread) -> None:
        """Takes or renews the lease. Raises Conflict that names who holds it."""
        now = self.clock.now()
        if thread.lease is not None and not may_lease(thread.lease, actor.id, now):
            raise Conflict(f"{thread.lease.name} is answering in this thread.")
        await self.store.commit(TakeLease(thread.ref, actor.id, actor.name, now, now + LEASE))

    async def free(self, actor: Actor, thread: Thread) -> None:
        """Gives the actor's lease back; nothing happens when they hold none."""
        if thread.lease is None or thread.lease.holder != actor.id:
            return
        await self.store.commit(FreeLease(thread.ref, actor.id))

    def _message(self, actor: Actor, member: int, text: str, *, internal: bool = False) -> Message:
        return Message(
            id=self.ids(),
            member=member,
            role=Role.STAFF,
            text=checked_text(text),
            at=self.clock.now(),
            author=actor.id,
            internal=internal,
        )
