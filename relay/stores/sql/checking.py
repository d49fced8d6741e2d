"""Messages that slow plugins have yet to look at, in SQL, and the second decision about them."""

from collections.abc import Sequence
from datetime import datetime

from relay.core.case import CaseState, CaseView
from relay.core.change import Filed
from relay.core.checking import DecideAgain, Unchecked
from relay.core.errors import Stale
from relay.core.notice import reasons_for_staff
from relay.core.thread import effect_of
from relay.core.verdict import Action, Decision, MemberFacts, Submission
from relay.stores.sql import cases, messages, threads
from relay.stores.sql.cells import unpacked, us, when
from relay.stores.sql.steps import Row, Steps

# One's own, and those of runs that have ended.
KEYS = """
    SELECT e.id, k.id, e.channel, c.slug, m.joined_at, s.approved, m.attributes, d.rule_set, d.took_us, d.own,
        CASE
            WHEN e.in_reply_to IS NULL THEN ''
            WHEN EXISTS (SELECT 1 FROM posts p WHERE p.id = e.in_reply_to) THEN 'post'
            ELSE 'message'
        END
    FROM messages e
    JOIN cases k ON k.message = e.n
    JOIN decisions d ON d.n = (SELECT min(n) FROM decisions WHERE message = e.n)
    JOIN members m ON m.n = e.member
    JOIN streams s ON s.member = m.n
    JOIN communities c ON c.n = m.community
    WHERE e.checking <> 0
        AND (e.checking = $1 OR NOT EXISTS (SELECT 1 FROM runs r WHERE r.n = e.checking AND r.until_at > $2))
    ORDER BY e.n LIMIT $3"""
DECIDE_AGAIN = """
    UPDATE cases
    SET kind = $3, state = $4, action = $5, reason = $6, decided_at = $7, version = version + 1
    WHERE id = $1 AND version = $2
    RETURNING message"""


class Checking(cases.Cases):
    async def unchecked(self, run: int, now: datetime, limit: int) -> Sequence[Unchecked]:
        """Oldest first: those that `run` began to look at, and those that a run which has ended left behind."""
        found = [(row, await self.case(row[1])) for row in await self._rows(KEYS, run, us(now), limit)]
        return [_unchecked(row, view) for row, view in found if view is not None]


def decide_again(change: DecideAgain) -> Steps[Filed | None]:
    """As a reply is filed: the stream's row first, so that all of one member waits for each other."""
    effect = effect_of(change.decision, change.text)
    seq = yield from messages.lengthen(change.thread.member, int(change.notice is not None), approves=effect.approves)
    decided_at = None if change.state is CaseState.OPEN else us(change.at)
    rows = yield (
        DECIDE_AGAIN,
        (
            change.case, change.version, change.kind.value, int(change.state), change.decision.action.value,
            reasons_for_staff(change.decision), decided_at,
        ),
    )  # fmt: skip
    if not rows:
        raise Stale
    message = rows[0][0]
    yield cases.SET_STATUS, (message, int(effect.status))
    yield from cases.put_decision(message, change.decision, change.at)
    yield from threads.heard(change.thread, change.at, reopens=effect.reopens)
    if change.notice is None:
        return None
    yield from messages.put_item(change.notice, change.thread.n, seq)
    return Filed(change.thread.n, seq, seq)


def _unchecked(row: Row, view: CaseView) -> Unchecked:
    id_, _, channel, slug, joined_at, approved, attributes, rule_set, took_us, own, reply_to = row
    submission = Submission(
        id=id_,
        community=slug,
        member=MemberFacts(view.member_id, when(joined_at), approved, known=bool(unpacked(attributes))),
        channel=channel,
        text=view.text,
        at=view.at,
        reply_to=reply_to or None,
    )
    first = Decision(
        action=Action(view.decision),
        score=view.score,
        signals=view.signals,
        failures=view.failures,
        rule_set=rule_set,
        thresholds=view.thresholds,
        took_us=took_us,
        own=Action(own),
        checking=True,
    )
    return Unchecked(view, submission, first)
