"""Models in SQL, and the lessons that they are learned from. Whoever is erased takes what was learned from them along."""

from collections.abc import Sequence
from datetime import datetime

from relay.core.errors import Stale
from relay.core.model import KEPT, AddModel, Content, Lesson, Lessons, Model, Taught, UseModel, WithdrawModel
from relay.ports import Page, Paging
from relay.stores.sql import locks
from relay.stores.sql.cells import HIGHEST, asked, packed, page, place_in, unpacked, us, when, when_or_none
from relay.stores.sql.steps import Many, Queries, Row, Steps

# A decision about one of its lessons that came after it has been read: an appeal was decided.
COLUMNS = """
    x.n, x.id, x.community, x.number, x.at, x.upto, x.rejected, x.delivered, x.members, x.figures, x.known, x.emptied_at,
    x.used_at, x.used_by, EXISTS (
        SELECT 1 FROM cases k
        WHERE k.community = x.community AND k.taught_at < k.decided_at AND k.decided_at > x.at AND k.taught_at <= x.upto)"""
BY_ID = f"""SELECT {COLUMNS} FROM models x WHERE x.id = $1"""  # noqa: S608  columns
IN_USE = f"""SELECT {COLUMNS} FROM models x WHERE x.community = $1 AND x.used_at IS NOT NULL"""  # noqa: S608
LISTED = f"""
    SELECT {COLUMNS} FROM models x WHERE x.community = $1 AND x.number < $2 ORDER BY x.number DESC LIMIT $3"""  # noqa: S608
CONTENT = """
    SELECT words, content FROM models WHERE id = $1 AND emptied_at IS NULL"""
# What is under appeal teaches nothing until that is decided.
COUNTED = """
    SELECT k.lesson, count(*)
    FROM cases k JOIN messages e ON e.n = k.message JOIN streams s ON s.member = e.member
    WHERE k.community = $1 AND k.lesson <> 0 AND k.state IN (1, 2) GROUP BY k.lesson"""
TAUGHT = """
    SELECT e.member, e.text, k.lesson, k.taught_at
    FROM cases k JOIN messages e ON e.n = k.message JOIN streams s ON s.member = e.member
    WHERE k.community = $1 AND k.lesson = $2 AND k.state IN (1, 2) AND k.taught_at <= $3
    ORDER BY k.n DESC LIMIT $4"""

ADD = """
    INSERT INTO models
        (id, community, number, at, upto, rejected, delivered, members, figures, known, words, content, used_by)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, '')
    ON CONFLICT (community, number) DO NOTHING
    RETURNING n"""
ADD_MEMBER = """
    INSERT INTO model_members (model, member)
    SELECT CAST($1 AS BIGINT), s.member FROM streams s WHERE s.member = $2"""
MEMBERS = """
    SELECT count(*) FROM model_members WHERE model = $1"""
OLD = """
    SELECT n FROM models WHERE community = $1 AND number <= $2 AND used_at IS NULL"""
DROP = (
    f"""DELETE FROM model_members WHERE model IN ({OLD})""",  # noqa: S608  a query of ours
    """DELETE FROM models WHERE community = $1 AND number <= $2 AND used_at IS NULL""",
)
USED = """
    SELECT id, used_at, used_by FROM models WHERE community = $1 AND used_at IS NOT NULL"""
PUT_AWAY = """
    UPDATE models SET used_at = NULL, used_by = '' WHERE community = $1 AND used_at IS NOT NULL"""
USE = """
    UPDATE models SET used_at = $3, used_by = $4 WHERE community = $1 AND id = $2 AND emptied_at IS NULL
    RETURNING n"""
WITHDRAW = """
    UPDATE models SET used_at = NULL, used_by = '' WHERE community = $1 AND id = $2 AND used_at IS NOT NULL
    RETURNING n"""
EMPTY = """
    UPDATE models SET words = '', content = '', emptied_at = $2
    WHERE emptied_at IS NULL AND n IN (SELECT o.model FROM model_members o WHERE o.member = $1)"""
