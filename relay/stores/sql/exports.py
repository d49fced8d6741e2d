"""An export in SQL: everything the relay holds of one member, and nothing of anybody else.

What other members brought about is theirs: a message that was held or discarded without a word reads as any other, and a case
is there from the moment on that the member was told of it. Its reason is that of a person; that of a rule stands in the notice.
"""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from relay.core.case import CaseState
from relay.core.measure import MeasureState
from relay.core.member import Standing
from relay.core.thread import Role, Status, ThreadState
from relay.stores.sql.cells import unpacked, when, when_or_none
from relay.stores.sql.steps import Read, Row

Plain = dict[str, object]

MEMBER = """
    SELECT m.id, m.pseudonym, m.name, m.language, m.time_zone, m.tags, m.attributes, m.standing, m.joined_at,
        m.paused_until, c.slug, c.name
    FROM members m JOIN streams s ON s.member = m.n JOIN communities c ON c.n = m.community WHERE m.n = $1"""
CONSENTS = """
    SELECT channel, source, text_version, at, withdrawn_at, language FROM consents WHERE member = $1 ORDER BY n"""
ADDRESSES = """
    SELECT channel, address FROM addresses WHERE member = $1 ORDER BY channel, address"""
DEVICES = """
    SELECT t.device, t.created_at, t.revoked_at FROM tokens t JOIN members m ON m.id = t.subject
    WHERE m.n = $1 AND t.kind = 'member' ORDER BY t.created_at"""
MQTT_DEVICES = """
    SELECT d.device, d.created_at, d.revoked_at FROM devices d JOIN members m ON m.id = d.subject
    WHERE m.n = $1 AND d.kind = 'member' ORDER BY d.created_at"""
POSTS = """
    SELECT d.seq, p.id, p.title, p.text, p.accepted_at FROM deliveries d JOIN posts p ON p.n = d.post
    WHERE d.member = $1 AND d.seq IS NOT NULL ORDER BY d.seq NULLS FIRST"""
THREADS = """
    SELECT t.id, p.id, t.state, t.created_at FROM threads t LEFT JOIN posts p ON p.n = t.post
    WHERE t.member = $1 ORDER BY t.n"""
MESSAGES = """
    SELECT t.id, e.id, e.role, e.text, CASE WHEN e.status = 2 THEN 2 ELSE 0 END, e.at, e.in_reply_to
    FROM threads t JOIN messages e ON e.thread = t.n
    WHERE t.member = $1 AND e.internal = 0 ORDER BY e.n"""
# A hold is silent, and may lie with others: what a person decided is told alike, held or not.
CASES = """
    SELECT k.id, e.id, CASE WHEN k.kind = 'rejected' THEN k.kind ELSE 'flagged' END, k.state,
        coalesce((SELECT reason FROM decisions
            WHERE n = (SELECT max(n) FROM decisions WHERE message = e.n AND reason <> '')), ''),
        k.opened_at, k.decided_at, k.appeal, k.appeal_at
    FROM threads t JOIN messages e ON e.thread = t.n JOIN cases k ON k.message = e.n
    WHERE t.member = $1 AND EXISTS (
        SELECT 1 FROM messages told WHERE told.thread = t.n AND told.case_id = k.id AND told.internal = 0)
    ORDER BY k.n"""
STRIKES = """
    SELECT case_id, points, at, taken_back_at FROM strikes WHERE member = $1 ORDER BY n"""
# A proposal is nothing that happened to them.
MEASURES = """
    SELECT id, kind, state, reason, case_id, at, until_at, ended_at, objected_at, answered_at, answer
    FROM measures
    WHERE member = $1 AND state NOT IN (0, 4) ORDER BY n"""
# Told while it holds, too: what is kept from somebody's eyes is not kept from their export.
SHADOW = """
    SELECT x.id, x.at, x.until_at, x.ended_at, x.reason, e.id, e.at, e.text, CASE WHEN e.status = 3 THEN 0 ELSE 1 END
    FROM measures x LEFT JOIN messages e ON e.member = x.member AND e.measure = x.id AND e.measure <> ''
    WHERE x.member = $1 AND x.kind = 'shadow' ORDER BY x.n, e.n NULLS FIRST"""
