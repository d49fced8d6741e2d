"""A store on a disk of a test: the relay's own writer and queries over a connection whose files can fail or lose power."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from relay.core.change import Change, Outcome, SetFact
from relay.stores import sqlite
from relay.stores.ledger import Work
from relay.stores.sql.attempts import Attempts
from relay.stores.sql.checking import Checking
from relay.stores.sql.communities import Communities
from relay.stores.sql.deliveries import Deliveries
from relay.stores.sql.members import Members
from relay.stores.sql.messages import Messages
from relay.stores.sql.posts import Posts
from relay.stores.sql.record import OwnRecord
from relay.stores.sql.scope import OwnScope
from relay.stores.sql.signing_in import SigningIn
from relay.stores.sql.staff import People
from relay.stores.sql.steps import Row
from relay.stores.sql.threads import Threads
from relay.stores.sql.tokens import Tokens
from relay.stores.sqlite_file import lite
from relay.stores.sqlite_mark import Mark, last_group
from relay.stores.sqlite_opening import fold
from relay.stores.sqlite_writer import Limits, Settled, Writer, numbered
from tests.power.connection import Connection
from tests.power.disk import Disk


class Ledger(
    Communities, Members, Tokens, SigningIn, People, Posts, Deliveries, Attempts, Threads, Messages, Checking, OwnRecord
):
    """Each commit carries a fact with its number; `acknowledged` has those that somebody was told are written.

    `heard` is called in the writer's thread when they have just been told.
    """

    def __init__(self, path: Path, disk: Disk, limits: Limits, *, also: Sequence[str] = (), prefix: str = "") -> None:
        self.acknowledged: set[str] = set()
        self.lost: str | None = None
        self.heard: Callable[[], None] = _nothing
        self._prefix = prefix
        self._next = 0
        self._loop = asyncio.get_running_loop()
        connection = self.connection = Connection(path, disk, also=also)
        fold(connection)
        self._reader = Connection(path, disk, is_writer=False)
        self.mark = Mark.of(path)
        self.mark.begin(last_group(connection))
        self.writer = Writer(connection, limits, self.mark)
        self.writer.start(self._settle)

    async def commit(self, *changes: Change) -> tuple[Outcome, ...]:
        name = f"commit {self._prefix} {self._next}"
        self._next += 1
        waiter: asyncio.Future[tuple[Outcome, ...]] = self._loop.create_future()
        self.writer.put(Work((*changes, SetFact(name, "x")), waiter))
        return (await waiter)[:-1]

    def of(self, member: int) -> OwnScope:
        return OwnScope(member, self._rows, self._scan)

    async def close(self) -> None:
        await asyncio.to_thread(self.writer.stop)
        self.mark.close(is_broken=True)
        with suppress(lite.Error):  # it asks for a lock that nobody may have who only reads
            self._reader.close()

    def _settle(self, settled: list[Settled], lost: str | None, _seconds: float) -> None:
        """In the writer's thread: what is told here is what must be on the disk now."""
        self.lost = lost
        for each in settled:
            if each.problem is None and isinstance(fact := each.work.changes[-1], SetFact):
                self.acknowledged.add(fact.name)
        self.heard()
        self._loop.call_soon_threadsafe(_tell, settled)

    async def _rows(self, sql: str, *args: object) -> list[Row]:
        return self._reader.execute(numbered(sql), args).fetchall()

    async def _scan(self, sql: str, *args: object) -> list[Row]:
        return await self._rows(sql, *args)

    def _search(self, text: str, parameter: str) -> tuple[str, str]:
        return sqlite.FOUND.format(parameter), text


def _nothing() -> None:
    return


def _tell(settled: list[Settled]) -> None:
    for each in settled:
        if each.work.waiter.done():
            continue
        if each.problem is None:
            each.work.waiter.set_result(each.outcomes)
        else:
            each.work.waiter.set_exception(each.problem)
