"""Strikes and measures in SQL. Every write takes the member's stream first: what follows from one strike rests on all."""

from datetime import datetime

from relay.core.errors import Stale
from relay.core.ladder import MeasureKind, Strike
from relay.core.measure import (
    AddStrike,
    AnswerObjection,
    Concerned,
    Impose,
    Measure,
    MeasureState,
    MoveMeasure,
    ObjectTo,
    TakeBack,
)
from relay.ports import Objection, OfMember, Page, Paging
from relay.stores.sql import locks
from relay.stores.sql.cells import asked, page, place_in, us, us_or_none, when, when_or_none
from relay.stores.sql.steps import Queries, Row, Steps

COLUMNS = """
    x.id, x.member, x.kind, x.at, x.until_at, x.imposed_by, x.reason, x.case_id, x.state, x.ended_at, x.ended_by,
    x.objected_at, x.answered_at, x.answered_by, x.answer"""
STRIKES = """
    SELECT case_id, points, at, taken_back_at FROM strikes WHERE member = $1 ORDER BY n"""
OWN = f"""
    SELECT {COLUMNS} FROM measures x JOIN streams s ON s.member = x.member WHERE x.member = $1 ORDER BY x.n"""  # noqa: S608  columns
BY_ID = f"""
    SELECT {COLUMNS}, m.id, m.pseudonym FROM measures x
    JOIN members m ON m.n = x.member JOIN streams s ON s.member = m.n
    WHERE x.id = $1"""  # noqa: S608
PROPOSED = f"""
    SELECT {COLUMNS}, m.id, m.pseudonym, x.n FROM measures x
    JOIN members m ON m.n = x.member JOIN streams s ON s.member = m.n
    WHERE m.community = $1 AND x.state = 0 AND x.n > $2 ORDER BY x.n LIMIT $3"""  # noqa: S608
OBJECTIONS = f"""
    SELECT {COLUMNS}, m.id, m.pseudonym, e.text, t.id, x.n FROM measures x
    JOIN members m ON m.n = x.member JOIN streams s ON s.member = m.n
    LEFT JOIN messages e ON e.id = x.objection LEFT JOIN threads t ON t.n = e.thread
    WHERE m.community = $1 AND x.objected_at IS NOT NULL AND x.answered_at IS NULL AND x.state = 1 AND x.until_at > $4
        AND x.n > $2
    ORDER BY x.n LIMIT $3"""  # noqa: S608

ADD_STRIKE = """
    INSERT INTO strikes (member, case_id, points, at)
    SELECT s.member, $2, CAST($3 AS DOUBLE PRECISION), CAST($4 AS BIGINT) FROM streams s
    WHERE s.member = $1 AND (SELECT count(*) FROM strikes WHERE member = $1) = $5
    RETURNING n"""
IMPOSE = """
    INSERT INTO measures (id, member, kind, state, at, until_at, imposed_by, reason, case_id, ended_by)
    SELECT $1, s.member, $3, CAST($4 AS BIGINT), CAST($5 AS BIGINT), CAST($6 AS BIGINT), $7, $8, $9, ''
    FROM streams s WHERE s.member = $2
    RETURNING n"""
MOVE = """
    UPDATE measures
    SET state = $3, at = $4, until_at = $5, imposed_by = $6, reason = $7, ended_at = $8, ended_by = $9
    WHERE id = $1 AND state = $2
    RETURNING n"""
TAKE_BACK_STRIKE = """
    UPDATE strikes SET taken_back_at = $3 WHERE member = $1 AND case_id = $2 AND taken_back_at IS NULL"""
TAKE_BACK = """
    UPDATE measures SET state = 3, ended_at = $3, ended_by = $4 WHERE member = $1 AND id = $2 AND state IN (0, 1)"""
OBJECT = """
    UPDATE measures SET objected_at = $3, objection = $4 WHERE id = $2 AND member = $1 AND objected_at IS NULL
    RETURNING n"""
ANSWER = """
    UPDATE measures SET state = $2, ended_at = $3, ended_by = $4, answered_at = $5, answered_by = $6, answer = $7
    WHERE id = $1 AND state = 1 AND objected_at IS NOT NULL AND answered_at IS NULL
    RETURNING n"""

CONCERNED = """
    SELECT id, community FROM members WHERE n = $1"""

ANY_BAN = """
    SELECT n FROM measures WHERE kind = 'ban' AND state = 1 AND until_at > $1 LIMIT 1"""
