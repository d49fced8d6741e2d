"""Messages in SQL: what is said in threads, each with its own place in the member's stream."""

from collections.abc import Mapping, Sequence

from relay.core.change import AddNote, Filed, SendMessage
from relay.core.errors import Stale
from relay.core.thread import Message, NewThread, Role, Status
from relay.ports import Page, Paging
from relay.stores.sql import attempts, threads
from relay.stores.sql.cells import asked, page, place_in, us, when
from relay.stores.sql.steps import Queries, Row, Steps

LISTED = """
    SELECT n, id, member, role, text, at, status, author, in_reply_to, client_id, internal, case_id,
        channel, checking
    FROM messages WHERE thread = $1 AND n > $2 ORDER BY n LIMIT $3"""
# What the conversation is at: no notes, nothing that the relay itself says, nothing that nobody will read.
LAST = """
    SELECT e.n, e.id, e.member, e.role, e.text, e.at, e.status, e.author, e.in_reply_to, e.client_id, e.internal, e.case_id,
        e.channel, e.checking, e.thread
    FROM messages e
    WHERE e.n IN (
        SELECT max(f.n) FROM messages f
        WHERE f.thread IN ({}) AND f.internal = 0 AND f.role <> 3 AND f.status <> 3 GROUP BY f.thread)"""
LATELY = """
    SELECT e.member, e.role, e.text FROM messages e
    WHERE e.internal = 0 AND e.status <> 3 AND e.thread IN (
        SELECT n FROM (SELECT n FROM threads WHERE community = $1 ORDER BY active_at DESC, n DESC LIMIT $2) recent)
    ORDER BY e.n DESC LIMIT $3"""
OF_MEMBER = """
    SELECT e.member, e.role, e.text FROM messages e
    WHERE e.internal = 0 AND e.status <> 3 AND e.thread IN (SELECT n FROM threads WHERE member = $1)
    ORDER BY e.n DESC LIMIT $2"""
LATELY_THREADS, LATELY_MESSAGES = 200, 1000
ADD = """
    INSERT INTO messages
        (id, thread, member, role, author, text, status, at, in_reply_to, client_id, internal, case_id, channel, checking,
        measure)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
    RETURNING n"""
LENGTHEN = """
    UPDATE streams SET last_seq = last_seq + $2, approved = approved + $3 WHERE member = $1
    RETURNING last_seq"""
DELIVER = """
    INSERT INTO deliveries (member, message, seq, state) VALUES ($1, $2, $3, 1)"""


class Messages(Queries):
    async def messages(self, thread: int, paging: Paging) -> Page[Message]:
        (after,) = place_in(paging, (0,))
        rows = await self._scan(LISTED, thread, after, asked(paging))
        return page(rows, paging, made, lambda row: (row[0],))

    async def last_messages(self, threads: Sequence[int]) -> Mapping[int, Message]:
        """By the thread's key; a thread in which nobody has said anything is not among them."""
        if not threads:
            return {}
        numbered = ", ".join(f"${number}" for number in range(1, len(threads) + 1))
        rows = await self._scan(LAST.format(numbered), *threads)
        return {row[-1]: made(row[:-1]) for row in rows}

    async def lately(self, community: int, member: int | None) -> Sequence[tuple[int, Role, str]]:
        """(member, who wrote it, text) of the conversations that were active last, by both sides, and of all of this member's.

        The newest 1,000 texts of 200 threads, and as many of the member's own.
        """
        rows = list(await self._scan(LATELY, community, LATELY_THREADS, LATELY_MESSAGES))
        if member is not None:
            rows += await self._scan(OF_MEMBER, member, LATELY_MESSAGES)
        return [(int(whose), Role(role), text) for whose, role, text in rows]


def send(change: SendMessage) -> Steps[Filed]:
    message = change.message
    seq = yield from lengthen(message.member, 1)
    if isinstance(change.thread, NewThread):
        thread = yield from threads.start(change.thread, message, change.community)
    else:
        thread = change.thread.n
        yield from threads.said(change.thread, message.at, by_staff=message.role is Role.STAFF)
    yield from put_item(message, thread, seq)
    return Filed(thread, seq)


def add_note(change: AddNote) -> Steps[None]:
    """No place in the stream: the member never sees it."""
    yield from put(change.message, change.thread.n)


def put(message: Message, thread: int) -> Steps[int]:
    """The row alone; its key."""
    rows = yield (
        ADD,
        (
            message.id, thread, message.member, int(message.role), message.author, message.text, int(message.status),
            us(message.at), message.in_reply_to, message.client_id, int(message.internal), message.case,
            message.channel, message.checking, message.measure,
        ),
    )  # fmt: skip
    return int(rows[0][0])


def put_item(message: Message, thread: int, seq: int) -> Steps[int]:
    """The row and its place in the member's stream, and an attempt where the relay pushes to them; the message's key."""
    n = yield from put(message, thread)
    yield DELIVER, (message.member, n, seq)
    if message.role is not Role.MEMBER:
        yield from attempts.make_of_item(message.member, seq, message.at)
    return n


def lengthen(member: int, by: int, *, approves: int = 0) -> Steps[int]:
    """The first of the new seqs; `approves` is how many more messages count as let through. Stale when the member is gone."""
    rows = yield LENGTHEN, (member, by, approves)
    if not rows:
        raise Stale
    return int(rows[0][0]) - by + 1


def made(row: Row) -> Message:
    """From the columns of LISTED."""
    _, id_, member, role, text, at, status, author, in_reply_to, client_id, internal, case, channel, checking = row
    return Message(
        id=id_,
        member=member,
        role=Role(role),
        text=text,
        at=when(at),
        status=Status(status),
        author=author,
        in_reply_to=in_reply_to,
        client_id=client_id,
        internal=bool(internal),
        case=case,
        channel=channel,
        checking=checking,
    )
