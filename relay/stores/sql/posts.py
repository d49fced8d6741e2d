"""Posts in SQL; one whose audience is still being written down is invisible to every query."""

from collections.abc import Sequence
from dataclasses import asdict

from relay.core.change import AcceptPost, CancelPost, DropPlan, PlanPost, Press
from relay.core.errors import Conflict, Stale
from relay.core.post import Button, Post, PostState
from relay.core.run import DropPlans
from relay.ports import Page, Paging
from relay.stores.sql import runs
from relay.stores.sql.cells import HIGHEST, asked, packed, page, place_in, unpacked, us, us_or_none, when, when_or_none
from relay.stores.sql.steps import Queries, Row, Steps

COLUMNS = """
    p.n, p.id, p.community, p.author, p.text, p.created_at, p.title, p.buttons, p.urgent, p.expires_at, p.state, p.audience,
    p.accepted_at, p.first_delivery, p.last_delivery, p.released_to"""
BY_ID = f"""SELECT {COLUMNS} FROM posts p WHERE p.id = $1 AND p.state <> 0"""  # noqa: S608  columns, no values
SENDING = f"""SELECT {COLUMNS} FROM posts p WHERE p.state = 1 ORDER BY p.n"""  # noqa: S608
LISTED = f"""
    SELECT {COLUMNS} FROM posts p WHERE p.community = $1 AND p.state <> 0 AND p.n < $2
    ORDER BY p.n DESC LIMIT $3"""  # noqa: S608
PRESSES = """
    SELECT button, count(*) FROM presses WHERE post = $1 GROUP BY button"""

PLAN = """
    INSERT INTO posts
        (id, community, author, text, created_at, title, buttons, urgent, expires_at, state, audience,
         first_delivery, last_delivery, released_to, run)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, 0, 0, 0, 0, $10)
    RETURNING n"""
ACCEPT = """
    UPDATE posts
    SET state = 1, accepted_at = $2, released_to = CASE WHEN audience = 0 THEN 0 ELSE first_delivery - 1 END
    WHERE id = $1 AND state = 0 AND run <> 0
        AND EXISTS (SELECT 1 FROM communities c WHERE c.n = posts.community AND c.closed_at IS NULL)
    RETURNING n"""
CANCEL = """
    UPDATE posts SET state = 3, cancelled_at = $2
    WHERE n = $1 AND (state = 1 OR state = 2 AND EXISTS (SELECT 1 FROM deferrals f WHERE f.post = posts.n))
    RETURNING n"""
PLAN_OF = """
    SELECT n FROM posts WHERE id = $1 AND state = 0 AND run <> 0"""
# A plan of no run is being dropped: nothing is added to it and it can't be accepted any more.
ABANDON = """
    UPDATE posts SET run = 0 WHERE id = $1 AND state = 0
    RETURNING n, first_delivery, last_delivery"""
ABANDON_OF_ENDED = """
    UPDATE posts SET run = 0 WHERE state = 0 AND run <> 0 AND run NOT IN (SELECT r.n FROM runs r)"""
SHORTEN = """
    UPDATE posts SET first_delivery = $2 WHERE n = $1"""
ABANDONED = """
    SELECT n, first_delivery, last_delivery FROM posts WHERE state = 0 AND run = 0 ORDER BY n"""
DROP_ROWS = """
    DELETE FROM deliveries WHERE n >= $2 AND n <= $3 AND post = $1"""
DROP = """
    DELETE FROM posts WHERE n = $1"""
PRESS = """
    INSERT INTO presses (post, member, button, at)
    SELECT CAST($1 AS BIGINT), s.member, $3, CAST($4 AS BIGINT) FROM streams s WHERE s.member = $2
    ON CONFLICT (post, member) DO UPDATE SET button = excluded.button, at = excluded.at
    RETURNING member"""


class Posts(Queries):
    async def post(self, post_id: str) -> Post | None:
        rows = await self._rows(BY_ID, post_id)
        return made(rows[0]) if rows else None

    async def posts(self, community: int, paging: Paging) -> Page[Post]:
        (before,) = place_in(paging, (HIGHEST,))
        rows = await self._scan(LISTED, community, before, asked(paging))
        return page(rows, paging, made, lambda row: (row[0],))

    async def sending(self) -> Sequence[Post]:
        return [made(row) for row in await self._rows(SENDING)]

    async def post_presses(self, post: int) -> dict[str, int]:
        return dict(await self._scan(PRESSES, post))


def plan(change: PlanPost) -> Steps[int]:
    """The post without its audience."""
    new = change.post
    rows = yield (
        PLAN,
        (
            new.id, new.community, new.author, new.text, us(new.created_at), new.title,
            packed([asdict(button) for button in new.buttons]), int(new.urgent), us_or_none(new.expires_at), change.run,
        ),
    )  # fmt: skip
    return int(rows[0][0])


def accept(change: AcceptPost) -> Steps[None]:
    """One row makes all deliveries of the post real."""
    rows = yield ACCEPT, (change.post.id, us_or_none(change.post.accepted_at))
    if not rows:
        rows = yield PLAN_OF, (change.post.id,)
        raise Conflict("This community is closed.") if rows else Stale()


def cancel(change: CancelPost) -> Steps[None]:
    """One row as well: what is still planned of a cancelled post counts as cancelled."""
    rows = yield CANCEL, (change.post.n, us(change.at))
    if not rows:
        raise Stale


def drop_plan(change: DropPlan) -> Steps[int]:
    rows = yield ABANDON, (change.post,)
    return (yield from _drop_group(rows[0], change.limit)) if rows else 0


def drop_plans(change: DropPlans) -> Steps[int]:
    yield from runs.end_overdue(change.now)
    yield ABANDON_OF_ENDED, ()
    plans = yield ABANDONED, ()
    if not plans:
        return 0
    left = yield from _drop_group(plans[0], change.limit)
    return left + len(plans) - 1


def _drop_group(plan: Row, limit: int) -> Steps[int]:
    """From the front; the post goes with the last group. Returns how much is left."""
    n, first, last = plan
    to = min(first + limit - 1, last)
    yield DROP_ROWS, (n, first, to)
    if to < last:
        yield SHORTEN, (n, to + 1)
        return int(last - to)
    yield DROP, (n,)
    return 0


def press(change: Press) -> Steps[None]:
    """Stale when the member is gone."""
    rows = yield PRESS, (change.post, change.member, change.button, us(change.at))
    if not rows:
        raise Stale


def made(row: Row) -> Post:
    """From COLUMNS."""
    (
        n, id_, community, author, text, created_at, title, buttons, urgent, expires_at, state, audience,
        accepted_at, first_delivery, last_delivery, released_to,
    ) = row  # fmt: skip
    return Post(
        id=id_,
        community=community,
        author=author,
        text=text,
        created_at=when(created_at),
        title=title,
        buttons=buttons_in(buttons),
        urgent=bool(urgent),
        expires_at=when_or_none(expires_at),
        state=PostState(state),
        audience=audience,
        accepted_at=when_or_none(accepted_at),
        first_delivery=first_delivery,
        last_delivery=last_delivery,
        released_to=released_to,
        n=n,
    )


def buttons_in(text: str) -> tuple[Button, ...]:
    """From the column of that name."""
    return () if text == "[]" else tuple(Button(**each) for each in unpacked(text))
