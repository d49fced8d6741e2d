"""Deliveries in SQL: the ledger of a post, its release into the members' streams, and how far they have come.

A row is as narrow as can be. The deliveries of a post lie in the key range that the post names (with rows of others between
them at times), so that no index by post is needed, and a release walks the range by its key. A released row stays SENDING: the
cursors of the member's stream tell the rest. What falls into a member's pause is set aside (pauses). Where the relay pushes to
the member too, attempts write the row's state, and the further of both counts. What is not released of a cancelled post is
CANCELLED, and ERASED where the member is gone, without a row being touched.
"""

from collections.abc import Mapping
from functools import cache
from itertools import chain

from relay.core.change import AdvanceCursors, FreezeAudience, Frozen, Released, ReleasePost
from relay.core.delivery import DeliveryState
from relay.core.errors import Stale
from relay.core.post import Post, PostState
from relay.ports import DeliveryView, Page, Paging
from relay.stores.sql import attempts, locks, measures, pauses
from relay.stores.sql.cells import asked, page, place_in, us
from relay.stores.sql.steps import Queries, Row, Steps

STATE = """
    CASE
        WHEN s.member IS NULL THEN 11
        WHEN d.seq IS NULL AND d.state IN (0, 2) AND p.state = 3 THEN 10
        WHEN d.seq IS NULL THEN d.state
        WHEN d.seq <= s.read_seq OR d.state = 5 THEN 5
        WHEN d.seq <= s.delivered_seq OR d.state = 4 THEN 4
        WHEN d.seq <= s.sent_seq OR d.state = 3 THEN 3
        ELSE d.state
    END"""
COUNTS = f"""
    SELECT x.state, count(*)
    FROM (
        SELECT {STATE} AS state
        FROM posts p
        JOIN deliveries d ON d.n >= p.first_delivery AND d.n <= p.last_delivery AND d.post = p.n
        LEFT JOIN streams s ON s.member = d.member
        WHERE p.n = $1
    ) AS x
    GROUP BY x.state"""  # noqa: S608  an expression, no values
LISTED = f"""
    SELECT x.n, m.id, m.pseudonym, x.state
    FROM (
        SELECT d.n AS n, s.member AS member, {STATE} AS state
        FROM posts p
        JOIN deliveries d ON d.n >= p.first_delivery AND d.n <= p.last_delivery AND d.post = p.n
        LEFT JOIN streams s ON s.member = d.member
        WHERE p.n = $1 AND d.n > $2
    ) AS x
    LEFT JOIN members m ON m.n = x.member"""  # noqa: S608
LISTED_ALL = f"""{LISTED} ORDER BY x.n LIMIT $3"""
LISTED_IN_STATE = f"""{LISTED} WHERE x.state = $4 ORDER BY x.n LIMIT $3"""

GROUP = """
    SELECT max(g.n), count(*)
    FROM (
        SELECT m.n FROM members m WHERE m.community = $1 AND m.standing = 0 AND m.n > $2 ORDER BY m.n LIMIT $3
    ) AS g"""
HIGHEST_KEY = """
    SELECT max(n) FROM deliveries"""
OWN_KEYS = """
    SELECT
        (SELECT min(n) FROM deliveries WHERE n > $1 AND post = $2),
        (SELECT max(n) FROM deliveries WHERE n > $1 AND post = $2)"""
FREEZE = """
    INSERT INTO deliveries (member, post, state)
    SELECT m.n, $1, 0 FROM members m
    WHERE m.community = $2 AND m.standing = 0 AND m.n > $3 AND m.n <= $4
    ORDER BY m.n"""
GROWN = """
    UPDATE posts
    SET audience = audience + $2,
        first_delivery = CASE WHEN audience = 0 THEN $3 ELSE first_delivery END,
        last_delivery = $4
    WHERE n = $1 AND state = 0 AND run <> 0
    RETURNING n"""

PROGRESS = """
    SELECT state, released_to, last_delivery, expires_at FROM posts WHERE n = $1"""
LENGTHEN = """
    UPDATE streams SET last_seq = last_seq + 1
    WHERE member IN (
        SELECT d.member FROM deliveries d JOIN members m ON m.n = d.member
        WHERE d.n > $2 AND d.n <= $3 AND d.post = $1 AND d.state = 0 AND m.standing = 0)"""
RELEASE = """
    UPDATE deliveries SET state = 1, seq = s.last_seq
    FROM streams s JOIN members m ON m.n = s.member
    WHERE deliveries.n > $2 AND deliveries.n <= $3 AND deliveries.post = $1 AND deliveries.state = 0
        AND s.member = deliveries.member AND m.standing = 0"""
RELEASED = """
    SELECT gathered(member), gathered(seq) FROM deliveries WHERE n > $2 AND n <= $3 AND post = $1 AND state = 1"""
LEAVE_OUT = """
    UPDATE deliveries
    SET state = CASE WHEN EXISTS (SELECT 1 FROM members m WHERE m.n = deliveries.member) THEN 9 ELSE 11 END,
        member = (SELECT m.n FROM members m WHERE m.n = deliveries.member)
    WHERE n > $2 AND n <= $3 AND post = $1 AND state = 0"""