SUPPRESS = """
    UPDATE deliveries SET state = 9
    WHERE n > $2 AND n <= $3 AND post = $1 AND state = 0 AND EXISTS (
        SELECT 1 FROM measures x
        WHERE x.member = deliveries.member AND x.kind = 'ban' AND x.state = 1 AND x.until_at > $4)"""


class Measures(Queries):
    async def measure(self, measure_id: str) -> OfMember | None:
        rows = await self._rows(BY_ID, measure_id)
        return _of_member(rows[0]) if rows else None

    async def proposals(self, community: int, paging: Paging) -> Page[OfMember]:
        """What staff have yet to decide about, the oldest first."""
        (after,) = place_in(paging, (0,))
        rows = await self._scan(PROPOSED, community, after, asked(paging))
        return page(rows, paging, _of_member, lambda row: (row[-1],))

    async def objections(self, community: int, now: datetime, paging: Paging) -> Page[Objection]:
        """Against measures that hold, which nobody else has looked at yet; the oldest measure first."""
        (after,) = place_in(paging, (0,))
        rows = await self._scan(OBJECTIONS, community, after, asked(paging), us(now))
        return page(rows, paging, _objection, lambda row: (row[-1],))


def add_strike(change: AddStrike) -> Steps[None]:
    yield locks.member(change.member)
    strike = change.strike
    rows = yield ADD_STRIKE, (change.member, strike.case, strike.points, us(strike.at), change.seen)
    if not rows:
        raise Stale


def impose(change: Impose) -> Steps[Concerned]:
    new = change.measure
    yield locks.member(new.member)
    rows = yield (
        IMPOSE,
        (new.id, new.member, new.kind.value, int(new.state), us(new.at), us(new.until), new.by, new.reason, new.case),
    )
    if not rows:
        raise Stale
    return (yield from concerned(new.member))


def move(change: MoveMeasure) -> Steps[Concerned]:
    new = change.measure
    yield locks.member(new.member)
    rows = yield (
        MOVE,
        (
            new.id, int(change.was), int(new.state), us(new.at), us(new.until), new.by, new.reason,
            us_or_none(new.ended_at), new.ended_by,
        ),
    )  # fmt: skip
    if not rows:
        raise Stale
    return (yield from concerned(new.member))


def take_back(change: TakeBack) -> Steps[Concerned]:
    yield locks.member(change.member)
    yield TAKE_BACK_STRIKE, (change.member, change.case, us(change.at))
    for measure in change.measures:
        yield TAKE_BACK, (change.member, measure, us(change.at), change.by)
    return (yield from concerned(change.member))


def object_to(change: ObjectTo) -> Steps[Concerned]:
    yield locks.member(change.member)
    rows = yield OBJECT, (change.member, change.measure, us(change.at), change.message)
    if not rows:
        raise Stale
    return (yield from concerned(change.member))


def answer(change: AnswerObjection) -> Steps[Concerned]:
    new = change.measure
    yield locks.member(new.member)
    ended = us_or_none(new.ended_at), new.ended_by
    rows = yield ANSWER, (new.id, int(new.state), *ended, us_or_none(new.answered_at), new.answered_by, new.answer)
    if not rows:
        raise Stale
    return (yield from concerned(new.member))


def concerned(member: int) -> Steps[Concerned]:
    """For who hears of it."""
    ((id_, community),) = yield CONCERNED, (member,)
    return Concerned(id_, community)


def suppress(post: int, start: int, to: int, now: int) -> Steps[None]:
    """What is planned of a post for who is banned; costs one look while nobody is."""
    if (yield ANY_BAN, (now,)):
        yield SUPPRESS, (post, start, to, now)


def strike_made(row: Row) -> Strike:
    case, points, at, taken_back_at = row
    return Strike(case, points, when(at), when_or_none(taken_back_at))


def made(row: Row) -> Measure:
    """From COLUMNS."""
    id_, member, kind, at, until, by, reason, case, state, ended_at, ended_by, objected_at, *answered = row
    answered_at, answered_by, answer_ = answered
    return Measure(
        id=id_,
        member=member,
        kind=MeasureKind(kind),
        at=when(at),
        until=when(until),
        by=by,
        reason=reason,
        case=case,
        state=MeasureState(state),
        ended_at=when_or_none(ended_at),
        ended_by=ended_by,
        objected_at=when_or_none(objected_at),
        answered_at=when_or_none(answered_at),
        answered_by=answered_by,
        answer=answer_,
    )


def _of_member(row: Row) -> OfMember:
    return OfMember(made(row[:15]), *row[15:17])


def _objection(row: Row) -> Objection:
    return Objection(_of_member(row), *row[17:19])
