"""Cases in SQL, and the decisions behind them: rows that are written once and never changed."""

from dataclasses import asdict
from datetime import datetime

from relay.core.case import Case, CaseKind, CaseState, CaseView
from relay.core.change import Appeal, Filed, Rule
from relay.core.errors import Stale
from relay.core.notice import reasons_for_staff
from relay.core.thread import Status, effect_of_ruling
from relay.core.verdict import Action, Decision, Seen, Signal
from relay.ports import Page, Paging
from relay.stores.sql import locks, messages, threads
from relay.stores.sql.cells import asked, packed, page, place_in, unpacked, us, when, when_or_none
from relay.stores.sql.steps import Queries, Row, Steps

SELECT = """
    SELECT k.n, k.id, k.kind, k.opened_at, k.state, k.decided_by, k.version, k.community, t.id, t.n, t.state, t.version,
        m.n, m.id, m.pseudonym, e.id, e.text, e.at, k.action, k.reason, k.decided_at, k.appeal, k.appeal_at,
        d.score, d.signals, d.failures, d.thresholds, e.checking
    FROM cases k
    JOIN messages e ON e.n = k.message
    JOIN decisions d ON d.n = (SELECT max(n) FROM decisions WHERE message = e.n AND automated = 1)
    JOIN threads t ON t.n = e.thread
    JOIN members m ON m.n = t.member
    JOIN streams s ON s.member = m.n"""
BY_ID = f"""{SELECT} WHERE k.id = $1"""
OWN_BY_ID = f"""{SELECT} WHERE k.id = $2 AND m.n = $1"""
OWN = f"""{SELECT} WHERE m.n = $1 ORDER BY k.n"""
LISTED = f"""{SELECT} WHERE k.community = $1 AND k.n > $2 ORDER BY k.n LIMIT $3"""
LISTED_IN_STATE = f"""{SELECT} WHERE k.community = $1 AND k.state = $4 AND k.n > $2 ORDER BY k.n LIMIT $3"""

ADD = """
    INSERT INTO cases (id, community, message, kind, state, opened_at, decided_by, version, action, reason)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"""
DECIDE = """
    INSERT INTO decisions
        (message, at, action, score, signals, failures, rule_set, thresholds, took_us, automated, own, decided_by, reason)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)"""
RULE = """
    UPDATE cases
    SET state = $3, decided_by = $4, reason = CASE WHEN $5 = '' THEN reason ELSE $5 END, decided_at = $6, version = version + 1,
        lesson = $7, taught_at = coalesce(taught_at, $6)
    WHERE id = $1 AND version = $2
    RETURNING message"""
RULED_ON = """
    SELECT e.status, d.own, e.text
    FROM messages e JOIN decisions d ON d.n = (SELECT max(n) FROM decisions WHERE message = e.n AND automated = 1)
    WHERE e.n = $1"""
SET_STATUS = """
    UPDATE messages SET status = $2, checking = 0 WHERE n = $1"""
APPEAL = """
    UPDATE cases SET state = 3, appeal = $3, appeal_at = $4, version = version + 1 WHERE id = $1 AND version = $2
    RETURNING n"""


class Cases(Queries):
    async def case(self, case_id: str) -> CaseView | None:
        rows = await self._rows(BY_ID, case_id)
        return made(rows[0]) if rows else None

    async def cases(self, community: int, state: CaseState | None, paging: Paging) -> Page[CaseView]:
        """Oldest first: what waits longest is looked at first."""
        (after,) = place_in(paging, (0,))
        if state is None:
            rows = await self._scan(LISTED, community, after, asked(paging))
        else:
            rows = await self._scan(LISTED_IN_STATE, community, after, asked(paging), int(state))
        return page(rows, paging, made, lambda row: (row[0],))


def put(case: Case, decision: Decision, community: int, message: int) -> Steps[None]:
    """The row alone, with the reasons that the decision states."""
    yield (
        ADD,
        (
            case.id, community, message, case.kind.value, int(case.state), us(case.opened_at), case.decided_by,
            case.version, decision.action.value, reasons_for_staff(decision),
        ),
    )  # fmt: skip


def put_decision(message: int, decision: Decision, at: datetime) -> Steps[None]:
    """What the relay made of the message, with all that is needed to make it again."""
    yield (
        DECIDE,
        (
            message, us(at), decision.action.value, decision.score,
            packed([asdict(seen) for seen in decision.signals]), packed(decision.failures), decision.rule_set,
            packed(dict(decision.thresholds)), decision.took_us, int(decision.automated), decision.by_itself.value, "", "",
        ),
    )  # fmt: skip


def rule(change: Rule) -> Steps[Filed | None]:
    """The case's version alone decides whether it is stale; the thread may have moved on. `seq` is the notice's own."""
    yield locks.member(change.thread.member)
    said = int(change.state), change.by, change.reason, us(change.at), int(change.lesson)
    rows = yield RULE, (change.case, change.version, *said)
    if not rows:
        raise Stale
    message = rows[0][0]
    ((before, own, text),) = yield RULED_ON, (message,)
    effect = effect_of_ruling(Status(before), Action(own), change.status, text)
    yield SET_STATUS, (message, int(effect.status))
    action = (Action.ALLOW if effect.status is Status.FILED else Action.REJECT).value
    yield DECIDE, (message, us(change.at), action, 0.0, "[]", "[]", "", "{}", 0, 0, action, change.by, change.reason)
    yield from threads.heard(change.thread, change.at, reopens=effect.reopens)
    seq = yield from messages.lengthen(change.thread.member, int(change.notice is not None), approves=effect.approves)
    if change.notice is None:
        return None
    yield from messages.put_item(change.notice, change.thread.n, seq)
    return Filed(change.thread.n, seq, seq)


def appeal(change: Appeal) -> Steps[None]:
    yield locks.member_of_case(change.case)
    rows = yield APPEAL, (change.case, change.version, change.text, us(change.at))
    if not rows:
        raise Stale


def made(row: Row) -> CaseView:
    """From the columns of SELECT."""
    (
        _, id_, kind, opened_at, state, decided_by, version, community, thread, thread_n, thread_state, thread_version,
        member, member_id, pseudonym, message, text, at, action, reason, decided_at, appealed, appeal_at,
        score, signals, failures, thresholds, checking,
    ) = row  # fmt: skip
    return CaseView(
        case=Case(id_, CaseKind(kind), when(opened_at), CaseState(state), decided_by, version),
        community=community,
        thread=thread,
        thread_n=thread_n,
        thread_state=thread_state,
        thread_version=thread_version,
        member=member,
        member_id=member_id,
        pseudonym=pseudonym,
        message=message,
        text=text,
        at=when(at),
        decision=action,
        reason=reason,
        decided_at=when_or_none(decided_at),
        appeal=appealed,
        appeal_at=when_or_none(appeal_at),
        score=score,
        signals=tuple(Seen(**{**seen, "signal": Signal(**seen["signal"])}) for seen in unpacked(signals)),
        failures=tuple((plugin, why) for plugin, why in unpacked(failures)),
        thresholds=unpacked(thresholds),
        is_checking=bool(checking),
    )
