"""The export of a whole community in SQL: each kind of row page by page in the order of its keys, whoever is erased left out.

No page looks at rows before its own, so that millions are read in one walk; `+ 0` keeps the planner on that walk, off indexes
that would have to sort everything for each page.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from relay.core.case import CaseState
from relay.core.delivery import DeliveryState
from relay.core.export import ExportKind
from relay.core.measure import MeasureState
from relay.core.member import Standing
from relay.core.post import PostState
from relay.core.thread import Role, Status, ThreadState
from relay.ports import Page, Paging
from relay.stores.sql.cells import asked, page, place_in, place_of, unpacked, when_or_none
from relay.stores.sql.deliveries import STATE
from relay.stores.sql.steps import Queries, Row

Plain = Mapping[str, object]

MEMBERS = """
    SELECT m.n, m.id, m.pseudonym, m.name, m.language, m.time_zone, m.tags, m.attributes, m.standing, m.joined_at,
        m.paused_until
    FROM members m JOIN streams s ON s.member = m.n
    WHERE m.community = $1 AND m.n > $2 ORDER BY m.n LIMIT $3"""
CONSENTS = """
    SELECT c.n, m.id, c.channel, c.source, c.text_version, c.at, c.withdrawn_at, c.language
    FROM consents c JOIN members m ON m.n = c.member JOIN streams s ON s.member = m.n
    WHERE m.community + 0 = $1 AND c.n > $2 ORDER BY c.n LIMIT $3"""
CONSENT_TEXTS = """
    SELECT x.n, x.language, x.version, x.text, x.created_by, x.created_at
    FROM consent_texts x WHERE x.community = $1 AND x.n > $2 ORDER BY x.n LIMIT $3"""
ADDRESSES = """
    SELECT a.n, m.id, a.channel, a.address
    FROM addresses a JOIN members m ON m.n = a.member JOIN streams s ON s.member = m.n
    WHERE a.community + 0 = $1 AND a.n > $2 ORDER BY a.n LIMIT $3"""
POSTS = """
    SELECT p.n, p.id, p.author, p.state, p.title, p.text, p.buttons, p.urgent, p.audience, p.created_at, p.accepted_at,
        p.expires_at, p.cancelled_at
    FROM posts p WHERE p.community = $1 AND p.state <> 0 AND p.n > $2 ORDER BY p.n LIMIT $3"""
THREADS = """
    SELECT t.n, t.id, m.id, p.id, t.state, t.assignee, t.labels, t.created_at, t.active_at
    FROM threads t JOIN members m ON m.n = t.member JOIN streams s ON s.member = m.n LEFT JOIN posts p ON p.n = t.post
    WHERE t.community + 0 = $1 AND t.n > $2 ORDER BY t.n LIMIT $3"""
MESSAGES = """
    SELECT e.n, e.id, t.id, m.id, e.role, e.author, e.text, e.status, e.internal, e.at, e.in_reply_to
    FROM messages e JOIN threads t ON t.n = e.thread JOIN members m ON m.n = t.member JOIN streams s ON s.member = m.n
    WHERE t.community + 0 = $1 AND e.n > $2 ORDER BY e.n LIMIT $3"""
CASES = """
    SELECT k.n, k.id, e.id, m.id, k.kind, k.state, k.action, k.reason, k.opened_at, k.decided_by, k.decided_at, k.appeal,
        k.appeal_at
    FROM cases k JOIN messages e ON e.n = k.message JOIN threads t ON t.n = e.thread JOIN members m ON m.n = t.member
    JOIN streams s ON s.member = m.n
    WHERE k.community = $1 AND k.n > $2 ORDER BY k.n LIMIT $3"""
STRIKES = """
    SELECT x.n, m.id, x.case_id, x.points, x.at, x.taken_back_at
    FROM strikes x JOIN members m ON m.n = x.member JOIN streams s ON s.member = m.n
    WHERE m.community + 0 = $1 AND x.n > $2 ORDER BY x.n LIMIT $3"""
MEASURES = """
    SELECT x.n, x.id, m.id, x.kind, x.state, x.at, x.until_at, x.imposed_by, x.reason, x.case_id, x.ended_at, x.ended_by,
        x.objected_at
    FROM measures x JOIN members m ON m.n = x.member JOIN streams s ON s.member = m.n
    WHERE m.community + 0 = $1 AND x.n > $2 ORDER BY x.n LIMIT $3"""

# Of one post after the other: (post, place in the post) is the key.
POST_AT = """
    SELECT p.n, p.id FROM posts p WHERE p.community = $1 AND p.state <> 0 AND p.n >= $2 ORDER BY p.n LIMIT 1"""
DELIVERIES = f"""
    SELECT d.n, m.id, {STATE}
    FROM posts p
    JOIN deliveries d ON d.n >= p.first_delivery AND d.n <= p.last_delivery AND d.post = p.n
    LEFT JOIN streams s ON s.member = d.member
    LEFT JOIN members m ON m.n = s.member
    WHERE p.n = $1 AND d.n > $2 ORDER BY d.n LIMIT $3"""  # noqa: S608  an expression, no values
PRESSES = """
    SELECT r.member, m.id, r.button, r.at
    FROM presses r JOIN members m ON m.n = r.member JOIN streams s ON s.member = m.n
    WHERE r.post = $1 AND r.member > $2 ORDER BY r.member NULLS FIRST LIMIT $3"""

_PACKED = {"tags", "attributes", "labels", "buttons"}
_YES_OR_NO = {"urgent", "internal"}


@dataclass(frozen=True, slots=True)
class Kind:
    """A query whose first column is the key, the names of the others, and what numbers stand for."""

    sql: str
    names: str
    words: Mapping[str, Callable[[Any], Any]] = field(default_factory=dict)

    def plain(self, row: Row, **more: object) -> Plain:
        """The row behind its key, with times as datetimes."""
        values = zip(self.names.split(), row[1:], strict=True)
        return {**more, **{name: self._value(name, value) for name, value in values}}

    def _value(self, name: str, value: Any) -> object:  # noqa: ANN401  as the engine gives it
        if name in {"at", "until"} or name.endswith("_at"):
            return when_or_none(value)
        if name in self.words:
            word: str = self.words[name](value).name
            return word.lower()
        if name in _PACKED:
            return unpacked(value)
        return bool(value) if name in _YES_OR_NO else value


WALKS: Mapping[ExportKind, Kind] = MappingProxyType(
    {
        ExportKind.MEMBERS: Kind(
            MEMBERS,
            "id pseudonym name language time_zone tags attributes standing joined_at paused_until",
            {"standing": Standing},
        ),
        ExportKind.CONSENTS: Kind(CONSENTS, "member channel source text_version at withdrawn_at language"),
        ExportKind.CONSENT_TEXTS: Kind(CONSENT_TEXTS, "language version text created_by created_at", {}),
        ExportKind.ADDRESSES: Kind(ADDRESSES, "member channel address"),
        ExportKind.POSTS: Kind(
            POSTS,
            "id author state title text buttons urgent audience created_at accepted_at expires_at cancelled_at",
            {"state": PostState},
        ),
        ExportKind.THREADS: Kind(THREADS, "id member post state assignee labels created_at active_at", {"state": ThreadState}),
        ExportKind.MESSAGES: Kind(
            MESSAGES,
            "id thread member role author text status internal at in_reply_to",
            {"role": Role, "status": Status},
        ),
        ExportKind.CASES: Kind(
            CASES,
            "id message member kind state action reason opened_at decided_by decided_at appeal appeal_at",
            {"state": CaseState},
        ),
        ExportKind.STRIKES: Kind(STRIKES, "member case points at taken_back_at"),
        ExportKind.MEASURES: Kind(
            MEASURES,
            "id member kind state at until by reason case ended_at ended_by objected_at",
            {"state": MeasureState},
        ),
    }
)
OF_POSTS: Mapping[ExportKind, Kind] = MappingProxyType(
    {
        ExportKind.DELIVERIES: Kind(DELIVERIES, "member state", {"state": DeliveryState}),
        ExportKind.PRESSES: Kind(PRESSES, "member button at"),
    }
)


class CommunityExports(Queries):
    async def exported(self, community: int, kind: ExportKind, paging: Paging) -> Page[Plain]:
        """A page may be shorter than asked for, even empty, with more behind it."""
        if kind in OF_POSTS:
            return await self._of_posts(community, OF_POSTS[kind], paging)
        walk = WALKS[kind]
        (after,) = place_in(paging, (0,))
        rows = await self._scan(walk.sql, community, after, asked(paging))
        return page(rows, paging, walk.plain, lambda row: (row[0],))

    async def _of_posts(self, community: int, kind: Kind, paging: Paging) -> Page[Plain]:
        """What is left of the post that the place is in; the next page begins with the post behind it."""
        first, after = place_in(paging, (0, 0))
        posts = await self._scan(POST_AT, community, first)
        if not posts:
            return Page(())
        ((n, id_),) = posts
        rows = await self._scan(kind.sql, n, after if n == first else 0, asked(paging))
        found = page(rows, paging, lambda row: kind.plain(row, post=id_), lambda row: (n, row[0]))
        return found if found.next else Page(found.items, place_of(n + 1, 0))