LET_GO = """
    DELETE FROM model_members WHERE member = $1"""


class Models(Queries):
    async def model(self, model_id: str) -> Model | None:
        rows = await self._rows(BY_ID, model_id)
        return _made(rows[0]) if rows else None

    async def model_in_use(self, community: int) -> Model | None:
        rows = await self._rows(IN_USE, community)
        return _made(rows[0]) if rows else None

    async def models(self, community: int, paging: Paging) -> Page[Model]:
        """Newest first."""
        (before,) = place_in(paging, (HIGHEST,))
        rows = await self._scan(LISTED, community, before, asked(paging))
        return page(rows, paging, _made, lambda row: (row[3],))

    async def model_content(self, model_id: str) -> Content | None:
        """None when it was emptied."""
        rows = await self._rows(CONTENT, model_id)
        return Content(unpacked(rows[0][0]), **unpacked(rows[0][1])) if rows else None

    async def lessons(self, community: int) -> Lessons:
        counts = {row[0]: row[1] for row in await self._scan(COUNTED, community)}
        return Lessons(counts.get(Lesson.SPAM, 0), counts.get(Lesson.GOOD, 0))

    async def taught(self, community: int, upto: datetime | None, most: int) -> Sequence[Taught]:
        """The latest of each kind that were given up to a time for the first time."""
        until = HIGHEST if upto is None else us(upto)
        kinds = [await self._scan(TAUGHT, community, int(lesson), until, most) for lesson in (Lesson.SPAM, Lesson.GOOD)]
        return [Taught(member, text, lesson == Lesson.SPAM, when(at)) for rows in kinds for member, text, lesson, at in rows]


def add(change: AddModel) -> Steps[None]:
    """Whom it learned from cannot be erased before the commit; who was before is not there any more."""
    model, content = change.model, change.content
    yield locks.still_there(change.members)
    rest = {"table": content.table, "unit": content.unit, "bias": content.bias, "slope": content.slope}
    rows = yield (
        ADD,
        (
            model.id, model.community, model.number, us(model.at), us(model.upto), model.rejected, model.delivered,
            model.members, packed(dict(model.figures)), model.words, packed(dict(content.words)), packed(rest),
        ),
    )  # fmt: skip
    if not rows:
        raise Stale
    n = rows[0][0]
    yield Many(ADD_MEMBER, [(n, member) for member in change.members])
    ((count,),) = yield MEMBERS, (n,)
    if count != len(change.members):
        raise Stale
    for sql in DROP:
        yield sql, (model.community, model.number - KEPT)


def use(change: UseModel) -> Steps[None]:
    yield locks.models_of(change.community)
    used = yield USED, (change.community,)
    at, by = us(change.at), change.by
    if change.instead_of is not None:
        if not used or used[0][0] != change.instead_of:
            return
        _, at, by = used[0]
    yield PUT_AWAY, (change.community,)
    rows = yield USE, (change.community, change.model, at, by)
    if not rows:
        raise Stale


def withdraw(change: WithdrawModel) -> Steps[None]:
    yield locks.models_of(change.community)
    rows = yield WITHDRAW, (change.community, change.model)
    if not rows:
        raise Stale


def empty(member: int, at: datetime) -> Steps[None]:
    """Whatever was learned from somebody who is erased."""
    yield EMPTY, (member, us(at))
    yield LET_GO, (member,)


def _made(row: Row) -> Model:
    """From COLUMNS."""
    (
        n, id_, community, number, at, upto, rejected, delivered, members, figures, words, emptied_at, used_at, used_by,
        is_outdated,
    ) = row  # fmt: skip
    return Model(
        id=id_,
        community=community,
        number=number,
        at=when(at),
        upto=when(upto),
        rejected=rejected,
        delivered=delivered,
        members=members,
        figures=unpacked(figures),
        words=words,
        emptied_at=when_or_none(emptied_at),
        used_at=when_or_none(used_at),
        used_by=used_by,
        is_outdated=bool(is_outdated),
        n=n,
    )