EXPIRE = """
    UPDATE deliveries SET state = 7 WHERE n > $2 AND n <= $3 AND post = $1 AND state = 0"""
WALKED = """
    UPDATE posts SET released_to = $2, state = $3 WHERE n = $1"""

REACH = """
    UPDATE streams
    SET sent_seq = CASE WHEN v.column2 <= sent_seq THEN sent_seq WHEN v.column2 > last_seq THEN last_seq ELSE v.column2 END,
        delivered_seq = CASE
            WHEN v.column3 <= delivered_seq THEN delivered_seq WHEN v.column3 > last_seq THEN last_seq ELSE v.column3 END,
        read_seq = CASE WHEN v.column4 <= read_seq THEN read_seq WHEN v.column4 > last_seq THEN last_seq ELSE v.column4 END
    FROM (VALUES {}) AS v
    WHERE streams.member = v.column1"""
REACH_AT_ONCE = (256, 16, 1)  # members a statement: each statement hands the interpreter over to the loop and back


class Deliveries(Queries):
    async def post_counts(self, post: Post) -> Mapping[DeliveryState, int]:
        return {DeliveryState(state): count for state, count in await self._scan(COUNTS, post.n)}

    async def deliveries(self, post: Post, state: DeliveryState | None, paging: Paging) -> Page[DeliveryView]:
        """One of a member who is gone has neither id nor pseudonym."""
        (after,) = place_in(paging, (0,))
        if state is None:
            rows = await self._scan(LISTED_ALL, post.n, after, asked(paging))
        else:
            rows = await self._scan(LISTED_IN_STATE, post.n, after, asked(paging), int(state))
        return page(rows, paging, _view, lambda row: (row[0],))


def freeze(change: FreezeAudience) -> Steps[Frozen]:
    """The members of the group are found once, by an index that holds all that is asked, and written by one statement."""
    ((last_member, count),) = yield GROUP, (change.community, change.after, change.limit)
    if not count:
        return Frozen(None, 0)
    ((before,),) = yield HIGHEST_KEY, ()
    yield FREEZE, (change.post, change.community, change.after, last_member)
    ((first, last),) = yield OWN_KEYS, (before or 0, change.post)
    rows = yield GROWN, (change.post, count, first, last)
    if not rows:
        raise Stale
    return Frozen(last_member, count)


def release(change: ReleasePost) -> Steps[Released]:
    """Walks `limit` keys on from where the post stands in the store; there may be fewer deliveries among them, even none."""
    post = change.post.n
    yield locks.post(post)
    rows = yield PROGRESS, (post,)
    if not rows or rows[0][0] != PostState.SENDING:
        return Released((), change.post.released_to, finished=True)
    _, start, last, expires_at = rows[0]
    to = min(start + change.limit, last)
    yield locks.receivers(post, start, to)
    seqs: tuple[tuple[int, int], ...] = ()
    if expires_at is not None and expires_at <= us(change.now):
        yield EXPIRE, (post, start, to)
    else:
        yield from measures.suppress(post, start, to, us(change.now))
        yield from pauses.set_aside(post, start, to, change.now)
        yield LENGTHEN, (post, start, to)
        yield RELEASE, (post, start, to)
        yield LEAVE_OUT, (post, start, to)
        seqs = _pairs((yield RELEASED, (post, start, to))[0])
        yield from attempts.make_of_post(post, start, to, change.now)
    finished = to >= last
    yield WALKED, (post, to, int(PostState.SENT if finished else PostState.SENDING))
    return Released(seqs, to, finished)


def advance(change: AdvanceCursors) -> Steps[None]:
    """What was read was delivered, what was delivered was sent; nothing goes beyond the stream's end."""
    rows = [(each.member, max(each.sent, each.delivered, each.read), max(each.delivered, each.read), each.read)
            for each in sorted(change.reached, key=lambda each: each.member)]  # fmt: skip
    start = 0
    for size in REACH_AT_ONCE:
        while len(rows) - start >= size:
            yield locks.members([row[0] for row in rows[start : start + size]])
            yield _reaching(size), tuple(chain.from_iterable(rows[start : start + size]))
            start += size


@cache
def _reaching(members: int) -> str:
    """The statement for so many members."""
    row = "(CAST(${} AS BIGINT), CAST(${} AS BIGINT), CAST(${} AS BIGINT), CAST(${} AS BIGINT))"
    return REACH.format(", ".join(row.format(*range(n, n + 4)) for n in range(1, 4 * members, 4)))


def _pairs(row: Row) -> tuple[tuple[int, int], ...]:
    """(member, seq) of all that were released; one row for thousands, since each row of a result costs a hand-over."""
    members, seqs = (map(int, text.split(",")) if text else () for text in row)
    return tuple(zip(members, seqs, strict=True))


def _view(row: Row) -> DeliveryView:
    _, member, pseudonym, state = row
    return DeliveryView(member or "", pseudonym or "", DeliveryState(state))
