"""Pauses in SQL: what is released to somebody who pauses is set aside, and gets its seq when the pause ends.

A deferral is changed only by who has the member's stream, so that a pause that ends early and a release meet one after another.
"""

from collections.abc import Sequence
from datetime import datetime

from relay.core.delivery import DeliveryState
from relay.core.errors import Stale
from relay.core.member import Standing
from relay.core.pause import Pause, ReleaseDeferred, Resumed
from relay.core.post import PostState
from relay.stores.sql import attempts, locks, messages
from relay.stores.sql.cells import us, us_or_none, when_or_none
from relay.stores.sql.steps import Many, Queries, Row, Steps

SET = """
    UPDATE members SET paused_until = $2
    WHERE n = $1 AND EXISTS (SELECT 1 FROM streams s WHERE s.member = $1)
    RETURNING n"""
MOVE_DUE = """
    UPDATE deferrals SET due_at = $2 WHERE member = $1"""

ANY_PAUSED = """
    SELECT n FROM members WHERE paused_until > $1 LIMIT 1"""
SET_ASIDE = """
    INSERT INTO deferrals (delivery, member, post, due_at)
    SELECT d.n, d.member, d.post, m.paused_until FROM deliveries d JOIN members m ON m.n = d.member
    WHERE d.n > $2 AND d.n <= $3 AND d.post = $1 AND d.state = 0 AND m.standing = 0 AND m.paused_until > $4"""
DEFER = """
    UPDATE deliveries SET state = 2
    WHERE n > $2 AND n <= $3 AND post = $1 AND state = 0
        AND EXISTS (SELECT 1 FROM deferrals f WHERE f.delivery = deliveries.n)"""

NEXT_DUE = """
    SELECT min(due_at) FROM deferrals"""
DUE = """
    SELECT DISTINCT first.member FROM (
        SELECT f.member FROM deferrals f WHERE f.due_at <= $1 ORDER BY f.due_at LIMIT $2) first"""
DUE_POSTS = """
    SELECT f.post FROM deferrals f WHERE f.member = $1 AND f.due_at <= $2 ORDER BY f.delivery LIMIT $3"""
DUE_OF_MEMBER = """
    SELECT f.delivery, f.post, p.state, p.expires_at, m.standing
    FROM deferrals f JOIN posts p ON p.n = f.post JOIN members m ON m.n = f.member JOIN streams s ON s.member = m.n
    WHERE f.member = $1 AND f.due_at <= $2 ORDER BY f.delivery LIMIT $3"""
RELEASE = """
    UPDATE deliveries SET state = 1, seq = $2 WHERE n = $1"""
END = """
    UPDATE deliveries SET state = $2 WHERE n = $1"""
DONE = """
    DELETE FROM deferrals WHERE delivery = $1"""


class Pauses(Queries):
    async def deferral_due(self) -> datetime | None:
        """When the next pause ends that something waits for."""
        return when_or_none((await self._rows(NEXT_DUE))[0][0])


def pause(change: Pause) -> Steps[None]:
    """Stale when the member is gone."""
    yield locks.member(change.member)
    rows = yield SET, (change.member, us_or_none(change.until))
    if not rows:
        raise Stale
    yield MOVE_DUE, (change.member, us(change.until or change.at))


def set_aside(post: int, start: int, to: int, now: datetime) -> Steps[None]:
    """Of what is planned of the post between these keys; costs one look while nobody pauses."""
    if (yield ANY_PAUSED, (us(now),)):
        yield SET_ASIDE, (post, start, to, us(now))
        yield DEFER, (post, start, to)


def release(change: ReleaseDeferred) -> Steps[Resumed]:
    """Posts before members, as everywhere; what another process released meanwhile is not there any more."""
    now, left = us(change.now), change.limit
    takes: dict[int, int] = {}
    posts: set[int] = set()
    for member in sorted(row[0] for row in (yield DUE, (now, change.limit))):
        rows = yield DUE_POSTS, (member, now, left)
        takes[member] = len(rows)
        posts.update(row[0] for row in rows)
        left -= len(rows)
        if not left:
            break
    for post in sorted(posts):
        yield locks.post(post)
    if takes:
        yield locks.members(list(takes))
    resumed: list[int] = []
    for member, most in takes.items():
        rows = yield DUE_OF_MEMBER, (member, now, most)
        if (yield from _release(member, [row for row in rows if row[1] in posts], change.now)):
            resumed.append(member)
    return Resumed(tuple(resumed))


def _release(member: int, rows: Sequence[Row], now: datetime) -> Steps[bool]:
    """Whether any came into the member's stream."""
    ends = {delivery: _end(state, expires_at, standing, now) for delivery, _, state, expires_at, standing in rows}
    released = [delivery for delivery, end in ends.items() if end is None]
    yield Many(DONE, [(delivery,) for delivery in ends])
    yield Many(END, [(delivery, int(end)) for delivery, end in ends.items() if end is not None])
    if not released:
        return False
    first = yield from messages.lengthen(member, len(released))
    seqs = range(first, first + len(released))
    yield Many(RELEASE, list(zip(released, seqs, strict=True)))
    yield from attempts.make_of_deferred(member, seqs, now)
    return True


def _end(state: int, expires_at: int | None, standing: int, now: datetime) -> DeliveryState | None:
    """What became of it meanwhile, None: it is to be released."""
    if state == PostState.CANCELLED:
        return DeliveryState.CANCELLED
    if standing != Standing.ACTIVE:
        return DeliveryState.SUPPRESSED
    if expires_at is not None and expires_at <= us(now):
        return DeliveryState.EXPIRED
    return None
