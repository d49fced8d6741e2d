"""Erase: whoever is erased stays erased, and it is confirmed when nothing of theirs is left anywhere.

The commit of an erasure makes the member disappear; here is what comes after it. At the start whoever is on the list outside
the database and in it all the same, because an older copy was put back, is erased again before anything is served. Then a job
deletes what is left in groups, waits until the engine's own files are clean and the relay's own copies are gone, and confirms.
Each step is repeated until it is written down that it is done, so it may be cut off anywhere.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field

import structlog

from relay.core.change import Erase, Record
from relay.core.erasure import ConfirmErasures, Erasure, NoteErasures, PurgeErased, missing
from relay.core.errors import RelayError, Unavailable
from relay.core.staff import RELAY
from relay.ports import Clock, EnterErasures, Store
from relay.waiting import woken

PURGED_AT_ONCE = 100  # rows a commit: some 30 ms of the writer, so that replies overtake
NOTED_AT_ONCE = 500  # erasures a commit
CONFIRMED_AT_ONCE = 50  # erasures a commit, each with its row in the audit log
LOOK_EVERY = 60.0  # seconds: what other relays erased, and copies whose time is over
RETRY_AFTER = 5.0  # seconds until a store or disk that refused is asked again

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Erasing:
    """`listed` is what stands on the list outside the database, `enter` puts more there.

    `purged` returns when nothing that was deleted before is left in the engine's files; `copies` names the copies of the
    database that the relay itself made and has not deleted yet. `again` is how many had come back and were erased again.
    """

    store: Store
    clock: Clock
    listed: Callable[[], Iterable[Erasure]]
    enter: EnterErasures
    purged: Callable[[], Awaitable[None]]
    copies: Callable[[], Awaitable[Sequence[str]]]
    again: int = 0
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _clean: set[str] = field(default_factory=set)
    _waited_for: Sequence[str] = ()

    async def recover(self) -> int:
        """At start, before anything is served: how many came back and were erased again.

        A list that cannot be added to keeps nobody from starting; the job tries again. Raises Unavailable when somebody who
        came back cannot be erased.
        """
        known = await self.store.erasures()
        again = await self._apply(missing(tuple(self.listed()), known))
        try:
            await self.enter(known)
        except Unavailable as problem:
            log.error("the erasure list lacks erasures", why=problem.detail)  # noqa: TRY400  the reason says it all
        return again

    async def _apply(self, unknown: Sequence[Erasure]) -> int:
        again = 0
        for erasure in unknown:
            member = await self.store.member(erasure.member)
            if member is not None:
                record = Record(self.clock.now(), RELAY, "member.erase", member.id, {"again": True})
                await self.store.commit(Erase(member.n, member.id, erasure.at), record)
                again += 1
        for start in range(0, len(unknown), NOTED_AT_ONCE):
            await self.store.commit(NoteErasures(tuple(unknown[start : start + NOTED_AT_ONCE])))
        self.again += again
        if again:
            log.warning("erased again: an older copy of the database had brought them back", members=again)
        return again

    def erased(self, _change: Erase, _outcome: object) -> None:
        """Hears from the bus that there is work."""
        self._wake.set()

    async def run(self) -> None:
        """Confirms what can be confirmed until it is cancelled."""
        while True:
            self._wake.clear()
            pause = LOOK_EVERY
            try:
                await self.turn()
            except RelayError as problem:
                log.warning("erasures wait", why=problem.detail)
                pause = RETRY_AFTER
            await woken(self._wake, pause)

    async def turn(self) -> None:
        """Everything that can be done now. Raises Unavailable when the store or the disk refuses, Conflict in a race."""
        waiting = await self.store.erasures(unconfirmed=True)
        for erasure in waiting:
            await self._purge(erasure.member)
        if await self.store.erasure_count() > sum(1 for _ in self.listed()):
            await self.enter(await self.store.erasures())
        left = await self.copies()
        if not waiting:
            return
        await self.purged()
        if self._must_wait_for(left):
            return
        for start in range(0, len(waiting), CONFIRMED_AT_ONCE):
            await self._confirm([each.member for each in waiting[start : start + CONFIRMED_AT_ONCE]])

    async def _purge(self, member: str) -> None:
        if member in self._clean:
            return
        while (await self.store.commit(PurgeErased(member, PURGED_AT_ONCE)))[0]:
            pass
        self._clean.add(member)

    def _must_wait_for(self, copies: Sequence[str]) -> bool:
        """A copy may hold them, however clean the database itself is."""
        if copies and copies != self._waited_for:
            log.warning("erasures are confirmed when these copies are gone", copies=list(copies))
        self._waited_for = copies
        return bool(copies)

    async def _confirm(self, members: Sequence[str]) -> None:
        now = self.clock.now()
        records = [Record(now, RELAY, "member.erased", member, {}) for member in members]
        await self.store.commit(ConfirmErasures(tuple(members), now), *records)
        self._clean.difference_update(members)
        log.info("erasures confirmed", members=len(members))
