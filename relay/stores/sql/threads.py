"""Threads in SQL: whose they are, what state they are in, who is at them."""

from abc import abstractmethod
from datetime import datetime

from relay.core.change import EditThread, FreeLease, TakeLease
from relay.core.errors import Conflict, Stale
from relay.core.thread import Lease, Message, NewThread, Thread, ThreadRef, ThreadState
from relay.ports import Page, Paging, ThreadFilter
from relay.stores.sql import locks
from relay.stores.sql.cells import HIGHEST, asked, packed, page, place_in, unpacked, us, us_or_none, when, when_or_none
from relay.stores.sql.shadow import NOTHING_ELSE
from relay.stores.sql.steps import Many, Queries, Row, Steps

SELECT = """
    SELECT t.id, t.n, t.community, t.member, m.id, m.pseudonym, t.state, t.assignee, t.labels, p.id, t.snoozed_until,
        t.lease_holder, t.lease_name, t.lease_until, t.version, t.created_at, t.active_at
    FROM threads t JOIN members m ON m.n = t.member JOIN streams s ON s.member = m.n LEFT JOIN posts p ON p.n = t.post"""
BY_ID = f"""{SELECT} WHERE t.id = $1"""
LISTED = f"""{SELECT} WHERE t.community = $1 AND (t.active_at, t.n) < ($2, $3) AND NOT {NOTHING_ELSE}"""
IN_ORDER = """ORDER BY t.active_at DESC, t.n DESC LIMIT $4"""
OF_STATE = """t.state = {}"""
AWAKE = """(t.state = 0 OR t.state = 2 AND t.snoozed_until <= {})"""
ASLEEP = """t.state = 2 AND t.snoozed_until > {}"""
NOT_CLOSED = """t.state <> 3"""
OF_ASSIGNEE = """t.assignee = {}"""
OF_LABEL = """t.n IN (SELECT l.thread FROM thread_labels l WHERE l.label = {})"""
OF_POST = """p.id = {}"""
OF_MEMBER = """m.id = {}"""
OF_TEXT = """t.n IN (SELECT f.thread FROM messages f WHERE f.status = 0 AND f.n IN ({}))"""

STARTED_BY_POST = """
    INSERT INTO threads (id, community, member, post, state, labels, version, created_at, active_at)
    VALUES ($1, $2, $3, $4, 0, '[]', 1, $5, $5)
    RETURNING n"""
STARTED_ALONE = """
    INSERT INTO threads (id, community, member, state, labels, version, created_at, active_at)
    SELECT $1, $2, s.member, 0, '[]', 1, $4, $4 FROM streams s
    WHERE s.member = $3
        AND NOT EXISTS (SELECT 1 FROM threads t WHERE t.member = $3 AND t.post IS NULL AND t.state <> 3)
    RETURNING n"""
REOPENED = """
    UPDATE threads SET active_at = $3, state = 0, snoozed_until = NULL, version = version + 1 WHERE n = $1 AND member = $2
    RETURNING n"""
MOVED_ON = """
    UPDATE threads SET version = version + 1 WHERE n = $1 AND member = $2
    RETURNING n"""
ANSWERED = """
    UPDATE threads
    SET active_at = $3, version = version + 1, state = CASE WHEN $4 = 1 AND state <> 3 THEN 1 ELSE state END,
        snoozed_until = CASE WHEN $4 = 1 THEN NULL ELSE snoozed_until END
    WHERE n = $1 AND member = $2
    RETURNING n"""
EDIT = """
    UPDATE threads
    SET state = COALESCE($3, state),
        snoozed_until = CASE WHEN $3 IS NULL THEN snoozed_until ELSE $4 END,
        assignee = NULLIF(COALESCE($5, assignee, ''), ''),
        labels = COALESCE($6, labels),
        version = version + 1
    WHERE n = $1 AND version = $2
    RETURNING n"""
UNLABEL = """
    DELETE FROM thread_labels WHERE thread = $1"""
LABEL = """
    INSERT INTO thread_labels (thread, label) VALUES ($1, $2) ON CONFLICT (thread, label) DO NOTHING"""
TAKE = """
    UPDATE threads SET lease_holder = $2, lease_name = $3, lease_until = $5
    WHERE n = $1 AND (lease_holder IS NULL OR lease_holder = $2 OR lease_until <= $4)
    RETURNING n"""
HELD_BY = """
    SELECT lease_name FROM threads WHERE n = $1"""
FREE = """
    UPDATE threads SET lease_holder = NULL, lease_name = NULL, lease_until = NULL WHERE n = $1 AND lease_holder = $2"""


