"""What staff get at their desk (threads, cases, each other, keys, the log), and what a member gets of themselves."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field

from relay.core.case import CaseView as Case
from relay.core.community import Community
from relay.core.delivery import Cursors
from relay.core.erasure import Erasure
from relay.core.member import Member
from relay.core.staff import Actor, Key, Role, Staff
from relay.core.stream import Item, ItemKind, Sender, wire
from relay.core.thread import Lease, Message, Status, Thread
from relay.core.verdict import Seen
from relay.ports import AuditEntry, SignedIn
from relay.web.views import ButtonView


@dataclass(frozen=True, slots=True)
class MemberRef:
    """Who a thread belongs to, under the name that staff see."""

    id: str
    pseudonym: str


@dataclass(frozen=True, slots=True)
class LeaseView:
    """Who is answering right now."""

    holder: str
    name: str
    until: datetime


@dataclass(frozen=True, slots=True)
class MessageView:
    """One entry; role: member, staff, bot, relay; status: filed, held, rejected. `text` is null where it is held back."""

    id: str
    role: str
    text: str | None
    status: str
    at: datetime
    in_reply_to: str | None
    internal: bool
    author: str | None


@dataclass(frozen=True, slots=True)
class ThreadView:
    """A private conversation; state: open, waiting, snoozed or closed. `last` is there where the words were asked for."""

    id: str
    member: MemberRef
    state: str
    assignee: str | None
    labels: tuple[str, ...]
    post: str | None
    lease: LeaseView | None
    version: int
    snoozed_until: datetime | None
    created_at: datetime
    active_at: datetime
    last: MessageView | None = None


def may_read_held(actor: Actor) -> bool:
    """Whether the text of a held or rejected message is shown."""
    return actor.may(Role.MODERATOR, "cases:read", reading=True)


def lease_view(lease: Lease | None, now: datetime) -> LeaseView | None:
    return LeaseView(lease.holder, lease.name, lease.until) if lease is not None and lease.until > now else None


def thread_view(thread: Thread, now: datetime, last: MessageView | None = None) -> ThreadView:
    return ThreadView(
        id=thread.id,
        member=MemberRef(thread.member_id, thread.pseudonym),
        state=thread.state_at(now).word,
        assignee=thread.assignee or None,
        labels=thread.labels,
        post=thread.post,
        lease=lease_view(thread.lease, now),
        version=thread.version,
        snoozed_until=thread.snoozed_until,
        created_at=thread.created_at,
        active_at=thread.active_at,
        last=last,
    )


def message_view(message: Message, *, with_held: bool) -> MessageView:
    return MessageView(
        id=message.id,
        role=message.role.word,
        text=message.text if with_held or message.status is Status.FILED else None,
        status=message.status.word,
        at=message.at,
        in_reply_to=message.in_reply_to,
        internal=message.internal,
        author=message.author or None,
    )


# ---------------------------------------------------------------------------------------------------------------- cases


@dataclass(frozen=True, slots=True)
class AppealView:
    """What the member said against a decision."""

    text: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class SignalView:
    """What a plugin saw; `start` and `end` are the place in the text, `weight` what it added to the score.

    `reason` is the plugin's own finding, in English; `told` what members read of it, by language, where it says any.
    """

    name: str
    plugin: str
    weight: float
    reason: str
    told: Mapping[str, str]
    start: int | None
    end: int | None


@dataclass(frozen=True, slots=True)
class FailureView:
    """A plugin that could not look."""

    plugin: str
    why: str


@dataclass(frozen=True, slots=True)
class CaseView:
    """A decision that staff look at; `decision` is what moderation made of it: flag, hold or reject.

    `is_checking` while slow plugins look, whose decision follows unless a person's comes first.
    """

    id: str
    kind: str
    state: str
    member: MemberRef
    thread: str
    message: str
    text: str
    at: datetime
    decision: str
    score: float
    thresholds: Mapping[str, float]
    signals: tuple[SignalView, ...]
    failures: tuple[FailureView, ...]
    opened_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    reason: str | None
    appeal: AppealView | None
    version: int
    is_checking: bool


@dataclass(frozen=True, slots=True)
class Decided:
    """The case's state now, and the measure that was imposed with it."""

    id: str
    state: str
    measure: str | None


def signal_view(seen: Seen) -> SignalView:
    signal = seen.signal
    return SignalView(signal.name, seen.plugin, seen.weight, signal.reason, seen.told, signal.start, signal.end)