PRESSES = """
    SELECT p.id, r.button, r.at FROM presses r JOIN posts p ON p.n = r.post WHERE r.member = $1 ORDER BY r.at"""


async def export(scan: Read, member: int) -> Mapping[str, object]:
    """Plain values by name, empty when the member is gone; notes that staff keep among themselves are not part of it."""
    rows = await scan(MEMBER, member)
    if not rows:
        return {}
    return {
        "member": _member(rows[0]),
        "consents": await _listed(
            scan, CONSENTS, member, ("channel", "source", "text_version", "at", "withdrawn_at", "language")
        ),
        "addresses": await _listed(scan, ADDRESSES, member, ("channel", "address")),
        "devices": await _listed(scan, DEVICES, member, ("device", "created_at", "revoked_at")),
        "mqtt_devices": await _listed(scan, MQTT_DEVICES, member, ("device", "created_at", "revoked_at")),
        "posts": await _listed(scan, POSTS, member, ("seq", "id", "title", "text", "at")),
        "threads": await _listed(scan, THREADS, member, ("id", "post", "state", "created_at"), state=ThreadState),
        "messages": await _listed(
            scan, MESSAGES, member, ("thread", "id", "role", "text", "status", "at", "in_reply_to"), role=Role, status=Status
        ),
        "cases": await _listed(
            scan,
            CASES,
            member,
            ("id", "message", "kind", "state", "reason", "opened_at", "decided_at", "appeal", "appeal_at"),
            state=CaseState,
        ),
        "strikes": await _listed(scan, STRIKES, member, ("case", "points", "at", "taken_back_at")),
        "measures": await _listed(
            scan,
            MEASURES,
            member,
            ("id", "kind", "state", "reason", "case", "at", "until_at", "ended_at", "objected_at", "answered_at", "answer"),
            state=MeasureState,
        ),
        "kept_from_the_team": _kept(await scan(SHADOW, member)),
        "presses": await _listed(scan, PRESSES, member, ("post", "button", "at")),
    }


def _kept(rows: Sequence[Row]) -> list[Plain]:
    """Each time of shadow mode: from when until when, why, and which messages staff did not get by themselves."""
    times: dict[str, Plain] = {}
    for measure, at, until_at, ended_at, reason, message, sent_at, text, is_shown in rows:
        messages: list[Plain] = []
        about = {"from_at": when(at), "until_at": when(until_at), "ended_at": when_or_none(ended_at), "reason": reason}
        known = times.setdefault(measure, {"measure": measure, **about, "messages": messages})
        if message is not None:
            entry = {"id": message, "at": when(sent_at), "text": text, "was_shown_later": bool(is_shown)}
            cast("list[Plain]", known["messages"]).append(entry)
    return list(times.values())


async def _listed(scan: Read, sql: str, member: int, names: tuple[str, ...], **words: Any) -> list[Plain]:  # noqa: ANN401
    return [_plain(names, row, words) for row in await scan(sql, member)]


def _plain(names: tuple[str, ...], row: Row, words: Mapping[str, Any]) -> Plain:
    plain: Plain = {}
    for name, value in zip(names, row, strict=True):
        if name == "at" or name.endswith("_at"):
            plain[name] = when_or_none(value)
        elif name in words:
            plain[name] = words[name](value).word
        else:
            plain[name] = value
    return plain


def _member(row: Row) -> Plain:
    id_, pseudonym, name, language, time_zone, tags, attributes, standing, joined_at, paused_until, slug, community = row
    return {
        "id": id_,
        "pseudonym": pseudonym,
        "name": name,
        "language": language,
        "time_zone": time_zone,
        "tags": unpacked(tags),
        "attributes": unpacked(attributes),
        "standing": Standing(standing).name.lower(),
        "joined_at": when_or_none(joined_at),
        "paused_until": when_or_none(paused_until),
        "community": {"slug": slug, "name": community},
    }
