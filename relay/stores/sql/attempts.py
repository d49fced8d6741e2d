"""Attempts in SQL: made where something is released to a member whom the relay pushes to, claimed, settled, recovered.

One delivery has one attempt, at the member's first address on a channel that is pushed to. Its row stays when it is done: a
receipt finds the delivery by it. The delivery's row holds the state; of a member who reads the stream as well the further of
both counts.
"""

from collections.abc import Sequence
from datetime import datetime

from relay.core.attempt import (
    AddReceipts,
    Claim,
    ClaimAttempts,
    Claimed,
    HearFrom,
    Phase,
    Receipt,
    RecoverAttempts,
    ReturnAttempts,
    SetPushed,
    SettleAttempts,
    Settlement,
    heard_late,
)
from relay.core.delivery import DeliveryState, may_follow
from relay.stores.sql import locks, runs
from relay.stores.sql.cells import us, when
from relay.stores.sql.steps import Many, Queries, Row, Steps

NOT_PUSHED = """
    DELETE FROM pushed"""
PUSHED = """
    INSERT INTO pushed (channel) VALUES ($1) ON CONFLICT (channel) DO NOTHING"""
ANY_PUSHED = """
    SELECT channel FROM pushed LIMIT 1"""

FIRST_ADDRESS = """(
        SELECT min(b.n) FROM pushed c JOIN addresses b ON b.channel = c.channel
        WHERE b.member = d.member AND b.gone_at IS NULL)"""
MAKE = f"""
    INSERT INTO attempts (delivery, channel, address, bulk, phase, tries, due_at, parked, reason)
    SELECT d.n, a.channel, a.n, $1, 0, 0, $2, 0, ''
    FROM deliveries d JOIN addresses a ON a.n = {FIRST_ADDRESS}"""  # noqa: S608  an expression, no values
MAKE_OF_POST = f"""{MAKE} WHERE d.n > $4 AND d.n <= $5 AND d.post = $3 AND d.state = 1"""
MAKE_OF_ITEM = f"""{MAKE} WHERE d.member = $3 AND d.seq = $4 AND EXISTS (SELECT 1 FROM pushed)"""  # noqa: S608

# An address gets one at a time: answers first, then in the order in which things were written down.
CLAIMABLE = """
    a.channel = $1 AND a.phase = 0 AND a.bulk = $2 AND a.due_at <= $3 AND NOT EXISTS (
        SELECT 1 FROM attempts o
        WHERE o.address = a.address AND o.phase < 2 AND (
            o.phase = 1 OR o.due_at <= $3 AND (o.bulk < a.bulk OR o.bulk = a.bulk AND o.delivery < a.delivery)))"""
DUE = f"""
    SELECT a.delivery FROM attempts a WHERE {CLAIMABLE} LIMIT 1"""  # noqa: S608  a condition, no values
NEXT = """
    SELECT min(due_at) FROM attempts WHERE channel = $1 AND phase = 0 AND bulk = $2 AND due_at > $3"""
CLAIM = f"""
    SELECT a.delivery, d.member, d.seq, b.address, a.tries, a.reference,
        CASE
            WHEN m.n IS NULL THEN 11
            WHEN b.n IS NULL THEN 6
            WHEN p.n IS NULL THEN 1
            WHEN m.standing <> 0 THEN 9
            WHEN p.state = 3 THEN 10
            WHEN p.expires_at <= $3 THEN 7
            ELSE 1
        END
    FROM attempts a
    LEFT JOIN deliveries d ON d.n = a.delivery
    LEFT JOIN members m ON m.n = d.member
    LEFT JOIN addresses b ON b.n = a.address
    LEFT JOIN posts p ON p.n = d.post
    WHERE {CLAIMABLE}
    ORDER BY a.due_at, a.delivery LIMIT $4 passing_locked(a)"""  # noqa: S608
START = """
    UPDATE attempts SET phase = 1, started_at = $2, tries = tries + 1, reference = $3, run = $4 WHERE delivery = $1"""
RESUME = """
    UPDATE deliveries SET state = 1 WHERE n = $1 AND state = 2"""

BY_REFERENCE = """
    SELECT a.delivery, a.phase, d.state, a.address, a.run
    FROM attempts a JOIN deliveries d ON d.n = a.delivery WHERE a.reference = $1 locking(a, d)"""
MOVE = """
    UPDATE deliveries SET state = $2 WHERE n = $1"""
END = """
    UPDATE attempts SET phase = 2, reason = CASE WHEN $2 = '' THEN reason ELSE $2 END WHERE delivery = $1"""
AGAIN = """
    UPDATE attempts SET phase = 0, due_at = $2, parked = $3, tries = tries - $4, reason = $5 WHERE delivery = $1"""
GONE = """
    UPDATE addresses SET gone_at = $2 WHERE n = $1"""

UNDER_WAY = """
    SELECT a.delivery, a.reference FROM attempts a WHERE a.phase = 1 AND a.run = $1 AND a.channel = $2 locking(a)"""
LOST = """
    UPDATE attempts SET phase = 2, reason = 'The relay stopped while it was sent.'
    WHERE phase = 1 AND run NOT IN (SELECT r.n FROM runs r)
    RETURNING delivery"""
LOST_STATE = """
    UPDATE deliveries SET state = 8 WHERE n = $1 AND state IN (1, 2)"""

BACK = """
    UPDATE addresses SET gone_at = NULL WHERE member = $1 AND channel = $2"""
DUE_NOW = """
    UPDATE attempts SET due_at = $3, parked = 0
    WHERE phase < 2 AND phase = 0 AND parked = 1
        AND address IN (SELECT b.n FROM addresses b WHERE b.member = $1 AND b.channel = $2)"""