class Threads(Queries):
    @abstractmethod
    def _search(self, text: str, parameter: str) -> tuple[str, str]:
        """SQL that gives the keys of messages which hold all words of a text, and the value of its parameter."""

    async def thread(self, thread_id: str) -> Thread | None:
        rows = await self._rows(BY_ID, thread_id)
        return made(rows[0]) if rows else None

    async def threads(self, community: int, wanted: ThreadFilter, paging: Paging) -> Page[Thread]:
        active_at, n = place_in(paging, (HIGHEST, HIGHEST))
        conditions, values = self._conditions(wanted)
        sql = " AND ".join((LISTED, *conditions))
        rows = await self._scan(f"{sql} {IN_ORDER}", community, active_at, n, asked(paging), *values)
        return page(rows, paging, made, lambda row: (row[16], row[1]))

    def _conditions(self, wanted: ThreadFilter) -> tuple[list[str], list[object]]:
        conditions: list[str] = []
        values: list[object] = []
        asked_for = (
            _of_state(wanted),
            (OF_ASSIGNEE, wanted.assignee),
            (OF_LABEL, wanted.label),
            (OF_POST, wanted.post),
            (OF_MEMBER, wanted.member),
        )
        for condition, value in asked_for:
            if value is not None:
                values.append(value)
                conditions.append(condition.format(f"${4 + len(values)}"))
        if not wanted.with_closed:
            conditions.append(NOT_CLOSED)
        if wanted.text is not None:
            found, value = self._search(wanted.text, f"${5 + len(values)}")
            values.append(value)
            conditions.append(OF_TEXT.format(found))
        return conditions, values


def _of_state(wanted: ThreadFilter) -> tuple[str, int | None]:
    if wanted.now is not None and wanted.state is ThreadState.OPEN:
        return AWAKE, us(wanted.now)
    if wanted.now is not None and wanted.state is ThreadState.SNOOZED:
        return ASLEEP, us(wanted.now)
    return OF_STATE, None if wanted.state is None else int(wanted.state)


def start(thread: NewThread, message: Message, community: int) -> Steps[int]:
    """Stale when the member has such a thread meanwhile: one for each post, and one open without a post."""
    at = us(message.at)
    if thread.post is None:
        rows = yield STARTED_ALONE, (thread.id, community, message.member, at)
    else:
        rows = yield STARTED_BY_POST, (thread.id, community, message.member, thread.post, at)
    if not rows:
        raise Stale
    return int(rows[0][0])


def heard(thread: ThreadRef, at: datetime, *, reopens: bool) -> Steps[None]:
    """The member wrote. Stale when the thread is gone; whatever else changed in it meanwhile does not matter."""
    if reopens:
        rows = yield REOPENED, (thread.n, thread.member, us(at))
    else:
        rows = yield MOVED_ON, (thread.n, thread.member)
    if not rows:
        raise Stale


def said(thread: ThreadRef, at: datetime, *, by_staff: bool) -> Steps[None]:
    """The company's side wrote; after a person's answer the thread waits for the member."""
    rows = yield ANSWERED, (thread.n, thread.member, us(at), int(by_staff))
    if not rows:
        raise Stale


def edit(change: EditThread) -> Steps[None]:
    new = change.edit
    labels = None if new.labels is None else packed(new.labels)
    state = None if new.state is None else int(new.state)
    rows = yield (
        EDIT,
        (change.thread.n, change.thread.version, state, us_or_none(new.snoozed_until), new.assignee, labels),
    )
    if not rows:
        raise Stale
    if new.labels is not None:
        yield UNLABEL, (change.thread.n,)
        yield Many(LABEL, [(change.thread.n, label) for label in new.labels])


def take_lease(change: TakeLease) -> Steps[None]:
    n = change.thread.n
    yield locks.thread(n)
    rows = yield TAKE, (n, change.holder, change.name, us(change.now), us(change.until))
    if rows:
        return
    rows = yield HELD_BY, (n,)
    if not rows:
        raise Stale
    raise Conflict(f"{rows[0][0]} is answering in this thread.")


def free_lease(change: FreeLease) -> Steps[None]:
    yield FREE, (change.thread.n, change.holder)


def made(row: Row) -> Thread:
    """From the columns of SELECT."""
    (
        id_, n, community, member, member_id, pseudonym, state, assignee, labels, post, snoozed_until,
        lease_holder, lease_name, lease_until, version, created_at, active_at,
    ) = row  # fmt: skip
    return Thread(
        id=id_,
        n=n,
        community=community,
        member=member,
        member_id=member_id,
        pseudonym=pseudonym,
        state=ThreadState(state),
        assignee=assignee,
        labels=tuple(unpacked(labels)),
        post=post,
        snoozed_until=when_or_none(snoozed_until),
        lease=None if lease_holder is None else Lease(lease_holder, lease_name, when(lease_until)),
        version=version,
        created_at=when(created_at),
        active_at=when(active_at),
    )