def case_view(view: Case) -> CaseView:
    return CaseView(
        id=view.case.id,
        kind=view.case.kind,
        state=view.case.state.word,
        member=MemberRef(view.member_id, view.pseudonym),
        thread=view.thread,
        message=view.message,
        text=view.text,
        at=view.at,
        decision=view.decision,
        score=view.score,
        thresholds=view.thresholds,
        signals=tuple(map(signal_view, view.signals)),
        failures=tuple(FailureView(plugin, why) for plugin, why in view.failures),
        opened_at=view.case.opened_at,
        decided_by=view.case.decided_by or None,
        decided_at=view.decided_at,
        reason=view.reason or None,
        appeal=None if view.appeal is None else AppealView(view.appeal, view.appeal_at),
        version=view.case.version,
        is_checking=view.is_checking,
    )


# ------------------------------------------------------------------------------------------------- staff, keys, audit


@dataclass(frozen=True, slots=True)
class StaffView:
    """Somebody who works here."""

    id: str
    name: str
    role: str
    created_at: datetime
    removed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Credential:
    """An id and its token, which is shown this once."""

    id: str
    token: str | None


@dataclass(frozen=True, slots=True)
class KeyView:
    """A credential of a company system."""

    id: str
    name: str
    scopes: tuple[str, ...]
    created_by: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class AuditView:
    """One row of the audit log: ids, no texts. `digest` stands for it and all before it; empty in rows older than the chain."""

    n: int
    at: datetime
    actor: str
    action: str
    subject: str
    detail: dict[str, str | int | bool | None]
    digest: str


def staff_view(person: Staff) -> StaffView:
    return StaffView(person.id, person.name, person.role, person.created_at, person.removed_at)


def credential(made: tuple[str, str]) -> Credential:
    return Credential(*made)


def key_view(key: Key) -> KeyView:
    return KeyView(key.id, key.name, key.scopes, key.created_by, key.created_at, key.expires_at, key.revoked_at)


def audit_view(entry: AuditEntry) -> AuditView:
    return AuditView(entry.n, entry.at, entry.actor, entry.action, entry.subject, dict(entry.detail), entry.digest)


@dataclass(frozen=True, slots=True)
class ErasureView:
    """`confirmed_at` is null until nothing of the member is left in any file of the relay."""

    member: str
    at: datetime
    confirmed_at: datetime | None


def erasure_view(erasure: Erasure) -> ErasureView:
    return ErasureView(erasure.member, erasure.at, erasure.confirmed_at)


# ------------------------------------------------------------------------------------------------------------ a member


@dataclass(frozen=True, slots=True)
class CommunityRef:
    """The community as its members see it."""

    slug: str
    name: str
    imprint: str
    privacy_url: str


@dataclass(frozen=True, slots=True)
class Me:
    """The member themselves; seqs as in the stream's welcome, `delivered` and `read` as acknowledged."""

    id: str
    pseudonym: str
    name: str
    language: str
    time_zone: str
    standing: str
    joined_at: datetime
    paused_until: datetime | None
    community: CommunityRef
    first_seq: int
    last_seq: int
    delivered: int
    read: int


class From(BaseModel):
    """Who an item is from."""

    role: Sender
    name: str


class ItemFrame(BaseModel):
    """One item of the member's stream, as in the frame of the same name; `case` stands on a notice about one."""

    type: Literal["item"]
    seq: int
    kind: ItemKind
    id: str
    at: datetime
    from_: From = Field(alias="from")
    text: str
    title: str | None
    buttons: list[ButtonView]
    attachments: list[str]
    in_reply_to: str | None
    case: str | None = None


@dataclass(frozen=True, slots=True)
class Stored:
    """The message is on stable storage; the same answer for the same client_id."""

    id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Appealed:
    """Another person will look."""

    case: str
    state: str


def community_ref(community: Community) -> CommunityRef:
    return CommunityRef(community.slug, community.name, community.imprint, community.privacy_url)


def me_view(signed: SignedIn) -> Me:
    member: Member = signed.member
    community: Community = signed.community
    cursors: Cursors = signed.cursors
    return Me(
        id=member.id,
        pseudonym=member.pseudonym,
        name=member.name,
        language=member.language,
        time_zone=member.time_zone,
        standing=member.standing.name.lower(),
        joined_at=member.joined_at,
        paused_until=member.paused_until,
        community=community_ref(community),
        first_seq=cursors.first,
        last_seq=cursors.last,
        delivered=cursors.delivered,
        read=cursors.read,
    )


def item_view(item: Item) -> dict[str, object]:
    """An ItemFrame; plain, since its name `from` is a keyword of the language."""
    return {"type": "item", "seq": item.seq, **wire(item)}