ANSWERS, POSTS = 0, 1  # `bulk`: who waits for an answer is not kept waiting by a post to many


class Attempts(Queries):
    async def attempt_due(self, channel: str, now: datetime) -> datetime | None:
        """`now` when something can be claimed, otherwise when something may be; None: nothing waits for its time."""
        at = us(now)
        for bulk in (ANSWERS, POSTS):
            if await self._rows(DUE, channel, bulk, at):
                return now
        found = [(await self._rows(NEXT, channel, bulk, at))[0][0] for bulk in (ANSWERS, POSTS)]
        due = [each for each in found if each is not None]
        return when(min(due)) if due else None


def set_pushed(change: SetPushed) -> Steps[None]:
    yield NOT_PUSHED, ()
    yield Many(PUSHED, [(channel,) for channel in change.channels])


def make_of_post(post: int, start: int, to: int, now: datetime) -> Steps[None]:
    """For what was released of the post between these keys; costs one look when nothing is pushed to anybody."""
    rows = yield ANY_PUSHED, ()
    if rows:
        yield MAKE_OF_POST, (POSTS, us(now), post, start, to)


def make_of_item(member: int, seq: int, now: datetime) -> Steps[None]:
    """For one item of a member's stream."""
    yield MAKE_OF_ITEM, (ANSWERS, us(now), member, seq)


def make_of_deferred(member: int, seqs: Sequence[int], now: datetime) -> Steps[None]:
    """For posts that waited for the end of the member's pause."""
    yield Many(MAKE_OF_ITEM, [(POSTS, us(now), member, seq) for seq in seqs])


def claim(change: ClaimAttempts) -> Steps[Claimed]:
    yield locks.channel(change.channel)
    yield from runs.want_live(change.run, change.now)
    now = us(change.now)
    rows: list[Row] = []
    for bulk in (ANSWERS, POSTS):
        if room := len(change.references) - len(rows):
            rows += yield CLAIM, (change.channel, bulk, now, room)
    left_out = [(delivery, state) for delivery, *_, state in rows if state != DeliveryState.SENDING]
    yield Many(MOVE, left_out)
    yield Many(END, [(delivery, "") for delivery, _ in left_out])
    started = [row for row in rows if row[-1] == DeliveryState.SENDING]
    claims: list[Claim] = []
    for row, fresh in zip(started, change.references, strict=False):
        _, member, seq, address, tries, reference, _ = row
        claims.append(Claim(reference or fresh, member, seq, address, tries + 1))
    deliveries = [row[0] for row in started]
    yield Many(START, [(n, now, each.reference, change.run) for n, each in zip(deliveries, claims, strict=True)])
    yield Many(RESUME, [(n,) for n in deliveries])
    return Claimed(tuple(claims))


def settle(change: SettleAttempts) -> Steps[None]:
    """One that is not there went with its member."""
    for settlement in change.settlements:
        rows = yield BY_REFERENCE, (settlement.reference,)
        for row in rows:
            _, phase, state, _, run = row
            if phase == Phase.UNDER_WAY and run == change.run:
                yield from _settle(settlement, row, change.now)
            elif receipt := heard_late(settlement, DeliveryState(state)):
                yield from _receive(receipt, row)


def _settle(settlement: Settlement, row: Row, now: datetime) -> Steps[None]:
    delivery, _, state, address, _ = row
    if settlement.address_gone:
        yield GONE, (address, us(now))
    if state not in (DeliveryState.SENDING, DeliveryState.DEFERRED):  # a receipt was faster
        if may_follow(DeliveryState(state), settlement.state):
            yield MOVE, (delivery, int(settlement.state))
        yield END, (delivery, settlement.reason)
        return
    yield MOVE, (delivery, int(settlement.state))
    if settlement.due_at is None:
        yield END, (delivery, settlement.reason)
    else:
        flags = int(settlement.parked), int(settlement.uncounted)
        yield AGAIN, (delivery, us(settlement.due_at), *flags, settlement.reason)


def add_receipts(change: AddReceipts) -> Steps[int]:
    """One that names nothing known is passed over: its member was erased, or it was never ours."""
    moved = 0
    for receipt in change.receipts:
        rows = yield BY_REFERENCE, (receipt.reference,)
        if rows:
            moved += yield from _receive(receipt, rows[0])
    return moved


def _receive(receipt: Receipt, row: Row) -> Steps[int]:
    """What the platform has, waits for no further try."""
    delivery, phase, state, *_ = row
    if not may_follow(DeliveryState(state), receipt.state):
        return 0
    yield MOVE, (delivery, int(receipt.state))
    if phase == Phase.WAITING:
        yield END, (delivery, receipt.reason)
    return 1


def give_back(change: ReturnAttempts) -> Steps[int]:
    yield locks.channel(change.channel)  # the claim in question may still be on its way
    rows = yield UNDER_WAY, (change.run, change.channel)
    unknown = [delivery for delivery, reference in rows if reference not in change.known]
    yield Many(AGAIN, [(delivery, us(change.now), 0, 1, "") for delivery in unknown])
    return len(unknown)


def recover(change: RecoverAttempts) -> Steps[int]:
    yield from runs.end_overdue(change.now)
    rows = yield LOST, ()
    yield Many(LOST_STATE, [(delivery,) for (delivery,) in rows])
    return len(rows)


def hear_from(change: HearFrom) -> Steps[None]:
    yield BACK, (change.member, change.channel)
    yield DUE_NOW, (change.member, change.channel, us(change.now))
